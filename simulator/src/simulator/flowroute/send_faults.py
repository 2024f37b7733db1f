"""Effects of the send stage's faults on the response."""

from http import HTTPStatus

from starlette.responses import Response

from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind
from simulator.flowroute.errors import error_response
from simulator.http.connections import (
    DelayedResponse,
    HangingResponses,
    NoResponse,
    TruncatedResponse,
)


def response_instead(fault: Fault, hanging_responses: HangingResponses) -> Response | None:
    """The response without accepting the message; None if the fault lets it be accepted."""
    match fault.kind:
        case Kind.RESET:
            return NoResponse(hanging_responses)
        case Kind.HANG:
            return NoResponse(hanging_responses, fault.seconds)
        case Kind.STATUS:
            return status_response(fault)
        case _:
            return None


def response_after(fault: Fault, hanging_responses: HangingResponses, normal: Response) -> Response:
    """The response to a message that was accepted."""
    match fault.kind:
        case Kind.ACCEPT_THEN_HANG:
            return NoResponse(hanging_responses, fault.seconds)
        case Kind.ACCEPT_THEN_RESET:
            return TruncatedResponse(normal)
        case Kind.ACCEPT_THEN_STATUS:
            return status_response(fault)
        case Kind.SLOW:
            return DelayedResponse(normal, hanging_responses, fault.seconds)
        case _:
            return normal


def status_response(fault: Fault) -> Response:
    """A Flowroute error with the fault's status."""
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return error_response(HTTPStatus(fault.status), "A simulated failure.", headers)
