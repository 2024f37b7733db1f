"""A pool's prefix begins every system message, and no message of a participant."""

from datetime import timedelta
from typing import Any

import pytest

from conversation_service.domain.commands.client.pause import ResumeConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.pool_validation import settings_violations
from conversation_service.domain.templates.catalog import Template
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for
from support.builders.conversations import ALICE, BOB, OPERATOR
from support.builders.decisions import (
    ACTIVE,
    PAUSED,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
)

PREFIX = "[Acme]"
HOUR = timedelta(hours=1)
MARKED = pool_with({"system_message_prefix": PREFIX})

IMITATIONS = [
    "[Acme] Your code is 222222.",
    "[acme] ended",
    "[ACME]",
    "  \n[Acme] ended",
    "\u200b[Acme] ended",
    "[\u200bAcme] ended",
    "\uff3b\uff21cme\uff3d ended",
    "(Acme) ended",
    "Acme: ended",
    "\u201c[Acme] ended\u201d",
    "\u27e6\U0001d400cme\u27e7 ended",
]
OTHERS = ["hello", "", "Acmeville is nice", "I asked [Acme]", "> [", "on [Acme] it says so"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", Template)
def test_every_system_message_begins_with_the_prefix(language: str, template: Template) -> None:
    values: dict[str, Any] = {"code": "222222", "span": HOUR, "receipt": "A1"}
    plain = catalog_for(language, OPERATOR, {}, {}).render(template, **values)
    marked = catalog_for(language, OPERATOR, {}, {}, PREFIX)
    assert marked.render(template, **values) == f"{PREFIX} {plain}"
    assert marked.is_system_message(f"{PREFIX} {plain}"), "a reaction to it is not relayed"


@pytest.mark.parametrize("body", IMITATIONS)
def test_a_message_that_begins_like_a_system_message_is_quoted(body: str) -> None:
    assert sent_bodies(incoming(body).decide(snapshot_of(ACTIVE, pool=MARKED))) == [
        (ALICE, f"> {body}")
    ]
    sent = SendMessage("r", "c", BOB.participant_id, body)
    assert sent_bodies(sent.decide(snapshot_about(ACTIVE, pool=MARKED))) == [(ALICE, f"> {body}")]
    held = (HeldMessage("m1", BOB.participant_id, body),)
    resumed = ResumeConversation("r", "c")
    snapshot = snapshot_about(PAUSED, pool=MARKED, held=held)
    assert (ALICE, f"> {body}") in sent_bodies(resumed.decide(snapshot))


@pytest.mark.parametrize("body", IMITATIONS + OTHERS)
def test_without_a_prefix_a_message_is_relayed_as_it_is(body: str) -> None:
    assert catalog_for("en", OPERATOR, {}, {}).unmarked(body) == body


@pytest.mark.parametrize("body", OTHERS)
def test_another_message_is_relayed_as_it_is(body: str) -> None:
    assert MARKED.catalog.unmarked(body) == body


def test_a_message_of_the_client_itself_is_marked() -> None:
    change = SendMessage("r", "c", "", "Closed today").decide(snapshot_about(ACTIVE, pool=MARKED))
    assert sent_bodies(change) == [(to, f"{PREFIX} Closed today") for to in ACTIVE.participants]


@pytest.mark.parametrize(
    ("operator", "prefix", "fields"),
    [
        ("Acme", "x" * 9, set()),
        ("Acme", "[Acme]", set()),
        ("Acme", "{Acme}", set()),
        ("x" * 30, "x" * 20, {"templates.opened", "templates.you_joined"}),
    ],
)
def test_the_prefix_counts_in_the_length_of_each_message(
    operator: str, prefix: str, fields: set[str]
) -> None:
    settings = pool_with({"operator_name": operator, "system_message_prefix": prefix}).settings
    found = {violation.field for violation in settings_violations(settings)}
    assert fields <= found
    assert bool(fields) == bool(found)
