"""Texts on their way are read as they were written, and so are those of an older release."""

import json

from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.messages import Attachment, HeldMessage, OutboundMessage
from conversation_service.store.records.payloads import (
    decode_held,
    decode_payload,
    encode_held,
    encode_payload,
)
from support.conversations import ALICE, ALICE_NUMBER, MASKED
from support.decisions import PICTURE

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FILE = st.builds(Attachment, TEXT, TEXT, st.integers(0, 10**9)) | st.just(PICTURE)
FILES = st.lists(FILE, max_size=3).map(tuple)


@given(TEXT, st.booleans(), st.booleans(), FILES)
def test_a_text_is_read_as_it_was_written(
    body: str, may_reach_opted_out: bool, is_relayed: bool, files: tuple[Attachment, ...]
) -> None:
    text = OutboundMessage("m", "c", MASKED, ALICE, body, may_reach_opted_out, is_relayed, files)
    assert decode_payload(encode_payload(text), "m", {ALICE_NUMBER: ALICE}.__getitem__) == text


def test_a_text_on_its_way_shows_no_number_and_no_words() -> None:
    shown = repr(OutboundMessage("m", "c", MASKED, ALICE, "hi"))
    assert ALICE_NUMBER not in shown
    assert "'hi'" not in shown


@given(TEXT, FILES)
def test_a_held_text_is_read_as_it_was_written(body: str, files: tuple[Attachment, ...]) -> None:
    text = HeldMessage(ALICE.participant_id, body, files)
    assert decode_held(encode_held(text)) == text


def test_a_held_text_of_form_1_has_no_files() -> None:
    stored = json.dumps([1, ALICE.participant_id, "hi"]).encode()
    assert decode_held(stored) == HeldMessage(ALICE.participant_id, "hi")
