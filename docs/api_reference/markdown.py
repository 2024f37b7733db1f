"""Comments and types of protos as Markdown."""

import re
from collections.abc import Iterable, Iterator

from api_reference.contract import Package

REASON_ENUM = "ErrorReason"
_REASON_PREFIX = "ERROR_REASON_"
_PACKAGE = re.compile(r"^[a-z.]+\.v\d+\.")
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
# What is in backticks stays. Names are recognised by their form, in quotes or not, then looked up.
_PARTS = re.compile(
    r"`[^`]*`|\"[A-Za-z][\w.\[\]]*\"|[A-Za-z][A-Za-z0-9]*(?:[._][A-Za-z0-9]+)*|[\\*<>|]"
)
_IDENTIFIER = re.compile(r"\w*[A-Za-z0-9]_\w+|[a-z]{2,}\w*(?:\.\w{2,})+")
_TYPE_NAME = re.compile(r"[A-Z][a-z0-9]+[A-Z]\w*(?:\.\w+)?")
_ENTITIES = {"<": "&lt;", ">": "&gt;"}


class Links:
    """Where each service, method, type and error reason of the written packages is described."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self._places: dict[str, str] = {}
        self._packages: list[str] = []
        for package in packages:
            self._packages.append(package.name)
            for name, anchor in _anchors(package):
                self._places[f"{package.name}.{name}"] = f"{page_name(package.name)}#{anchor}"

    def to(self, full_name: str, package: str, shown: str = "") -> str:
        """A name as code, with a link if it is described; `package` is that of the page."""
        place = self._places.get(full_name, "").removeprefix(page_name(package))
        text = f"`{shown or _short(full_name)}`"
        return f"[{text}]({place})" if place else text

    def find(self, name: str, package: str) -> str:
        """The full name of what a comment of this package names; empty if nothing has it."""
        owners = (package, *self._packages)
        candidates = (f"{owner}.{reason_name(name)}" for owner in owners)
        return next((candidate for candidate in candidates if candidate in self._places), "")


class Writer:
    """Writes what belongs on the page of one package."""

    def __init__(self, package: str, links: Links) -> None:
        self._package = package
        self._links = links

    def text(self, comment: str) -> str:
        """Paragraphs and lists."""
        blocks = list(_blocks(comment))
        separators = ["\n" if _ITEM.match(block) else "\n\n" for block in blocks[1:]]
        parts = zip(["", *separators], map(self.inline, blocks), strict=True)
        return "".join(separator + block for separator, block in parts)

    def cell(self, comment: str, *, is_deprecated: bool = False) -> str:
        """The same within one cell of a table."""
        blocks = [_ITEM.sub("• ", block) for block in _blocks(comment)]
        marked = ["**Deprecated.**"] if is_deprecated else []
        return " ".join([*marked, "<br>".join(map(self.inline, blocks))]).strip()

    def inline(self, text: str) -> str:
        """Names as code, with links to what is described; the rest as plain text."""
        return _PARTS.sub(lambda match: self._part(match[0]), text)

    def kind(self, full_name: str) -> str:
        """A type, with a link if it is described."""
        return self._links.to(full_name, self._package)

    def _part(self, part: str) -> str:
        if part.startswith("`"):
            return part.replace("|", "\\|")
        if part.startswith('"'):
            return f"`{part[1:-1]}`"
        if not part[0].isalpha():
            return _ENTITIES.get(part, f"\\{part}")
        if _IDENTIFIER.fullmatch(part) or _TYPE_NAME.fullmatch(part):
            if found := self._links.find(part, self._package):
                return self._links.to(found, self._package, part)
            return f"`{part}`" if _IDENTIFIER.fullmatch(part) else part
        return part


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; empty without rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    titles = list(head)
    return "\n".join(
        [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *body] if body else []
    )


def page_name(package: str) -> str:
    """`maskline.conversation.v1` is on `conversation.md`."""
    return f"{package.split('.')[1]}.md"


def reason_name(value: str) -> str:
    """An error reason as ErrorInfo has it."""
    return value.removeprefix(_REASON_PREFIX)


def _anchors(package: Package) -> Iterator[tuple[str, str]]:
    """Names within a package. Anchors of headings are those that code hosts make.

    A later name replaces an earlier one: what is called like a type is the type.
    """
    for service in package.services:
        yield service.name, service.name.lower()
        for method in service.methods:
            anchor = f"{service.name}{method.name}".lower()
            yield from ((f"{service.name}.{method.name}", anchor), (method.name, anchor))
    inline = package.messages_of_one_method()
    for kind in (*package.messages, *package.enums):
        if f"{package.name}.{kind.name}" not in inline:
            yield kind.name, kind.name.lower().replace(".", "")
    for enum in package.enums:
        if enum.name == REASON_ENUM:
            for value in enum.values[1:]:
                yield reason_name(value.name), reason_name(value.name).lower()


def _short(full_name: str) -> str:
    """Types of our packages without their package; `google.rpc.Status` stays as it is."""
    return _PACKAGE.sub("", full_name)


def _blocks(comment: str) -> Iterator[str]:
    """Paragraphs and items of lists, each on one line."""
    lines: list[str] = []
    for line in [*comment.splitlines(), ""]:
        if lines and (not line.strip() or _ITEM.match(line)):
            yield " ".join(lines)
            lines = []
        if line.strip():
            lines.append(line.strip())
