"""Fetches lists page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

Item = TypeVar("Item", bound=Message)

# The contract's largest page.
MAX_PAGE_SIZE = 500

# Pages of a filtered list may be empty and still have a next one. So many pages of the largest
# size scan half a million conversations; then the list counts as incomplete.
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """The result of one call."""

    items: Sequence[Item]
    next_token: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """The first items of a list, and whether there are surely no more."""

    items: Sequence[Item]
    is_complete: bool


def listing(limit: int, fetch: Callable[[int, str], Page[Item]]) -> Listing[Item]:
    """The first `limit` items; `fetch` gets a page's size and token."""
    items: list[Item] = []
    token = ""
    size = min(limit, MAX_PAGE_SIZE)
    for _ in range(MAX_PAGES):
        page = fetch(size, token)
        items += page.items
        token = page.next_token
        if not token or len(items) >= limit:
            break
        # A small page was not enough.
        size = MAX_PAGE_SIZE
    return Listing(items[:limit], is_complete=not token and len(items) <= limit)
