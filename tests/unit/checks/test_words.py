"""The check of retired words reads definitions in any spelling."""

import pytest

from checks.words import retired_in, violations_in


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tell_sender", ["tell"]),
        ("PoolVaults", ["vaults"]),
        ("_LANE_WISHES", ["lane", "wishes"]),
        ("HTTPDoor", ["door"]),
        ("SingleFlight", []),
        ("in_flight_flights", ["flights"]),
        ("planes", []),
        ("sealed", []),
    ],
)
def test_whole_words_of_an_identifier_count(name: str, words: list[str]) -> None:
    assert retired_in(name) == words


@pytest.mark.parametrize(
    "source",
    [
        "def tell(): ...",
        "async def f(*, news): ...",
        "class Desk: ...",
        "self.owed = 1",
        "import x as door",
        "[one for one in two]",
        "lambda one: 1",
        "for one, two in three: ...",
        "with x as verdict: ...",
        "match x:\n    case [fresh, *spoken]: ...",
    ],
)
def test_every_kind_of_definition_is_read(source: str) -> None:
    assert list(violations_in(source))


def test_uses_of_what_others_define_are_free() -> None:
    assert list(violations_in("x = other.tell(news=one).vault")) == []
