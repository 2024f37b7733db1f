"""Who calls, and what they may see."""

from dataclasses import dataclass
from typing import Protocol

from grpc.aio import ServicerContext

from conversation_service.rpc.roles import SEES_NUMBERS
from runtime.authorisation import present_caller

Context = ServicerContext[object, object]


@dataclass(frozen=True, slots=True)
class Caller:
    """What a caller has the right to."""

    may_see_numbers: bool = False


class Callers(Protocol):
    """Tells callers apart."""

    def caller(self, context: Context) -> Caller:
        """Who makes this call."""
        ...


class NobodySpecial:
    """Every caller may do everything but see people's numbers."""

    def caller(self, context: Context) -> Caller:
        """See Callers."""
        return Caller()


class CallersByRole:
    """Callers as the guard of the door knows them; it has let nobody else in."""

    def caller(self, context: Context) -> Caller:
        """See Callers."""
        known = present_caller()
        return Caller(may_see_numbers=known is not None and known.role in SEES_NUMBERS)
