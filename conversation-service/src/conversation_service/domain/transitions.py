"""How a conversation moves: each function returns it as it is afterwards."""

from dataclasses import replace

from conversation_service.domain.change import Line
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.facts import Facts
from conversation_service.domain.phone import Person


def opened(facts: Facts, line: Line) -> Conversation:
    """A new conversation in which one person waits."""
    return Conversation(
        conversation_id=facts.change_id,
        pool=facts.pool.name,
        masked_number=line.masked_number,
        state=State.WAITING,
        etag=facts.change_id,
        code=facts.fresh_code,
        participants=(line.person,),
        create_time=facts.now,
        due_time=facts.now + facts.pool.code_lifetime,
    )


def joined(facts: Facts, conversation: Conversation, joiner: Person) -> Conversation:
    """The second person is in."""
    return replace(
        conversation,
        state=State.ACTIVE,
        etag=facts.change_id,
        participants=(*conversation.participants, joiner),
        join_time=facts.now,
        due_time=facts.now + facts.pool.idle_lifetime,
    )


def talked(facts: Facts, conversation: Conversation) -> Conversation:
    """A text was relayed."""
    return replace(
        conversation,
        etag=facts.change_id,
        last_message_time=facts.now,
        due_time=facts.now + facts.pool.idle_lifetime,
    )


def ended(facts: Facts, conversation: Conversation, reason: EndReason) -> Conversation:
    """It is over, and kept for a while for staff to look up."""
    return replace(
        conversation,
        state=State.ENDED,
        etag=facts.change_id,
        end_time=facts.now,
        end_reason=reason,
        due_time=facts.now + facts.pool.kept_after_end,
    )
