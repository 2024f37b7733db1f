"""The first message to a person in a pool says who texts, how to get help and how to opt out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, POOL
from support.builders.decisions import (
    ACTIVE,
    CODE,
    WAITING,
    incoming,
    sent_bodies,
    snapshot_of,
    system,
    to_both,
)

ONE = CreateConversation("r", (BOB,), silent=True)
TWO = CreateConversation("r", (ALICE, BOB), silent=True)
CODE_TO_BOB = system(BOB, Template.CODE, code=CODE, span=timedelta(minutes=15))


@pytest.mark.parametrize(
    ("command", "introduced", "sent"),
    [
        (ONE, (), [CODE_TO_BOB]),
        (ONE, (BOB,), []),
        (TWO, (), to_both(Template.OPENED)),
        (TWO, (ALICE,), [system(BOB, Template.OPENED)]),
        (TWO, (ALICE, BOB), []),
        (replace(TWO, silent=False), (ALICE, BOB), to_both(Template.OPENED)),
    ],
)
def test_silent_only_suppresses_repeats(
    command: CreateConversation,
    introduced: tuple[Person, ...],
    sent: list[tuple[Person, str]],
) -> None:
    change = command.decide(snapshot_of(introductions=dict.fromkeys(introduced, True)))
    assert sent_bodies(change) == sent
    assert change.introduced == tuple(to for to, _ in sent)


def test_only_a_silent_request_asks_who_was_introduced() -> None:
    assert TWO.read_set(POOL).introductions_of == (ALICE, BOB)
    assert replace(TWO, silent=False).read_set(POOL).introductions_of == ()


@pytest.mark.parametrize(
    ("command", "snapshot", "introduced"),
    [
        (incoming("start"), snapshot_of(), (BOB,)),
        (incoming(f"join {CODE}"), snapshot_of(invitation=WAITING), (BOB,)),
        (incoming("start", ALICE), snapshot_of(WAITING), (ALICE,)),
        (JoinConversation("r", CODE, BOB), snapshot_of(WAITING, invitation=WAITING), (BOB,)),
        (incoming("hello"), snapshot_of(), ()),
        (incoming("hello"), snapshot_of(ACTIVE), ()),
    ],
)
def test_texts_that_introduce_are_remembered(
    command: Command, snapshot: Snapshot, introduced: tuple[Person, ...]
) -> None:
    assert isinstance(command, ReceiveMessage | JoinConversation)
    assert command.decide(snapshot).introduced == introduced
