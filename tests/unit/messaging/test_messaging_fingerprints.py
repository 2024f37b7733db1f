"""Fingerprints of texts."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from messaging_service.domain import Text
from messaging_service.fingerprints import Fingerprints

TEXTS = st.builds(Text, *[st.text(alphabet="ab", max_size=3)] * 5)
TEXT = Text("m1", "main", "+12065550100", "+14255550111", "hello")


@given(TEXTS, TEXTS)
def test_two_texts_have_one_fingerprint_only_if_they_are_the_same(one: Text, other: Text) -> None:
    fingerprints = Fingerprints("key")
    assert (fingerprints.of(one) == fingerprints.of(other)) == (one == other)


def test_a_field_that_ends_where_the_next_begins_is_not_taken_for_it() -> None:
    fingerprints = Fingerprints("key")
    assert fingerprints.of(replace(TEXT, message_id="m", pool="1main")) != fingerprints.of(TEXT)


def test_without_the_key_a_fingerprint_tells_nothing() -> None:
    assert Fingerprints("key").of(TEXT) != Fingerprints("other key").of(TEXT)
    assert Fingerprints("key").of(TEXT) == Fingerprints("key").of(TEXT)


def test_a_key_may_be_longer_than_the_hash_takes() -> None:
    long = "k" * 1000
    assert Fingerprints(long).of(TEXT) != Fingerprints(f"{long}k").of(TEXT)
