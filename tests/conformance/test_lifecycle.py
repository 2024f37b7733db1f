"""What changes do is seen by those who look: conversations, pools, people, the deployment."""

from uuid import uuid4

from google.protobuf.field_mask_pb2 import FieldMask

from conformance.kit.numbers import (
    DRAINING_NUMBER,
    FULL_POOL_NUMBERS,
    MASKED_NUMBERS,
    NOBODYS_NUMBER,
    RESERVED_NUMBER,
    SPARE_NUMBER,
)
from conformance.kit.own_pool import FULL_POOL, POOL, OwnPool, participants, settings
from conformance.refusals import operations, requests
from maskline.admin.v1 import maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2, message_pb2
from maskline.conversation.v1 import number_selection_pb2 as selection_pb


def test_a_conversation_waits_is_joined_pauses_ends_and_is_reopened(own: OwnPool) -> None:
    service = own.client.conversations
    started = own.waiting()
    name = started.conversation.conversation_id
    assert own.get(name).state == pb.CONVERSATION_STATE_WAITING
    assert len(own.get(name).participants) == 1
    join = pb.JoinConversationRequest(
        join_code=started.join_code.lower(), phone_number=own.person()
    )
    joined = own.ask(service.JoinConversation, join).conversation
    assert joined.state == pb.CONVERSATION_STATE_ACTIVE
    assert len({person.participant_id for person in joined.participants}) == 2
    own.invoke(requests.pause(name))
    assert own.get(name).state == pb.CONVERSATION_STATE_PAUSED
    assert own.get(name).HasField("pause_time")
    own.invoke(requests.resume(name))
    assert not own.get(name).HasField("pause_time")
    end = pb.EndConversationRequest(conversation_id=name, note="as agreed")
    ended = own.ask(service.EndConversation, end).conversation
    assert ended == own.get(name)
    assert ended.state == pb.CONVERSATION_STATE_ENDED
    assert ended.end_reason == pb.END_REASON_CLIENT
    assert ended.end_note == "as agreed"
    own.invoke(requests.reopen(name))
    assert own.get(name).state == pb.CONVERSATION_STATE_ACTIVE


def test_a_conversation_gets_another_name_labels_and_end_and_its_events_have_them(
    own: OwnPool,
) -> None:
    conversation = own.active().conversation
    conversation.unique_name = f"order {uuid4()}"
    conversation.labels["ride"] = "42"
    conversation.max_end_time.FromSeconds(conversation.max_end_time.seconds - 60)
    paths = ["unique_name", "labels.ride", "max_end_time"]
    request = pb.UpdateConversationRequest(
        conversation=conversation, update_mask=FieldMask(paths=paths)
    )
    changed = own.ask(own.client.conversations.UpdateConversation, request).conversation
    assert changed == own.get(conversation.conversation_id)
    assert changed.etag != conversation.etag
    assert changed.unique_name == conversation.unique_name
    assert changed.max_end_time == conversation.max_end_time
    own.end(changed.conversation_id)
    listing = event_pb2.ListEventsRequest(conversation_id=changed.conversation_id)
    events = own.ask(own.client.events.ListEvents, listing).events
    assert event_pb2.EVENT_TYPE_CONVERSATION_UPDATED in [event.type for event in events]
    assert {event.unique_name for event in events} == {changed.unique_name}
    assert all(dict(event.labels) == {"ride": "42"} for event in events)


def test_words_held_while_paused_go_out_in_order(own: OwnPool) -> None:
    talk, ids = own.paused(), list[str]()
    for body in ("first", "second"):
        send = message_pb2.SendMessageRequest(
            conversation_id=talk.conversation_id, participant_id=talk.participant_id, body=body
        )
        [message] = own.ask(own.client.conversations.SendMessage, send).messages
        assert message.state == message_pb2.MESSAGE_STATE_HELD
        ids.append(message.message_id)
    listing = message_pb2.ListMessagesRequest(conversation_id=talk.conversation_id)
    waiting = own.ask(own.client.conversations.ListMessages, listing).messages
    # New people are told first who texts.
    held = [message for message in waiting if message.author_participant_id]
    assert [message.message_id for message in held] == ids
    own.invoke(requests.resume(talk.conversation_id))
    sent = own.ask(own.client.conversations.ListMessages, listing).messages
    relayed = [message for message in sent if message.author_participant_id]
    assert [message.message_id for message in relayed] == ids
    assert {message.author_participant_id for message in relayed} == {talk.participant_id}
    assert message_pb2.MESSAGE_STATE_HELD not in {message.state for message in relayed}


