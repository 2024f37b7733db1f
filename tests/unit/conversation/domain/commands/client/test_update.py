"""Clients change the name, the labels and the maximum end of a conversation."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.client.update import UpdateConversation
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation, labels_violation
from support.builders.conversations import POOL
from support.builders.decisions import (
    ACTIVE,
    ENDED,
    NOW,
    PAUSED,
    WAITING,
    after,
    event_details,
    pool_with,
    snapshot_about,
    snapshot_of,
)

LIFETIME = POOL.settings.lifecycle.max_lifetime
LABELLED = replace(ACTIVE, unique_name="order 7", labels={"ride": "42", "desk": "north"})
OTHER = replace(ACTIVE, conversation_id="d")
LEAD = timedelta(hours=1)
WARNS = pool_with({"lifecycle.expiry_warning_lead": LEAD})


def naming(name: str) -> UpdateConversation:
    return UpdateConversation("r", "c", frozenset(["unique_name"]), name)


def labelling(labels: Mapping[str, str], *paths: str) -> UpdateConversation:
    return UpdateConversation("r", "c", frozenset(paths), labels=labels)


def ending(time: datetime | None) -> UpdateConversation:
    return UpdateConversation("r", "c", frozenset(["max_end_time"]), max_end_time=time)


@pytest.mark.parametrize("before", [WAITING, LABELLED, PAUSED])
def test_only_the_named_fields_change_and_nobody_is_notified(before: Conversation) -> None:
    change = naming("order 8").decide(snapshot_about(before))
    assert after(change) == replace(before, unique_name="order 8", etag="change")
    assert (change.before, change.texts) == (before, ())
    assert event_details(change) == [("CONVERSATION_UPDATED", "")]
    assert naming("order 8").read_set(POOL) == ReadSet(conversation_id="c", unique_name="order 8")


def test_a_name_of_another_live_conversation_is_refused_with_its_id() -> None:
    with pytest.raises(errors.UniqueNameAlreadyExists) as refusal:
        naming("order 8").decide(snapshot_about(LABELLED, named=OTHER))
    assert refusal.value.metadata == {"pool_id": "main", "conversation_id": "d"}
    own = naming("order 7").decide(snapshot_about(LABELLED, named=LABELLED))
    assert after(own).unique_name == "order 7"
    assert after(naming("").decide(snapshot_about(LABELLED))).unique_name == ""


@pytest.mark.parametrize(
    ("labels", "paths", "expected"),
    [
        ({"ride": "43"}, ["labels"], {"ride": "43"}),
        ({}, ["labels"], {}),
        ({"ride": "43"}, ["labels", "labels.desk"], {"ride": "43"}),
        ({"ride": "43"}, ["labels.ride"], {"ride": "43", "desk": "north"}),
        ({"car": ""}, ["labels.car"], {"ride": "42", "desk": "north", "car": ""}),
        ({}, ["labels.ride"], {"desk": "north"}),
        ({}, ["labels.car"], {"ride": "42", "desk": "north"}),
        ({}, ["unique_name"], {"ride": "42", "desk": "north"}),
    ],
)
def test_labels_are_replaced_as_a_whole_or_one_by_one(
    labels: dict[str, str], paths: list[str], expected: dict[str, str]
) -> None:
    change = labelling(labels, *paths).decide(snapshot_about(LABELLED))
    assert after(change).labels == expected


def test_labels_can_be_too_many_together() -> None:
    full = replace(ACTIVE, labels={f"label-{index}": "" for index in range(16)})
    with pytest.raises(errors.InvalidArgument) as refusal:
        labelling({"one-more": "x"}, "labels.one-more").decide(snapshot_about(full))
    assert [violation.field for violation in refusal.value.violations] == ["conversation.labels"]
    swapped = labelling({"one-more": "x"}, "labels.one-more", "labels.label-0")
    assert len(after(swapped.decide(snapshot_about(full))).labels) == 16


def test_labels_have_limits() -> None:
    valid = {"a": "", "z" * 40: "x" * 200, "order_id-2": "\u00e9 \U0001f600"}
    assert labels_violation(valid) == ""
    assert labels_violation({f"l{index}": "" for index in range(17)})
    for key in ("", "A", "1", "_a", "a.b", "a b", "\u00e9", "z" * 41, "a\n"):
        assert labels_violation({key: ""}), key
    for value in ("x" * 201, "a\nb", "a\0"):
        assert labels_violation({"a": value}), value


@pytest.mark.parametrize("before", [ACTIVE, PAUSED])
def test_an_end_can_be_moved_within_the_maximum_lifetime_from_now(before: Conversation) -> None:
    later = NOW + LIFETIME / 2
    for time, expected in (
        (later + timedelta(hours=1), later + timedelta(hours=1)),
        (later + LIFETIME, later + LIFETIME),
        (None, later + LIFETIME),
    ):
        changed = after(ending(time).decide(snapshot_about(before, now=later)))
        assert (changed.max_end_time, changed.etag) == (expected, "change")
    for time in (NOW, later, later + LIFETIME + timedelta(milliseconds=1)):
        with pytest.raises(errors.InvalidArgument) as refusal:
            ending(time).decide(snapshot_about(before, now=later))
        fields = [violation.field for violation in refusal.value.violations]
        assert fields == ["conversation.max_end_time"]


def test_an_end_that_comes_first_is_due_and_warned_of() -> None:
    soon, idle_end = NOW + timedelta(hours=2), ACTIVE.idle_end_time
    assert idle_end is not None
    assert after(ending(soon).decide(snapshot_about(ACTIVE))).due_time == soon
    warned = replace(ACTIVE, warned_end_time=idle_end, due_time=idle_end)
    shortened = after(ending(soon).decide(snapshot_about(warned, pool=WARNS)))
    assert shortened.due_time == soon - LEAD
    prolonged = after(ending(None).decide(snapshot_about(warned, pool=WARNS)))
    assert prolonged.due_time == idle_end


def test_what_is_impossible_is_refused() -> None:
    for command in (naming("x"), labelling({}, "labels"), ending(None)):
        with pytest.raises(errors.ConversationNotFound):
            command.decide(snapshot_of())
        with pytest.raises(errors.ConversationEnded):
            command.decide(snapshot_about(ENDED))
        with pytest.raises(errors.EtagMismatch):
            replace(command, etag="old").decide(snapshot_about(ACTIVE))
        assert replace(command, etag=ACTIVE.etag).decide(snapshot_about(ACTIVE)).after
    with pytest.raises(errors.ConversationNotActive):
        ending(None).decide(snapshot_about(WAITING))
