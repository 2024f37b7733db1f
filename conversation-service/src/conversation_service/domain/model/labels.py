"""Labels: what a client notes about a conversation."""

import re
from collections.abc import Mapping

MAX_LABELS = 16

MAX_VALUE_LENGTH = 200

# Usable in the path of an update mask, also in its JSON form.
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def labels_violation(labels: Mapping[str, str]) -> str:
    """What is wrong with labels; empty if nothing is."""
    if len(labels) > MAX_LABELS:
        return f"must be at most {MAX_LABELS}"
    if not all(map(LABEL_KEY.fullmatch, labels)):
        return "must have keys of 1 to 40 of a-z, 0-9, - and _ that begin with a letter"
    if not all(map(_is_value, labels.values())):
        return f"must have values of at most {MAX_VALUE_LENGTH} printable characters"
    return ""


def flattened(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Keys and values in a fixed order, for an idempotency key."""
    return tuple(part for label in sorted(labels.items()) for part in label)


def _is_value(value: str) -> bool:
    return len(value) <= MAX_VALUE_LENGTH and value.isprintable()
