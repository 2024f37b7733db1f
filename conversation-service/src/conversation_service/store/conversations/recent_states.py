"""The states that this replica committed last: most messages find the conversation as they left it.

Nothing is decided on them alone. Such a decision is committed only if the commit script finds the
pool, the conversation and the sender's limits as they were, and no sign that the deployment's word
about the sender has changed; otherwise everything is loaded.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.store.conversations.types import Commit, CommitOutcome, Committed
from conversation_service.store.short_lived import LIFE_SECONDS, ShortLived

# By the time that all replicas share: also after this process stood still.
LIFE = timedelta(seconds=LIFE_SECONDS)


class Sender(NamedTuple):
    """The conversation of a sender on a route, their limits, and when they were committed."""

    conversation_id: str
    limits: SenderLimits
    time: datetime


class RecentStates:
    """Of one pool. Both participants find the conversation as the last of them left it."""

    def __init__(self) -> None:
        self._senders = ShortLived[Route, Sender]()
        self._conversations = ShortLived[str, Conversation]()

    def snapshot(self, read_set: ReadSet, pool: Pool, now: datetime) -> Snapshot | None:
        """What a message of a sender in an active conversation needs; None if it is not here."""
        [route] = read_set.routes if len(read_set.routes) == 1 else [None]
        if route is None or read_set != ReadSet(routes=(route,), people=(route.person,)):
            return None
        sender = self._senders.get(route)
        if sender is None or not timedelta(0) <= now - sender.time < LIFE:
            return None
        conversation = self._conversations.get(sender.conversation_id)
        if conversation is None or conversation.has_expired(now):
            return None
        return Snapshot(
            pool,
            now,
            conversations={sender.conversation_id: conversation},
            current_conversation_ids={route: sender.conversation_id},
            sender_limits={route.person: sender.limits},
        )

    def update(self, commit: Commit, outcome: CommitOutcome) -> None:
        """Keeps what was committed; drops a conversation that may be in another state now.

        Who changed their consent is asked again.
        """
        change, after = commit.change, commit.change.after
        if after is None:
            return
        self._conversations.pop(after.conversation_id)
        if not isinstance(outcome, Committed) or change.consent:
            return
        if after.state is State.ACTIVE and after.data_key:
            self._conversations.keep(after.conversation_id, after)
        if limits := change.sender_limits:
            sender = Sender(after.conversation_id, limits.after, commit.now)
            self._senders.keep(Route(after.masked_number, limits.person), sender)


def is_checked(change: Change) -> bool:
    """Whether the commit checks all that a message in an active conversation is decided on."""
    before, after = change.before, change.after
    return (
        before is not None
        and after is not None
        and before.state is after.state is State.ACTIVE
        and change.sender_limits is not None
    )
