"""The two pools that the suite has to itself, and conversations in them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import grpc
from conformance.kit.client import Client, refusal_of
from conformance.kit.numbers import (
    DRAINING_NUMBER,
    FULL_POOL_NUMBERS,
    MASKED_NUMBERS,
    RESERVED_NUMBER,
    People,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.ingest.v1 import ingest_pb2

POOL = "conformance"
# It has as many numbers as a pool may, and refuses texts while a conversation is paused.
FULL_POOL = "conformance-full"
# By a run whose request id is forgotten; by a version of the suite with other settings.
CREATED_BEFORE = ("POOL_ALREADY_EXISTS", "REQUEST_ID_REUSED")

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


@dataclass(frozen=True)
class Talk:
    """A conversation and the numbers of its two people."""

    conversation: pb.Conversation
    people: tuple[str, str]

    @property
    def conversation_id(self) -> str:
        return self.conversation.conversation_id

    @property
    def participant_id(self) -> str:
        """The first of the two."""
        return self.conversation.participants[0].participant_id


def settings() -> pool_pb2.PoolSettings:
    """Almost nothing is sent, and everything is soon over and soon forgotten."""
    return pool_pb2.PoolSettings(
        operator_name="Conformance run",
        contact="help@example.org",
        lifecycle=pool_pb2.LifecycleSettings(
            join_code_lifetime=_span(minutes=3),
            idle_timeout=_span(minutes=3),
            max_lifetime=_span(minutes=3),
            cool_off=_span(minutes=1),
        ),
        retention=pool_pb2.RetentionSettings(
            conversations=_span(hours=1),
            idempotency_records=_span(days=3),
            messages=_span(days=4),
            events=_span(days=3),
            dead_letters=_span(hours=1),
        ),
        sending=pool_pb2.SendingSettings(
            message_validity=_span(minutes=1),
            campaign_budget=pool_pb2.CampaignBudget(segments_per_minute=1),
        ),
        # The same people come round several times a day.
        consent=pool_pb2.ConsentSettings(max_openings_per_day=1000, reopen_pause=_span(minutes=3)),
    )


def creation() -> pool_pb2.CreatePoolRequest:
    """Creates the suite's pool, and is the same in every run."""
    return pool_pb2.CreatePoolRequest(
        request_id="conformance-1",
        pool_id=POOL,
        settings=settings(),
        masked_numbers=[*MASKED_NUMBERS, DRAINING_NUMBER],
    )


def full_creation() -> pool_pb2.CreatePoolRequest:
    """Creates the full pool."""
    chosen = settings()
    chosen.relay.pause_policy = pool_pb2.PAUSE_POLICY_REFUSE
    return pool_pb2.CreatePoolRequest(
        request_id="conformance-full-1",
        pool_id=FULL_POOL,
        settings=chosen,
        masked_numbers=FULL_POOL_NUMBERS,
    )


