"""The search finds each mark in each encoding: otherwise finding none means nothing."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from support.observation.leak_markers import (
    ALICE,
    IN_A_PICTURE,
    NUMBERS,
    WORDS,
    leaks,
    marked_picture,
    number_forms,
)

AROUND = b"\x00some key\xffand more"


def encoded(encode: Callable[[bytes], bytes], start: int) -> Callable[[str], bytes]:
    """With this alignment."""
    return lambda mark: encode(b"012"[:start] + mark.encode() + b"tail")


WAYS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "UTF-16": lambda mark: mark.encode("utf-16-le"),
    "hex": lambda mark: mark.encode().hex().encode(),
    "HEX": lambda mark: mark.encode().hex().upper().encode(),
    "JSON": lambda mark: json.dumps({"a": mark}).encode(),
    "JSON in JSON": lambda mark: json.dumps(json.dumps(mark)).encode(),
    "address": lambda mark: quote(mark).encode(),
    "part of an address": lambda mark: quote(mark, safe="").encode(),
    "form": lambda mark: quote_plus(mark).encode(),
    "repr": lambda mark: repr(mark).encode(),
    **{f"base64 from {start}": encoded(base64.b64encode, start) for start in range(3)},
    **{f"base64url from {start}": encoded(base64.urlsafe_b64encode, start) for start in range(3)},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mark", WORDS)
def test_every_word_is_found_however_it_is_spelled(mark: str, way: str) -> None:
    assert leaks({"here": AROUND + WAYS[way](mark) + AROUND})["here"] >= {mark}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_found_with_its_country_code_and_without(number: str, way: str) -> None:
    for form in (number, number[1:], *number_forms(number)):
        assert leaks({"here": AROUND + WAYS[way](form) + AROUND})["here"], form


def test_what_holds_no_mark_is_not_told_of() -> None:
    places = {"here": AROUND, "there": b"+1 \xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2 0137"}
    assert leaks(places) == {}


def test_a_mark_is_told_with_its_place() -> None:
    assert leaks({"here": AROUND, "there": ALICE.encode()}) == {"there": {ALICE[2:]}}


def test_a_picture_tells_where_it_was_taken_until_it_is_made_anew() -> None:
    assert leaks({"picture": marked_picture()}) == {"picture": {IN_A_PICTURE}}