def test_a_message_is_got_by_its_id_whatever_became_of_it(own: OwnPool) -> None:
    talk = own.active()
    conversation_id, service = talk.conversation_id, own.client.conversations
    system = message_pb2.SendMessageRequest(
        conversation_id=conversation_id,
        system=message_pb2.System(),
        body="for you",
        recipient_participant_ids=[talk.participant_id],
    )
    [sent] = own.ask(service.SendMessage, system).messages
    assert sent.recipient_participant_id == talk.participant_id
    assert sent.state == message_pb2.MESSAGE_STATE_ACCEPTED
    own.text(talk.people[0], talk.conversation.masked_number, " ")
    listing = message_pb2.ListMessagesRequest(conversation_id=conversation_id)
    listed = own.ask(service.ListMessages, listing).messages
    refused = [one for one in listed if one.state == message_pb2.MESSAGE_STATE_NOT_RELAYED]
    assert [one.relay_refusal for one in refused] == [message_pb2.RELAY_REFUSAL_EMPTY]
    assert refused[0].author_participant_id == talk.participant_id
    assert sent.message_id in [message.message_id for message in listed]
    for message in listed:
        get = message_pb2.GetMessageRequest(message_id=message.message_id)
        found = own.ask(service.GetMessage, get).message
        # Its state may have changed meanwhile.
        assert found.WhichOneof("author") == message.WhichOneof("author")
        assert (found.message_id, found.create_time) == (message.message_id, message.create_time)
    after = message_pb2.ListMessagesRequest(
        conversation_id=conversation_id, page_token=listed[0].message_id
    )
    rest = [message.message_id for message in own.ask(service.ListMessages, after).messages]
    assert rest == [message.message_id for message in listed][1:]


def test_a_client_sends_a_file_without_words(own: OwnPool) -> None:
    request = message_pb2.SendMessageRequest(
        conversation_id=own.active().conversation_id,
        system=message_pb2.System(),
        media=[message_pb2.Attachment(url="https://media.example.net/1")],
    )
    for message in own.ask(own.client.conversations.SendMessage, request).messages:
        assert (message.attachment_count, message.segment_count) == (1, 1)


def test_a_person_is_the_same_participant_in_all_conversations_and_shows_no_number(
    own: OwnPool,
) -> None:
    person = own.person()
    shown = [own.active(person, number).conversation.participants[0] for number in MASKED_NUMBERS]
    assert shown[0] == shown[1]
    assert shown[0].participant_id not in person


def test_a_reserved_number_is_given_only_when_it_is_asked_for(own: OwnPool) -> None:
    person = own.person()
    given = {own.active(person).conversation.masked_number for _ in MASKED_NUMBERS}
    assert given == set(MASKED_NUMBERS)
    request = pb.CreateConversationRequest(
        participants=participants(person),
        selection=selection_pb.NumberSelection(allow_reserved=True),
    )
    started = own.ask(own.client.conversations.CreateConversation, request)
    assert started.conversation.masked_number in {RESERVED_NUMBER, SPARE_NUMBER}


def test_a_pair_gets_the_number_again_that_it_used_last(own: OwnPool) -> None:
    talk = own.ended(masked_number=MASKED_NUMBERS[1])
    request = pb.CreateConversationRequest(participants=participants(*talk.people), silent=True)
    opened = own.ask(own.client.conversations.CreateConversation, request).conversation
    assert opened.masked_number == MASKED_NUMBERS[1]


def test_only_the_named_settings_of_a_pool_change(own: OwnPool) -> None:
    before = own.ask(own.client.pools.GetPool, pool_pb2.GetPoolRequest()).pool
    changed = settings()
    changed.operator_name, changed.language = "Another name", "es"
    changed.templates["ended"] = "It is over. {stop}"
    request = pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(settings=changed, etag=before.etag),
        update_mask=FieldMask(paths=["settings.operator_name", "settings.templates.ended"]),
    )
    after = own.ask(own.client.pools.UpdatePool, request).pool
    own.invoke(operations.update("settings"))
    assert after.settings.operator_name == "Another name"
    assert dict(after.settings.templates) == {"ended": "It is over. {stop}"}
    assert after.settings.language == before.settings.language
    assert after.etag != before.etag


def test_a_number_is_added_drained_activated_and_removed(own: OwnPool) -> None:
    own.invoke(operations.adding(own))
    for change, state in (
        (operations.drain, pool_pb2.MASKED_NUMBER_STATE_DRAINING),
        (operations.activate, pool_pb2.MASKED_NUMBER_STATE_ACTIVE),
    ):
        own.invoke(change(SPARE_NUMBER))
        request = pool_pb2.GetMaskedNumberRequest(masked_number=SPARE_NUMBER)
        number = own.ask(own.client.pools.GetMaskedNumber, request).masked_number
        assert number == pool_pb2.MaskedNumber(
            phone_number=SPARE_NUMBER, state=state, reserved=True
        )
    own.invoke(operations.remove(SPARE_NUMBER))
    listing = pool_pb2.ListMaskedNumbersRequest()
    numbers = own.ask(own.client.pools.ListMaskedNumbers, listing).masked_numbers
    assert SPARE_NUMBER not in {number.phone_number for number in numbers}


