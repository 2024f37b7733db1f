"""Lists, page after page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

Item = TypeVar("Item", bound=Message)

# The contract's largest page.
LARGEST_PAGE = 500

# A filtered list may hold nothing on a page and still lead to a next one: this many of the largest
# pages look through half a million conversations, and then it is told that there may be more.
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """What one call answered."""

    items: Sequence[Item]
    next_token: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """The first items of a list, and whether that is surely all of it."""

    items: Sequence[Item]
    is_complete: bool


def listing(limit: int, ask: Callable[[int, str], Page[Item]]) -> Listing[Item]:
    """The first `limit` items; `ask` is called with a page's size and token."""
    items: list[Item] = []
    token = ""
    size = min(limit, LARGEST_PAGE)
    for _ in range(MOST_PAGES):
        page = ask(size, token)
        items += page.items
        token = page.next_token
        if not token or len(items) >= limit:
            break
        # What was not found on a small page is looked for on large ones.
        size = LARGEST_PAGE
    return Listing(items[:limit], is_complete=not token and len(items) <= limit)
