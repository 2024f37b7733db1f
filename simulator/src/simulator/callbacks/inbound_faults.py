"""Effects of the inbound stage's faults on a callback."""

from datetime import timedelta

from simulator.callbacks.sender import NOW
from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind


def callback_delays(fault: Fault | None) -> tuple[timedelta, ...]:
    """The delay of each sending of the callback; empty if it is never sent."""
    if fault is None:
        return (NOW,)
    match fault.kind:
        case Kind.CALLBACK_LOST:
            return ()
        case Kind.CALLBACK_LATE:
            return (fault.delay,)
        case Kind.CALLBACK_TWICE:
            return (NOW, NOW)
        case Kind.CALLBACK_AGAIN:
            return tuple(fault.delay * number for number in range(fault.times + 1))
        case _:
            return (NOW,)


def is_media_expired(fault: Fault | None) -> bool:
    """Whether the message's media URLs have expired."""
    return fault is not None and fault.kind is Kind.MEDIA_EXPIRED
