"""What the faults of the inbound stage make of a text's callback."""

from datetime import timedelta

from simulator.callbacks.sender import NOW
from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind


def callback_delays(fault: Fault | None) -> tuple[timedelta, ...]:
    """How long after the text each sending of its callback is due; none means never."""
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
    """Whether nobody can fetch the text's media (any more)."""
    return fault is not None and fault.kind is Kind.MEDIA_EXPIRED
