"""Pages are followed as far as was asked for, and no further than makes sense."""

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


def test_no_page_is_larger_than_the_contract_allows() -> None:
    numbers = Numbers(1200)
    assert len(listing(1200, numbers.call).items) == 1200
    assert numbers.sizes == [MAX_PAGE_SIZE] * 3


def test_what_a_small_page_did_not_hold_is_looked_for_on_large_ones() -> None:
    numbers = Numbers(30, result=10)
    assert len(listing(25, numbers.call).items) == 25
    assert numbers.sizes == [25, MAX_PAGE_SIZE, MAX_PAGE_SIZE]


def test_a_list_that_never_ends_is_given_up() -> None:
    def call(size: int, token: str) -> Page[Number]:
        pages.append(token)
        return Page([], "more")

    pages: list[str] = []
    assert not listing(10, call).is_complete
    assert len(pages) == MAX_PAGES
