"""The deployment's own line: a masked number that its carrier, the simulator, has phones for."""

from dataclasses import dataclass

from conformance.kit.own_pool import OwnPool, participants
from conformance.kit.simulator import Phone, Simulator

from maskline.admin.v1 import pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2

LARGEST_PAGE = 500
LIVE = (
    pb.CONVERSATION_STATE_WAITING,
    pb.CONVERSATION_STATE_ACTIVE,
    pb.CONVERSATION_STATE_PAUSED,
)


@dataclass(frozen=True)
class Line:
    """A masked number and its pool, which others use too."""

    own: OwnPool
    pool: pool_pb2.Pool
    number: str

    def open(self, *phones: Phone) -> pb.Conversation:
        """A client opens a conversation between two phones."""
        request = pb.CreateConversationRequest(
            pool_id=self.pool.pool_id,
            participants=participants(*(phone.number for phone in phones)),
            masked_number=self.number,
        )
        return self.own.ask(self.own.client.conversations.CreateConversation, request).conversation

    def conversations_of(self, phone: Phone) -> list[pb.Conversation]:
        """Newest first."""
        participant_id = self.own.participant_id(phone.number, self.pool.pool_id)
        request = pb.ListConversationsRequest(
            pool_id=self.pool.pool_id, participant_id=participant_id
        )
        service = self.own.client.conversations
        return list(self.own.ask(service.ListConversations, request).conversations)

    def messages(self, conversation_id: str) -> list[message_pb2.Message]:
        request = message_pb2.ListMessagesRequest(
            pool_id=self.pool.pool_id, conversation_id=conversation_id
        )
        return list(self.own.ask(self.own.client.conversations.ListMessages, request).messages)

    def end_all_of(self, phone: Phone) -> None:
        """What a case that failed left behind."""
        for conversation in self.conversations_of(phone):
            if conversation.state in LIVE:
                request = pb.EndConversationRequest(
                    pool_id=self.pool.pool_id, conversation_id=conversation.conversation_id
                )
                self.own.ask(self.own.client.conversations.EndConversation, request)

    def why_not_in_english(self) -> str:
        """The setting that keeps people here from texting the English keywords; else empty."""
        chosen = self.pool.settings
        if chosen.language not in ("", "en"):
            return f"the setting `language` of the pool {self.pool.pool_id} is not en"
        if chosen.keywords.words:
            return (
                f"the setting `keywords.words` of the pool {self.pool.pool_id} has other keywords"
            )
        if chosen.keywords.end_opts_out:
            return f"the setting `keywords.end_opts_out` of the pool {self.pool.pool_id} is on"
        return ""


def find_line(own: OwnPool, simulator: Simulator) -> Line:
    """The first active number of any pool that is the simulator's; skips where there is none."""
    texted = set(simulator.masked_numbers())
    listing = pool_pb2.ListPoolsRequest(page_size=LARGEST_PAGE)
    for pool in own.ask(own.client.pools.ListPools, listing).pools:
        request = pool_pb2.ListMaskedNumbersRequest(pool_id=pool.pool_id, page_size=LARGEST_PAGE)
        for number in own.ask(own.client.pools.ListMaskedNumbers, request).masked_numbers:
            is_active = number.state == pool_pb2.MASKED_NUMBER_STATE_ACTIVE
            if is_active and number.phone_number in texted:
                return Line(own, pool, number.phone_number)
    return own.client.target.skip("no pool has an active number of SIMULATOR_NUMBERS")
