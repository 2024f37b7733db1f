"""Reads pages of docs/ as a code host shows them."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def anchors_of(page: str) -> list[str]:
    """As code hosts make them of headings, and the page's own."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    made = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return [*made, *re.findall(r'<a id="([^"]+)"', page)]


def code_spans(page: str) -> set[str]:
    """The text between backquotes, in one line each."""
    return {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", page)}
