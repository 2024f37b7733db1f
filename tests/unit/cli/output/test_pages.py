import pytest
from google.protobuf.wrappers_pb2 import Int32Value

from maskline_cli.output.pages import MAX_PAGE_SIZE, MAX_PAGES, Page, listing

Number = Int32Value


class Numbers:
    """A list of so many numbers, `result` of which are on each page at the most."""

    def __init__(self, total: int, result: int = MAX_PAGE_SIZE) -> None:
        self._total = total
        self._result = result
        self.sizes: list[int] = []

    def call(self, size: int, token: str) -> Page[Number]:
        self.sizes.append(size)
        start = int(token or 0)
        end = min(start + min(size, self._result), self._total)
        items = [Number(value=value) for value in range(start, end)]
        return Page(items, str(end) if end < self._total else "")


@pytest.mark.parametrize(
    ("total", "page_size", "limit", "sizes"),
    [(1200, MAX_PAGE_SIZE, 1200, [MAX_PAGE_SIZE] * 3), (30, 10, 25, [25, *[MAX_PAGE_SIZE] * 2])],
    ids=["no page larger than the contract allows", "large pages after a small one"],
)
def test_pages_have_sizes(total: int, page_size: int, limit: int, sizes: list[int]) -> None:
    numbers = Numbers(total, page_size)
    assert len(listing(limit, numbers.call).items) == limit
    assert numbers.sizes == sizes


def test_a_list_that_never_ends_is_given_up() -> None:
    def call(size: int, token: str) -> Page[Number]:
        pages.append(token)
        return Page([], "more")

    pages: list[str] = []
    assert not listing(10, call).is_complete
    assert len(pages) == MAX_PAGES
