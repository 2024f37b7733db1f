"""What the faults of the send's stage make of an answer."""

from http import HTTPStatus

from starlette.responses import Response

from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind
from simulator.flowroute.errors import error_response
from simulator.http.connections import HalfAnswer, HangingResponses, LateAnswer, NoAnswer


def answer_instead(fault: Fault, patience: HangingResponses) -> Response | None:
    """The answer to a message that is not taken; None when the fault lets it be taken."""
    match fault.kind:
        case Kind.RESET:
            return NoAnswer(patience)
        case Kind.HANG:
            return NoAnswer(patience, fault.seconds)
        case Kind.STATUS:
            return status_answer(fault)
        case _:
            return None


def answer_after(fault: Fault, patience: HangingResponses, usual: Response) -> Response:
    """The answer to a message that was taken."""
    match fault.kind:
        case Kind.ACCEPT_THEN_HANG:
            return NoAnswer(patience, fault.seconds)
        case Kind.ACCEPT_THEN_RESET:
            return HalfAnswer(usual)
        case Kind.ACCEPT_THEN_STATUS:
            return status_answer(fault)
        case Kind.SLOW:
            return LateAnswer(usual, patience, fault.seconds)
        case _:
            return usual


def status_answer(fault: Fault) -> Response:
    """A documented error with the fault's status."""
    wait = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return error_response(HTTPStatus(fault.status), "The simulator was told to fail.", wait)
