"""UpdateConversation, and the unique name and the labels in the events of a conversation."""

from datetime import UTC, timedelta

from google.protobuf.field_mask_pb2 import FieldMask

from conversation_service.domain.templates.catalog import Template
from conversation_service.store.keyspace.keys import Keys
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.event_pb2 import Event
from support.builders.conversation_calls import ask, kind, participants, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    SETTINGS,
    system_message,
)
from support.builders.erasing import erase
from support.eventually import eventually
from support.observation.watching import OLDEST, watching
from support.services.conversation_service import RunningService

DAVE_NUMBER = "+14255550144"
LABELS = {"ride": "42", "desk": "north"}


async def labelled(service: RunningService) -> pb.Conversation:
    await service.introduce(ALICE_NUMBER, BOB_NUMBER)
    request = pb.CreateConversationRequest(
        participants=participants(ALICE_NUMBER, BOB_NUMBER),
        unique_name="order-7",
        labels=LABELS,
        silent=True,
    )
    return (await ask(service.stub.CreateConversation, request)).conversation


async def update(
    service: RunningService, conversation: pb.Conversation, *paths: str
) -> pb.Conversation:
    request = pb.UpdateConversationRequest(
        conversation=conversation, update_mask=FieldMask(paths=paths)
    )
    return (await ask(service.stub.UpdateConversation, request)).conversation


def shown(event: Event) -> tuple[str, dict[str, str]]:
    return event.unique_name, dict(event.labels)


async def test_labels_are_shown_wherever_the_conversation_is(service: RunningService) -> None:
    created = await labelled(service)
    listed = await ask(service.stub.ListConversations, pb.ListConversationsRequest())
    read = await service.get(created.conversation_id)
    ended = await service.end(created.conversation_id)
    for conversation in (created, read, *listed.conversations, ended):
        assert dict(conversation.labels) == LABELS


async def test_events_of_a_list_and_a_watch_have_the_present_name_and_labels(
    service: RunningService,
) -> None:
    created = await labelled(service)
    changed = pb.Conversation(conversation_id=created.conversation_id, unique_name="order-8")
    changed.labels["ride"] = "43"
    await update(service, changed, "unique_name", "labels.ride", "labels.desk")
    await service.end(created.conversation_id)
    await service.quiet()
    events = await service.timeline(created.conversation_id)
    assert "CONVERSATION_UPDATED" in map(kind, events)
    assert [shown(event) for event in events] == [("order-8", {"ride": "43"})] * len(events)
    async with watching(service, cursor=OLDEST) as watch:
        watched = [(await watch.event()).event for _ in range(len(events) + 1)]
    assert shown(watched[0]) == ("", {})
    assert watched[1:] == events


async def test_events_have_no_name_and_no_labels_once_the_conversation_is_gone(
    service: RunningService,
) -> None:
    created = await labelled(service)
    await service.end(created.conversation_id)
    service.clock.move(seconds=SETTINGS.retention.conversations.total_seconds())

    async def is_purged() -> bool:
        listed = await ask(service.stub.ListConversations, pb.ListConversationsRequest())
        return not listed.conversations

    await eventually(is_purged)
    erased = await labelled(service)
    await erase(service)
    async with watching(service, cursor=OLDEST) as watch:
        events = [(await watch.event()).event]
        while kind(events[-1]) != "CONVERSATION_ERASED":
            events.append((await watch.event()).event)
    about = {event.conversation_id for event in events}
    assert {created.conversation_id, erased.conversation_id} <= about
    assert [shown(event) for event in events] == [("", {})] * len(events)


async def test_a_damaged_conversation_keeps_nobody_from_the_events(
    service: RunningService,
) -> None:
    damaged, other = await labelled(service), await service.open(CAROL_NUMBER, DAVE_NUMBER)
    key = Keys(damaged.pool_id).conversation(damaged.conversation_id)
    await service.redis.set(key, b"etag\n" + bytes(64))
    async with watching(service, cursor=OLDEST) as watch:
        events = [(await watch.event()).event for _ in range(3)]
    about = [event.conversation_id for event in events]
    assert about == ["", damaged.conversation_id, other.conversation_id]
    assert [shown(event) for event in events] == [("", {})] * 3


async def test_a_moved_end_is_kept_to(service: RunningService) -> None:
    created = await labelled(service)
    latest = created.max_end_time.ToDatetime(tzinfo=UTC)
    assert latest == service.clock.now() + SETTINGS.lifecycle.max_lifetime
    created.max_end_time.FromDatetime(latest + timedelta(days=1))
    with refused("INVALID_ARGUMENT"):
        await update(service, created, "max_end_time")
    created.max_end_time.FromDatetime(service.clock.now() + timedelta(hours=1))
    shortened = await update(service, created, "max_end_time")
    assert shortened.max_end_time == shortened.expire_time == created.max_end_time
    service.clock.move(hours=1)
    notice = system_message(Template.LIFETIME_EXPIRED)
    assert await service.heard(ALICE_NUMBER, 1) == [notice]
    ended = await service.get(created.conversation_id)
    assert ended.end_reason == pb.END_REASON_LIFETIME_EXPIRED
    assert not ended.HasField("max_end_time")


async def test_a_prolonged_conversation_outlasts_the_maximum_lifetime_it_began_with(
    service: RunningService,
) -> None:
    created = await labelled(service)
    service.clock.move(days=1)
    prolonged = await update(
        service, pb.Conversation(conversation_id=created.conversation_id), "max_end_time"
    )
    expected = created.max_end_time.ToDatetime() + timedelta(days=1)
    assert prolonged.max_end_time.ToDatetime() == expected


async def test_a_change_of_what_was_read_needs_its_etag(service: RunningService) -> None:
    created = await labelled(service)
    created.labels["ride"] = "43"
    changed = await update(service, created, "labels")
    assert dict(changed.labels) == {"ride": "43", "desk": "north"}
    with refused("ETAG_MISMATCH"):
        await update(service, created, "labels")
    assert await service.get(created.conversation_id) == changed
