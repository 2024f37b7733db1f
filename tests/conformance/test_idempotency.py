"""A change that is asked for twice with one request_id is made once, and answered alike."""

from collections.abc import Callable

import pytest
from google.protobuf.message import Message

from conformance.kit.documented import methods_with
from conformance.kit.numbers import SPARE_NUMBER
from conformance.kit.own_pool import OwnPool, creation, participants
from conformance.refusals import operations, requests
from maskline.admin.v1 import maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2


def opt_out(own: OwnPool) -> Message:
    person = own.person()
    own.people.will_opt_out(person)
    return person_pb2.OptOutPersonRequest(phone_number=person)


def create(own: OwnPool) -> Message:
    own.skip_if_creation_is_forgotten()
    return creation()


def end_as_read(own: OwnPool) -> Message:
    """The etag is another one when the request comes again."""
    conversation = own.active().conversation
    return requests.end(conversation.conversation_id, etag=conversation.etag)


def change_as_read(own: OwnPool) -> Message:
    conversation = own.active().conversation
    return requests.update(conversation.conversation_id, etag=conversation.etag)


def update_as_read(own: OwnPool) -> Message:
    pool = own.ask(own.client.pools.GetPool, pool_pb2.GetPoolRequest()).pool
    return operations.update(operations.OPERATOR_NAME, etag=pool.etag)


# A request of each method that succeeds.
SUCCEEDING: dict[str, Callable[[OwnPool], Message]] = {
    "CreateConversation": requests.create,
    "JoinConversation": lambda own: requests.join(own, requests.code(own)),
    "UpdateConversation": change_as_read,
    "EndConversation": end_as_read,
    "SendMessage": lambda own: requests.send(own.active().conversation_id),
    "PauseConversation": lambda own: requests.pause(own.active().conversation_id),
    "ResumeConversation": lambda own: requests.resume(own.paused().conversation_id),
    "ReopenConversation": lambda own: requests.reopen(own.ended().conversation_id),
    "CreatePool": create,
    "UpdatePool": update_as_read,
    "AddMaskedNumber": operations.adding,
    "UpdateMaskedNumber": lambda own: operations.reserve(own.reserve(SPARE_NUMBER)),
    "ActivateMaskedNumber": lambda own: operations.activate(own.reserve(SPARE_NUMBER)),
    "DrainMaskedNumber": lambda own: operations.drain(own.reserve(SPARE_NUMBER)),
    "RemoveMaskedNumber": lambda own: operations.remove(own.reserve(SPARE_NUMBER)),
    "OptOutPerson": opt_out,
    "OptInPerson": lambda own: person_pb2.OptInPersonRequest(phone_number=own.person()),
    "ErasePerson": operations.erase,
    "ImportOptOuts": operations.import_one,
    "DeleteBlock": operations.unblock,
    "ReplayDeadLetters": lambda own: operations.replay_all(),
}
# They have tests of their own here, or need a dead letter or an older copy of Redis, which no
# client can bring about.
OTHERWISE = {"RotateStateKeys", "ReplayDeadLetter", "DiscardDeadLetter", "AcceptRestore"}


def test_the_table_has_every_method_that_takes_a_request_id() -> None:
    assert set(SUCCEEDING) | OTHERWISE == methods_with("request_id")


@pytest.mark.parametrize("method", SUCCEEDING)
def test_the_same_request_gets_the_same_answer(own: OwnPool, method: str) -> None:
    request = own.filled(SUCCEEDING[method](own))
    first = own.invoke(request)
    assert own.invoke(request) == first


def test_the_first_answer_comes_again_after_everything_has_changed(own: OwnPool) -> None:
    request = own.filled(pb.CreateConversationRequest(participants=participants(own.person())))
    first = own.ask(own.client.conversations.CreateConversation, request)
    own.end(first.conversation.conversation_id)
    assert own.ask(own.client.conversations.CreateConversation, request) == first
    assert own.get(first.conversation.conversation_id).state == pb.CONVERSATION_STATE_ENDED


def test_a_change_repeated_under_its_id_happens_once(own: OwnPool) -> None:
    talk = own.active()
    request = own.filled(requests.send(talk.conversation_id))
    for _ in range(3):
        own.invoke(request)
    listing = message_pb2.ListMessagesRequest(conversation_id=talk.conversation_id)
    messages = own.ask(own.client.conversations.ListMessages, listing).messages
    # New people are told first who texts, in system messages with a template.
    assert len([message for message in messages if not message.template]) == 2


def test_the_same_fields_under_another_id_are_another_change(own: OwnPool) -> None:
    sent = [
        own.ask(
            own.client.conversations.SendMessage,
            message_pb2.SendMessageRequest(
                conversation_id=talk, system=message_pb2.System(), body="hello"
            ),
        )
        for talk in [own.active().conversation_id] * 2
    ]
    assert len({one.message_id for answer in sent for one in answer.messages}) == 4


def test_an_erasure_is_confirmed_under_its_id(own: OwnPool) -> None:
    made = own.erase(own.ended().people[0])
    assert made.erased_conversation_count == 1
    request = person_pb2.GetErasureRequest(erasure_id=made.erasure_id)
    assert own.ask(own.client.people.GetErasure, request).erasure == made


def test_counting_what_lies_under_which_key_may_be_repeated(own: OwnPool) -> None:
    request = maintenance_pb2.ListStateKeysRequest()
    first, second = (own.ask(own.client.deployment.ListStateKeys, request) for _ in range(2))
    assert [key.key_id for key in first.keys] == [key.key_id for key in second.keys]
    assert [key.current for key in first.keys].count(True) == 1
