"""What clients do over gRPC, beside the model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import Message

from conversation_service.domain.model.pool import NumberPreference
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb

from . import beginnings, clients
from model.reference.start import Choice, Wanted
from model.runner import Play
from model.reference.state import PoolModel
from model.reference.records import Talk
from model.checks.views import known, participant_id, shown

_PREFERENCES = {
    None: selection_pb.NUMBER_PREFERENCE_UNSPECIFIED,
    NumberPreference.PREFER_STICKY: selection_pb.NUMBER_PREFERENCE_PREFER_STICKY,
    NumberPreference.AVOID_STICKY: selection_pb.NUMBER_PREFERENCE_AVOID_STICKY,
}

# Answers that show a conversation as it is afterwards.
About = TypeVar(
    "About",
    pb.EndConversationResponse,
    pb.PauseConversationResponse,
    pb.ResumeConversationResponse,
    pb.ReopenConversationResponse,
)


@dataclass(frozen=True)
class Answered:
    """A call that changed something, and its answer, for good."""

    request: Message
    answer: Message | str
    # What the answer holds: it is kept no longer than that.
    conversation_id: str = ""


@dataclass
class Calls(Play):
    """The calls that begin conversations or are about one."""

    answered: list[Answered] = field(default_factory=list)

    async def start(self, pool: PoolModel, person: str, wanted: Wanted) -> None:
        request = pb.StartConversationRequest(
            request_id=self.request_id(),
            pool=pool.name,
            phone_number=person,
            masked_number=wanted.number,
            unique_name=wanted.unique_name,
            selection=_selection(wanted),
        )
        choice = beginnings.may_begin(self.model, pool, [person], wanted)
        answer = await self.world.ask(request, pb.StartConversationResponse)
        if isinstance(answer, pb.StartConversationResponse):
            number = _chosen(answer.conversation, choice)
            talk = beginnings.started(self.model, pool, person, number, wanted.unique_name)
            talk.code = answer.code
            self.used_codes.append(talk.code)
            self._began(request, answer, answer.conversation, talk)
        else:
            assert answer == choice.refusal, f"{answer}, expected {choice}"
        await self.settle()

    async def open(
        self, pool: PoolModel, people: Sequence[str], wanted: Wanted, *, is_silent: bool
    ) -> None:
        request = pb.OpenConversationRequest(
            request_id=self.request_id(),
            pool=pool.name,
            phone_numbers=people,
            masked_number=wanted.number,
            unique_name=wanted.unique_name,
            selection=_selection(wanted),
            is_silent=is_silent,
        )
        choice = beginnings.may_begin(self.model, pool, list(people), wanted)
        answer = await self.world.ask(request, pb.OpenConversationResponse)
        if isinstance(answer, pb.OpenConversationResponse):
            number = _chosen(answer.conversation, choice)
            talk = beginnings.opened(
                self.model, pool, list(people), number, wanted.unique_name, is_silent
            )
            self._began(request, answer, answer.conversation, talk)
        else:
            assert answer == choice.refusal, f"{answer}, expected {choice}"
        await self.settle()

    async def join(self, pool: PoolModel, person: str, code: str) -> None:
        request = pb.JoinConversationRequest(
            request_id=self.request_id(), pool=pool.name, code=code.lower(), phone_number=person
        )
        tries = pool.conduct(person).tries.number
        expected = beginnings.joined(self.model, pool, person, code)
        answer = await self.world.ask(request, pb.JoinConversationResponse)
        if isinstance(expected, Talk) and isinstance(answer, pb.JoinConversationResponse):
            self._changed(request, answer, answer.conversation, expected)
        else:
            assert answer == expected, f"{answer}, expected {expected}"
            if pool.conduct(person).tries.number != tries:
                # A wrong try is counted once, however often it is sent.
                self.answered.append(Answered(request, answer))
        await self.settle()

    async def end_call(self, talk: Talk, person: str) -> None:
        request = pb.EndConversationRequest(
            request_id=self.request_id(),
            pool=talk.pool,
            conversation_id=talk.conversation_id,
            participant_id=person and participant_id(talk.pool, person),
            note="" if person else "as agreed",
        )
        await self._about(
            talk, request, pb.EndConversationResponse, clients.ended(self.model, talk, person)
        )

    async def pause(self, talk: Talk) -> None:
        request = pb.PauseConversationRequest(
            request_id=self.request_id(), pool=talk.pool, conversation_id=talk.conversation_id
        )
        refusal = clients.paused(self.model, talk)
        await self._about(talk, request, pb.PauseConversationResponse, refusal)

    async def resume(self, talk: Talk) -> None:
        request = pb.ResumeConversationRequest(
            request_id=self.request_id(), pool=talk.pool, conversation_id=talk.conversation_id
        )
        refusal = clients.resumed(self.model, talk)
        await self._about(talk, request, pb.ResumeConversationResponse, refusal)

    async def reopen(self, talk: Talk) -> None:
        request = pb.ReopenConversationRequest(
            request_id=self.request_id(), pool=talk.pool, conversation_id=talk.conversation_id
        )
        refusal = clients.reopened(self.model, self.model.pools[talk.pool], talk)
        await self._about(talk, request, pb.ReopenConversationResponse, refusal)

    async def speak(self, talk: Talk, author: str, words: str) -> None:
        request = pb.SendMessageRequest(
            request_id=self.request_id(),
            pool=talk.pool,
            conversation_id=talk.conversation_id,
            body=words,
        )
        if author:
            request.participant_id = participant_id(talk.pool, author)
        else:
            request.system = True
        held = len(talk.held)
        refusal = clients.spoken(self.model, talk, author, words)
        answer = await self.world.ask(request, pb.SendMessageResponse)
        if isinstance(answer, pb.SendMessageResponse):
            assert answer.is_held == (len(talk.held) > held)
            assert len(answer.message_ids) == (0 if answer.is_held else 1 if author else 2)
            self.answered.append(Answered(request, answer, talk.conversation_id))
        assert refusal == (answer if isinstance(answer, str) else ""), (
            f"{answer}, expected {refusal}"
        )
        await self.settle()

    async def repeat(self, earlier: Answered) -> None:
        """The same id with the same fields: the first answer, and nothing is done again."""
        answer = await self.world.ask(earlier.request, Message)
        kept = {"", *(talk.conversation_id for talk in self.model.talks)}
        is_kept = earlier.conversation_id in kept
        assert answer == (earlier.answer if is_kept else "ANSWER_FORGOTTEN")
        await self.settle()

    async def reuse(self, earlier: Answered, field_name: str) -> None:
        """The same id with other fields."""
        other = type(earlier.request)()
        other.CopyFrom(earlier.request)
        setattr(other, field_name, getattr(other, field_name) + "x")
        assert await self.world.ask(other, Message) == "REQUEST_ID_REUSED"
        await self.settle()

    def request_id(self) -> str:
        return f"request-{next(self.ids)}"

    async def _about(self, talk: Talk, request: Message, kind: type[About], refusal: str) -> None:
        answer = await self.world.ask(request, kind)
        if isinstance(answer, str):
            assert answer == refusal, f"{answer}, expected {refusal}"
        else:
            assert not refusal, f"expected {refusal}"
            self._changed(request, answer, answer.conversation, talk)
        await self.settle()

    def _began(
        self, request: Message, answer: Message, conversation: pb.Conversation, talk: Talk
    ) -> None:
        talk.conversation_id = conversation.conversation_id
        self._changed(request, answer, conversation, talk)

    def _changed(
        self, request: Message, answer: Message, conversation: pb.Conversation, talk: Talk
    ) -> None:
        assert conversation.conversation_id == talk.conversation_id
        assert shown(conversation) == known(talk)
        self.answered.append(Answered(request, answer, conversation.conversation_id))


def _selection(wanted: Wanted) -> selection_pb.NumberSelection:
    return selection_pb.NumberSelection(
        preference=_PREFERENCES[wanted.preference], allows_reserved=wanted.allows_reserved
    )


def _chosen(conversation: pb.Conversation, choice: Choice) -> str:
    assert not choice.refusal, f"expected {choice.refusal}"
    assert conversation.masked_number in choice.numbers
    return conversation.masked_number