class OwnPool:
    """What cases need to make ready in the suite's pools. `cleanup` is emptied after each case."""

    def __init__(self, client: Client, people: People) -> None:
        self.client = client
        self.people = people
        self.cleanup = ExitStack()

    def prepare(self) -> None:
        """Makes the pools where they do not exist yet."""
        for request in (creation(), full_creation()):
            self._create(request)
        draining = pool_pb2.DrainMaskedNumberRequest(masked_number=DRAINING_NUMBER)
        self.ask(self.client.pools.DrainMaskedNumber, draining)
        self.reserve(RESERVED_NUMBER)

    def skip_if_creation_is_forgotten(self) -> None:
        """Skips the case where the pool is older than its request id is known."""
        try:
            self.client.ask(self.client.pools.CreatePool, creation())
        except grpc.RpcError as error:
            if refusal_of(error).reason not in CREATED_BEFORE:
                raise
            self.client.target.skip(
                f"the pool {POOL} was created longer ago than its "
                "`retention.idempotency_records`, or otherwise"
            )

    def reserve(self, number: str) -> str:
        """An active number that is given to a conversation only when it is named."""
        reserved = pool_pb2.MaskedNumber(phone_number=number, reserved=True)
        update = pool_pb2.UpdateMaskedNumberRequest(
            masked_number=reserved, update_mask=FieldMask(paths=["reserved"])
        )
        try:
            self.ask(self.client.pools.UpdateMaskedNumber, update)
        except grpc.RpcError as error:
            if refusal_of(error).reason != "MASKED_NUMBER_NOT_FOUND":
                raise
            request = pool_pb2.AddMaskedNumberRequest(masked_number=number, reserved=True)
            self.ask(self.client.pools.AddMaskedNumber, request)
        activate = pool_pb2.ActivateMaskedNumberRequest(masked_number=number)
        self.ask(self.client.pools.ActivateMaskedNumber, activate)
        return number

    def person(self) -> str:
        """The number of somebody new."""
        return self.people.draw()

    def filled(self, request: Request) -> Request:
        """The request with an id of its own, in the suite's pool, where it names none."""
        for field, value in (("request_id", str(uuid4())), ("pool_id", POOL)):
            owner = owner_of(field, request)
            if field in owner.DESCRIPTOR.fields_by_name and not getattr(owner, field):
                setattr(owner, field, value)
        return request

    def ask(
        self, method: "grpc.UnaryUnaryMultiCallable[Request, Response]", request: Request
    ) -> Response:
        """The response to a filled request."""
        return self.client.ask(method, self.filled(request))

    def invoke(self, request: Message) -> Message:
        """The response to a filled request, by the type of the request."""
        return self.client.invoke(self.filled(request))

    def watch(
        self, conversation_id: str = "", cursor: str = ""
    ) -> AbstractContextManager[Iterator[event_pb2.WatchEventsResponse]]:
        """A watch of the suite's pool, or of one conversation in it; without a cursor from now."""
        request = watch_request(conversation_id, cursor)
        return self.client.watch(self.filled(request))

    def waiting(self, person: str = "", masked_number: str = "") -> pb.CreateConversationResponse:
        """A conversation that nobody has joined."""
        request = pb.CreateConversationRequest(
            participants=participants(person or self.person()), masked_number=masked_number
        )
        return self.ask(self.client.conversations.CreateConversation, request)

    def active(
        self, person: str = "", masked_number: str = "", unique_name: str = "", pool: str = ""
    ) -> Talk:
        """A conversation of this person, or of somebody new, with somebody new."""
        people = (person or self.person(), self.person())
        request = pb.CreateConversationRequest(
            pool_id=pool,
            participants=participants(*people),
            masked_number=masked_number,
            unique_name=unique_name,
            silent=True,
        )
        opened = self.ask(self.client.conversations.CreateConversation, request)
        return Talk(opened.conversation, people)

    def ended(self, person: str = "", masked_number: str = "", unique_name: str = "") -> Talk:
        """The same, over."""
        talk = self.active(person, masked_number, unique_name)
        self.end(talk.conversation_id)
        return talk

    def paused(self, pool: str = "") -> Talk:
        """The same, paused."""
        talk = self.active(pool=pool)
        request = pb.PauseConversationRequest(pool_id=pool, conversation_id=talk.conversation_id)
        self.ask(self.client.conversations.PauseConversation, request)
        return talk

    def end(self, conversation_id: str) -> pb.Conversation:
        request = pb.EndConversationRequest(conversation_id=conversation_id)
        return self.ask(self.client.conversations.EndConversation, request).conversation

    def get(self, conversation_id: str) -> pb.Conversation:
        request = pb.GetConversationRequest(conversation_id=conversation_id)
        return self.ask(self.client.conversations.GetConversation, request).conversation

    def text(self, person: str, masked_number: str, body: str) -> ingest_pb2.IngestMessageResult:
        """Hands a text in as the gateway does."""
        message = ingest_pb2.InboundMessage(
            carrier_message_id=f"mdr2-{uuid4().hex}",
            from_number=person,
            to_number=masked_number,
            body=body,
        )
        request = ingest_pb2.IngestMessagesRequest(messages=[message])
        [result] = self.ask(self.client.ingest.IngestMessages, request).results
        return result

    def participant_id(self, person: str, pool: str = POOL) -> str:
        """Looks a number up."""
        request = person_pb2.LookupParticipantRequest(pool_id=pool, phone_number=person)
        return self.ask(self.client.people.LookupParticipant, request).participant_id

    def blocking(self, person: str = "", masked_number: str = "") -> Talk:
        """A conversation whose first participant, this one or somebody new, blocked the other."""
        talk = self.active(person, masked_number)
        self.text(talk.people[0], talk.conversation.masked_number, "block")
        return talk

    def blocks_of(self, talk: Talk) -> list[person_pb2.Block]:
        """The blocks of the first participant."""
        request = person_pb2.ListBlocksRequest(participant_id=talk.participant_id)
        return list(self.ask(self.client.people.ListBlocks, request).blocks)

    def opt_out(self, person: str) -> None:
        self.people.will_opt_out(person)
        request = person_pb2.OptOutPersonRequest(phone_number=person)
        self.ask(self.client.people.OptOutPerson, request)

    def erase(self, person: str) -> person_pb2.Erasure:
        self.people.will_opt_out(person)
        request = person_pb2.ErasePersonRequest(phone_number=person)
        return self.ask(self.client.people.ErasePerson, request).erasure

    def _create(self, request: pool_pb2.CreatePoolRequest) -> None:
        """A pool that is there has the request's settings afterwards."""
        try:
            self.client.ask(self.client.pools.CreatePool, request)
        except grpc.RpcError as error:
            if refusal_of(error).reason not in CREATED_BEFORE:
                raise
            update = pool_pb2.UpdatePoolRequest(
                pool=pool_pb2.Pool(pool_id=request.pool_id, settings=request.settings),
                update_mask=FieldMask(paths=["settings"]),
            )
            self.ask(self.client.pools.UpdatePool, update)


def participants(*phone_numbers: str) -> list[pb.ParticipantSpec]:
    """The participants of a new conversation."""
    return [pb.ParticipantSpec(phone_number=number) for number in phone_numbers]


def owner_of(field: str, request: Message) -> Message:
    """The request, or the resource in it if only that has the field."""
    if field in request.DESCRIPTOR.fields_by_name:
        return request
    if isinstance(request, pb.UpdateConversationRequest):
        return request.conversation
    return request.pool if isinstance(request, pool_pb2.UpdatePoolRequest) else request


def watch_request(conversation_id: str = "", cursor: str = "") -> event_pb2.WatchEventsRequest:
    """A watch that starts after a cursor, or now."""
    request = event_pb2.WatchEventsRequest(
        conversation_id=conversation_id, start_position=event_pb2.START_POSITION_NOW
    )
    if cursor:
        request.cursor = cursor
    return request


def _span(**parts: float) -> Duration:
    span = Duration()
    span.FromTimedelta(timedelta(**parts))
    return span
