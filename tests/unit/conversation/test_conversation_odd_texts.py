"""Whatever can be texted is passed on as it is; the rest is refused, never mangled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.messages import MAX_LENGTH, is_sendable
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, says
from support.decisions import ACTIVE, PAUSED, PICTURE, facts, happened, text, told
from support.odd_texts import ODD

UNSUITABLE = ["\0", "a\0b", "\x1b[2J", "\x07", "\x0b", "\x1f", "x" * (MAX_LENGTH + 1)]


@pytest.mark.parametrize("body", ODD)
def test_an_odd_text_is_relayed_and_held_as_it_is(body: str) -> None:
    assert told(text(body).decide(facts(ACTIVE))) == [(ALICE, body)]
    [held] = text(body).decide(facts(PAUSED)).held
    assert held.body == body


@pytest.mark.parametrize("body", UNSUITABLE)
def test_what_cannot_be_texted_is_not_relayed_and_its_sender_told(body: str) -> None:
    for known in (ACTIVE, PAUSED):
        change = text(body, attachments=(PICTURE,)).decide(facts(known))
        assert told(change) == [(BOB, says(Template.UNSUITABLE))]
        assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "UNSUITABLE")
        assert (change.after, change.held) == (None, ())


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200))
def test_no_text_without_control_characters_is_refused(body: str) -> None:
    assert is_sendable(body)