def test_the_capacity_counts_the_numbers_and_who_holds_them(own: OwnPool) -> None:
    person = own.person()
    for number in MASKED_NUMBERS:
        own.active(person, number)
    request = pool_pb2.GetPoolCapacityRequest()
    capacity = own.ask(own.client.pools.GetPoolCapacity, request).pool_capacity
    assert capacity.available_number_count == len(MASKED_NUMBERS)
    assert capacity.busiest_person_conversation_count >= len(MASKED_NUMBERS)
    assert capacity.needed_number_count == capacity.busiest_person_conversation_count + 1
    assert capacity.live_conversation_count >= len(MASKED_NUMBERS)


def test_numbers_that_the_carrier_account_does_not_own_are_named(own: OwnPool) -> None:
    response = own.ask(
        own.client.pools.CompareMaskedNumbers, pool_pb2.CompareMaskedNumbersRequest()
    )
    expected = {*MASKED_NUMBERS, DRAINING_NUMBER, RESERVED_NUMBER}
    assert expected <= set(response.masked_numbers_not_at_carrier)
    assert NOBODYS_NUMBER not in response.masked_numbers_not_at_carrier
    full = pool_pb2.CompareMaskedNumbersRequest(pool_id=FULL_POOL)
    missing = own.ask(own.client.pools.CompareMaskedNumbers, full).masked_numbers_not_at_carrier
    assert sorted(missing) == sorted(FULL_POOL_NUMBERS)


def test_somebody_opted_out_by_a_client_leaves_all_conversations(own: OwnPool) -> None:
    talk = own.active()
    person = talk.people[0]
    own.opt_out(person)
    ended = own.get(talk.conversation_id)
    assert ended.state == pb.CONVERSATION_STATE_ENDED
    assert ended.end_reason == pb.END_REASON_OPTED_OUT
    look = person_pb2.GetOptOutRequest(phone_number=person)
    state = own.ask(own.client.people.GetOptOut, look).opt_out
    assert state.opted_out
    assert state.source == person_pb2.OPT_OUT_SOURCE_CLIENT
    back = person_pb2.OptInPersonRequest(phone_number=person)
    assert not own.ask(own.client.people.OptInPerson, back).opt_out.opted_out
    own.active(person)


def test_an_erased_persons_conversations_are_gone(own: OwnPool) -> None:
    talk = own.active()
    own.erase(talk.people[0])
    request = pb.GetConversationRequest(conversation_id=talk.conversation_id)
    refusal = own.client.refusal(own.filled(request))
    assert refusal.reason == "CONVERSATION_NOT_FOUND"
    assert refusal.metadata == {"conversation_id": talk.conversation_id}


def test_people_of_a_deleted_block_meet_again(own: OwnPool) -> None:
    talk = own.blocking()
    again = pb.CreateConversationRequest(participants=participants(*talk.people), silent=True)
    assert own.client.refusal(own.filled(again)).reason == "PAIR_BLOCKED"
    [block] = own.blocks_of(talk)
    first, second = talk.conversation.participants
    assert block.blocker_participant_id == first.participant_id
    assert block.blocked_participant_id == second.participant_id
    assert block.conversation_id == talk.conversation_id
    own.ask(own.client.people.DeleteBlock, person_pb2.DeleteBlockRequest(block_id=block.block_id))
    assert own.blocks_of(talk) == []
    reopened = own.ask(
        own.client.conversations.ReopenConversation,
        pb.ReopenConversationRequest(conversation_id=talk.conversation_id),
    )
    assert reopened.conversation.state == pb.CONVERSATION_STATE_ACTIVE
    own.end(talk.conversation_id)


def test_the_deployment_is_looked_at_as_a_whole(own: OwnPool) -> None:
    request = maintenance_pb2.CheckDeploymentRequest()
    checks = own.ask(own.client.deployment.CheckDeployment, request).checks
    names = [check.check_id for check in checks]
    assert {"redis", "pools", "messaging_service"} <= set(names)
    assert len(set(names)) == len(names)
    assert all(check.outcome and check.finding for check in checks)


def test_the_pools_of_the_suite_are_as_it_made_them(own: OwnPool) -> None:
    pool = own.ask(own.client.pools.GetPool, pool_pb2.GetPoolRequest()).pool
    assert pool.pool_id == POOL
    assert pool.source == pool_pb2.POOL_SOURCE_API
    assert pool.settings.lifecycle.idle_timeout == settings().lifecycle.idle_timeout
    full = own.ask(own.client.pools.GetPool, pool_pb2.GetPoolRequest(pool_id=FULL_POOL)).pool
    assert full.masked_number_count == len(FULL_POOL_NUMBERS)
    assert full.settings.relay.pause_policy == pool_pb2.PAUSE_POLICY_REFUSE
