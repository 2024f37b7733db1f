"""Nearly valid bytes: seeds with a few edits."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

MAX_EDITS = 6
# Longer pieces find no more.
MAX_PIECE = 12


@dataclass(frozen=True)
class Edit:
    """Replaces `removed` bytes at a place, which is a fraction of the length."""

    place: float
    removed: int
    written: bytes

    def of(self, data: bytes) -> bytes:
        """The edited bytes."""
        start = int(self.place * len(data))
        return data[:start] + self.written + data[start + self.removed :]


_PLACES = st.floats(0, 1)
_LENGTHS = st.integers(0, MAX_PIECE)


def edited(seeds: Sequence[bytes], tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A seed, or several pieces, with a few edits."""
    pieces = st.binary(max_size=MAX_PIECE) | st.sampled_from(tokens)
    edits = st.lists(st.builds(Edit, _PLACES, _LENGTHS, pieces), max_size=MAX_EDITS)
    begun = st.sampled_from(seeds) | st.lists(pieces, max_size=MAX_PIECE).map(b"".join)
    return st.builds(_all_done, begun, edits)


def damaged(whole: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """With one edit or two."""
    edit = st.builds(Edit, _PLACES, _LENGTHS, st.binary(max_size=MAX_PIECE))
    return st.builds(_all_done, whole, st.lists(edit, min_size=1, max_size=2))


def _all_done(data: bytes, edits: Sequence[Edit]) -> bytes:
    for edit in edits:
        data = edit.of(data)
    return data
