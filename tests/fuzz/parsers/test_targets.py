"""Every target holds what it promises for all seeds and for much that is like them."""

import pytest
from fuzz.amounts import trying
from fuzz.inputs import edited
from fuzz.parsers.targets import TARGETS
from fuzz.seeds import seeds, tokens
from hypothesis import given
from hypothesis import strategies as st

# A few thousand for all targets together.
EXAMPLES = 1000


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_dealt_with_as_promised(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_made_of_seeds_is_dealt_with_as_promised(name: str) -> None:
    @trying(EXAMPLES)
    @given(edited(seeds(name), tokens()))
    def dealt_with(data: bytes) -> None:
        TARGETS[name](data)

    dealt_with()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_dealt_with_as_promised(name: str) -> None:
    @trying(EXAMPLES // 4)
    @given(st.binary(max_size=300))
    def dealt_with(data: bytes) -> None:
        TARGETS[name](data)

    dealt_with()
