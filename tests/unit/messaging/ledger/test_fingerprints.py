from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.model.message import Attachment, OutboundMessage, UncertainSendPolicy

TEXTS = st.builds(OutboundMessage, *[st.text(alphabet="ab", max_size=3)] * 5)
TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")


@given(TEXTS, TEXTS)
def test_two_messages_have_one_fingerprint_only_if_they_are_the_same(
    first: OutboundMessage, second: OutboundMessage
) -> None:
    fingerprints = Fingerprints("key")
    assert (fingerprints.of(first) == fingerprints.of(second)) == (first == second)


def test_a_field_that_ends_where_the_next_begins_is_not_taken_for_it() -> None:
    fingerprints = Fingerprints("key")
    assert fingerprints.of(replace(TEXT, message_id="m", pool="1main")) != fingerprints.of(TEXT)


def test_files_are_part_of_the_fingerprint_and_policies_are_not() -> None:
    fingerprints = Fingerprints("key")
    files = tuple(Attachment(f"https://store.example/{at}") for at in range(2))
    kinds = [TEXT, replace(TEXT, attachments=files[:1]), replace(TEXT, attachments=files)]
    assert len({fingerprints.of(text) for text in kinds}) == 3
    # A pool's settings may change between two tries.
    preferring = replace(TEXT, uncertain_send_policy=UncertainSendPolicy.PREFER_DUPLICATE)
    assert fingerprints.of(preferring) == fingerprints.of(TEXT)


def test_a_message_is_recognised_by_its_fingerprint_of_a_former_key() -> None:
    # A key may be longer than the hash takes.
    long = "k" * 1000
    [first], [second], [third] = [
        Fingerprints(key).of(TEXT) for key in ("first", "second", f"{long}k")
    ]
    assert len({first, second, third, *Fingerprints(long).of(TEXT)}) == 4
    assert Fingerprints("second", "first").of(TEXT) == (second, first)
