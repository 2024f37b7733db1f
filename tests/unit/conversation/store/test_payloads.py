"""Stored messages are read as they were written."""

from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.messages import Attachment, HeldMessage, OutboundMessage
from conversation_service.store.records.payloads import (
    decode_held,
    decode_payload,
    encode_held,
    encode_payload,
)
from support.builders.conversations import ALICE, ALICE_NUMBER, MASKED
from support.builders.decisions import PICTURE

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FILE = st.builds(Attachment, TEXT, TEXT, st.integers(0, 10**9)) | st.just(PICTURE)
FILES = st.lists(FILE, max_size=3).map(tuple)


@given(TEXT, st.booleans(), st.booleans(), FILES)
def test_an_outbox_payload_is_read_as_it_was_written(
    body: str, may_reach_opted_out: bool, is_relayed: bool, files: tuple[Attachment, ...]
) -> None:
    text = OutboundMessage("m", "c", MASKED, ALICE, body, may_reach_opted_out, is_relayed, files)
    assert decode_payload(encode_payload(text), "m", {ALICE_NUMBER: ALICE}.__getitem__) == text


def test_the_repr_of_a_payload_contains_no_number_and_no_body() -> None:
    shown = repr(OutboundMessage("m", "c", MASKED, ALICE, "hi"))
    assert ALICE_NUMBER not in shown
    assert "'hi'" not in shown


@given(TEXT, FILES)
def test_a_held_message_is_read_as_it_was_written(body: str, files: tuple[Attachment, ...]) -> None:
    text = HeldMessage(ALICE.participant_id, body, files)
    assert decode_held(encode_held(text)) == text
