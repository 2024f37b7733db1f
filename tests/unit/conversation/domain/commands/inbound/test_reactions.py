"""Reactions to system messages are not relayed; those to the partner's messages are."""

from datetime import timedelta

import pytest

from conversation_service.domain.templates.catalog import Template, TemplateCatalog
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for
from support.builders.conversations import ALICE, BOB, SETTINGS, system_message
from support.builders.decisions import ACTIVE, event_details, incoming, sent_bodies, snapshot_of

JOINED = system_message(Template.SOMEBODY_JOINED)
CODE = system_message(Template.CODE, code="K7M2Q9", span=timedelta(minutes=15))
TO_SYSTEM = [
    *(f"Liked “{JOINED}”", f"Removed a heart from “{CODE}”", f'Loved "{JOINED}"'),
    *(f"👍 to “{JOINED}”", f"\u200a\u200b👍\u200b to “\u200a{CODE}\u200a”\u200a"),
    *(f"Le gustó «{JOINED}»", f"Emphasized “{JOINED[:40]}…”", f"Liked “{CODE[:30]}…”"),
    f"Questioned “{JOINED.replace(chr(39), chr(0x2019))}”",
]
RELAYED = [
    *("Liked “see you at 8”", "👍 to “hello”", "Liked “The other person is nice”"),
    *(f"{JOINED}", f"Liked “{JOINED}” too", f"I got “{JOINED}”, and you?", "Liked “The…”"),
]


@pytest.mark.parametrize("body", TO_SYSTEM)
def test_a_reaction_to_a_system_message_is_not_relayed_and_gets_no_reply(body: str) -> None:
    change = incoming(body).decide(snapshot_of(ACTIVE))
    assert sent_bodies(change) == []
    assert event_details(change) == [("MESSAGE_NOT_RELAYED", "REACTION")]


@pytest.mark.parametrize("body", RELAYED)
def test_any_other_reaction_or_quotation_is_relayed(body: str) -> None:
    assert sent_bodies(incoming(body, BOB).decide(snapshot_of(ACTIVE))) == [(ALICE, body)]


def test_no_other_message_is_compared_with_system_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(TemplateCatalog, "is_system_message")
    assert sent_bodies(incoming("hello", BOB).decide(snapshot_of(ACTIVE))) == [(ALICE, "hello")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", Template)
def test_every_system_message_is_recognised(language: str, template: Template) -> None:
    catalog = catalog_for(language, SETTINGS.operator, {}, {})
    span, receipt = timedelta(minutes=15), "A" * 22
    body = catalog.render(template, code="K7M2Q9", span=span, receipt=receipt)
    assert catalog.is_system_message(body)
    assert not catalog.is_system_message(f"{body} and more")
