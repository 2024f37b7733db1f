"""Clients' calls about conversations, made to the service and to the model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from model.checks.views import participant_id, view_of_model, view_of_response
from model.reference import client_requests, start
from model.reference.client_requests import Update
from model.reference.records import Conversation
from model.reference.start import NumberChoice, StartOptions
from model.reference.state import PoolModel
from model.runner import Runner

from conversation_service.domain.model.pool import NumberPreference
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from support.builders.conversation_calls import participants

_PREFERENCES = {
    None: selection_pb.NUMBER_PREFERENCE_UNSPECIFIED,
    NumberPreference.PREFER_STICKY: selection_pb.NUMBER_PREFERENCE_PREFER_STICKY,
    NumberPreference.AVOID_STICKY: selection_pb.NUMBER_PREFERENCE_AVOID_STICKY,
}

# Responses that show the conversation as it is after the call.
Showing = TypeVar(
    "Showing",
    pb.UpdateConversationResponse,
    pb.EndConversationResponse,
    pb.PauseConversationResponse,
    pb.ResumeConversationResponse,
    pb.ReopenConversationResponse,
)


@dataclass(frozen=True)
class CompletedCall:
    """A call that changed something, and its first response or refusal."""

    request: Message
    response: Message | str
    # The response is stored as long as this conversation.
    conversation_id: str = ""


@dataclass
class ClientCalls(Runner):
    """Calls that start a conversation or are about one."""

    completed: list[CompletedCall] = field(default_factory=list)

    async def create(
        self, pool: PoolModel, people: Sequence[str], options: StartOptions, *, silent: bool = False
    ) -> None:
        """Of one person, who waits, or of two."""
        request = pb.CreateConversationRequest(
            request_id=self.request_id(),
            pool_id=pool.name,
            participants=participants(*people),
            masked_number=options.number,
            unique_name=options.unique_name,
            selection=_selection(options),
            silent=silent,
        )
        choice = start.number_choice(self.model, pool, list(people), options)
        response = await self.deployment.call(request, pb.CreateConversationResponse)
        if isinstance(response, pb.CreateConversationResponse):
            number = _chosen(response.conversation, choice)
            conversation = start.create(self.model, pool, list(people), number, options)
            start.notify_created(self.model, pool, conversation, silent=silent)
            self._created(request, response, conversation)
        else:
            assert response == choice.refusal, f"{response}, expected {choice}"
        await self.settle()

    async def join(self, pool: PoolModel, person: str, code: str) -> None:
        request = pb.JoinConversationRequest(
            request_id=self.request_id(),
            pool_id=pool.name,
            join_code=code.lower(),
            phone_number=person,
        )
        attempts = pool.limits_of(person).code_attempts.number
        expected = start.join(self.model, pool, person, code)
        response = await self.deployment.call(request, pb.JoinConversationResponse)
        if isinstance(expected, Conversation) and isinstance(response, pb.JoinConversationResponse):
            self._changed(request, response, response.conversation, expected)
        else:
            assert response == expected, f"{response}, expected {expected}"
            if pool.limits_of(person).code_attempts.number != attempts:
                # A wrong code is counted once, however often the call is repeated.
                self.completed.append(CompletedCall(request, response))
        await self.settle()

    async def end_conversation(self, conversation: Conversation, person: str) -> None:
        request = pb.EndConversationRequest(
            request_id=self.request_id(),
            pool_id=conversation.pool,
            conversation_id=conversation.conversation_id,
            participant_id=person and participant_id(conversation.pool, person),
            note="" if person else "as agreed",
        )
        refusal = client_requests.end_conversation(self.model, conversation, person)
        await self._call_about(conversation, request, pb.EndConversationResponse, refusal)

    async def update(self, conversation: Conversation, change: Update) -> None:
        new = pb.Conversation(
            pool_id=conversation.pool, conversation_id=conversation.conversation_id
        )
        paths = []
        if change.unique_name is not None:
            new.unique_name = change.unique_name
            paths.append("unique_name")
        if change.label is not None:
            key, value = change.label
            new.labels.update({} if value is None else {key: value})
            paths.append(f"labels.{key}")
        if change.longest is not None:
            new.max_end_time.FromDatetime(self.model.now + change.longest)
            paths.append("max_end_time")
        request = pb.UpdateConversationRequest(
            request_id=self.request_id(),
            conversation=new,
            update_mask=FieldMask(paths=paths or ["labels.none"]),
        )
        pool = self.model.pools[conversation.pool]
        refusal = client_requests.update(self.model, pool, conversation, change)
        await self._call_about(conversation, request, pb.UpdateConversationResponse, refusal)

    async def pause(self, conversation: Conversation) -> None:
        request = pb.PauseConversationRequest(
            request_id=self.request_id(),
            pool_id=conversation.pool,
            conversation_id=conversation.conversation_id,
        )
        refusal = client_requests.pause(self.model, conversation)
        await self._call_about(conversation, request, pb.PauseConversationResponse, refusal)

    async def resume(self, conversation: Conversation) -> None:
        request = pb.ResumeConversationRequest(
            request_id=self.request_id(),
            pool_id=conversation.pool,
            conversation_id=conversation.conversation_id,
        )
        refusal = client_requests.resume(self.model, conversation)
        await self._call_about(conversation, request, pb.ResumeConversationResponse, refusal)

    async def reopen(self, conversation: Conversation) -> None:
        request = pb.ReopenConversationRequest(
            request_id=self.request_id(),
            pool_id=conversation.pool,
            conversation_id=conversation.conversation_id,
        )
        pool = self.model.pools[conversation.pool]
        refusal = client_requests.reopen(self.model, pool, conversation)
        await self._call_about(conversation, request, pb.ReopenConversationResponse, refusal)

    async def send(self, conversation: Conversation, author: str, body: str, to: str = "") -> None:
        """From a participant, or from the client if `author` is empty: to both, or to one."""
        request = message_pb2.SendMessageRequest(
            request_id=self.request_id(),
            pool_id=conversation.pool,
            conversation_id=conversation.conversation_id,
            body=body,
        )
        if author:
            request.participant_id = participant_id(conversation.pool, author)
        else:
            request.system.SetInParent()
        if to:
            request.recipient_participant_ids.append(participant_id(conversation.pool, to))
        held = len(conversation.held)
        refusal = client_requests.send(self.model, conversation, author, body, to)
        response = await self.deployment.call(request, message_pb2.SendMessageResponse)
        if isinstance(response, message_pb2.SendMessageResponse):
            assert not refusal, f"expected {refusal}"
            is_held = len(conversation.held) > held
            state = (
                message_pb2.MESSAGE_STATE_HELD if is_held else message_pb2.MESSAGE_STATE_ACCEPTED
            )
            assert {message.state for message in response.messages} == {state}
            assert len(response.messages) == (1 if author or to else 2)
            self.completed.append(CompletedCall(request, response, conversation.conversation_id))
        else:
            assert response == refusal, f"{response}, expected {refusal}"
        await self.settle()

    async def repeat(self, earlier: CompletedCall) -> None:
        """The same id with the same fields gets the stored response, without other effects."""
        response = await self.deployment.call(earlier.request, Message)
        stored = {"", *(conversation.conversation_id for conversation in self.model.conversations)}
        is_stored = earlier.conversation_id in stored
        assert response == (earlier.response if is_stored else "RESPONSE_EXPIRED")
        await self.settle()

    async def reuse_id(self, earlier: CompletedCall, field_name: str) -> None:
        """The same id with other fields is refused."""
        other = type(earlier.request)()
        other.CopyFrom(earlier.request)
        setattr(other, field_name, getattr(other, field_name) + "x")
        assert await self.deployment.call(other, Message) == "REQUEST_ID_REUSED"
        await self.settle()

    def request_id(self) -> str:
        return f"request-{next(self.ids)}"

    async def _call_about(
        self, conversation: Conversation, request: Message, kind: type[Showing], refusal: str
    ) -> None:
        response = await self.deployment.call(request, kind)
        if isinstance(response, str):
            assert response == refusal, f"{response}, expected {refusal}"
        else:
            assert not refusal, f"expected {refusal}"
            self._changed(request, response, response.conversation, conversation)
        await self.settle()

    def _created(
        self, request: Message, response: pb.CreateConversationResponse, conversation: Conversation
    ) -> None:
        shown = response.conversation
        assert bool(response.join_code) == conversation.has_code
        conversation.code = response.join_code
        self.used_codes += [conversation.code] * conversation.has_code
        conversation.conversation_id = shown.conversation_id
        self._changed(request, response, shown, conversation)

    def _changed(
        self,
        request: Message,
        response: Message,
        shown: pb.Conversation,
        conversation: Conversation,
    ) -> None:
        assert shown.conversation_id == conversation.conversation_id
        assert view_of_response(shown) == view_of_model(conversation)
        self.completed.append(CompletedCall(request, response, shown.conversation_id))


def _selection(options: StartOptions) -> selection_pb.NumberSelection:
    return selection_pb.NumberSelection(
        preference=_PREFERENCES[options.preference], allow_reserved=options.allow_reserved
    )


def _chosen(conversation: pb.Conversation, choice: NumberChoice) -> str:
    assert not choice.refusal, f"expected {choice.refusal}"
    assert conversation.masked_number in choice.numbers
    return conversation.masked_number
