"""Which failures of the HTTP client prove that nothing was sent.

The exceptions are aiohttp's own, passed through its transport's own mapping.
"""

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from httpx_aiohttp.transport import map_aiohttp_exceptions

from messaging_service.carrier.flowroute.send import answer_to
from messaging_service.carrier.port import Answer, NotSent, Uncertain

KEY = ConnectionKey("carrier.example", 443, True, True, None, None, None)
REFUSED = ConnectionRefusedError(111, "refused")

NEVER_CONNECTED: list[Exception] = [
    aiohttp.ClientConnectorError(KEY, REFUSED),
    aiohttp.ClientConnectorDNSError(KEY, REFUSED),
    aiohttp.ClientConnectorSSLError(KEY, REFUSED),
    aiohttp.ClientConnectorCertificateError(KEY, ValueError("wrong name")),
    aiohttp.ConnectionTimeoutError("no connection in time, or none free"),
]

PERHAPS_WRITTEN: list[Exception] = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "reset by peer"),
    aiohttp.ClientConnectionResetError("cannot write to closing transport"),
    aiohttp.ClientConnectionError("broken"),
    aiohttp.SocketTimeoutError("no answer in time"),
    aiohttp.ServerTimeoutError("no answer in time"),
    aiohttp.ClientPayloadError("body cut off"),
    TimeoutError(),
    ValueError("anything at all"),
]


@pytest.mark.parametrize("error", NEVER_CONNECTED, ids=lambda error: type(error).__name__)
def test_without_a_connection_nothing_was_sent(error: Exception) -> None:
    answer = _answered(error)
    assert isinstance(answer, NotSent)
    assert answer.why == type(error).__name__


@pytest.mark.parametrize("error", PERHAPS_WRITTEN, ids=lambda error: type(error).__name__)
def test_once_connected_whatever_breaks_leaves_it_unknown(error: Exception) -> None:
    answer = _answered(error)
    assert isinstance(answer, Uncertain)
    assert answer.why == type(error).__name__


def test_the_transport_calls_both_kinds_by_one_name_so_the_cause_must_decide() -> None:
    # If this fails the library has mended its mapping, and the code above it may become simpler.
    assert type(_mapped(NEVER_CONNECTED[-1])) is type(_mapped(PERHAPS_WRITTEN[0]))


def _answered(error: Exception) -> Answer:
    return answer_to(_mapped(error))


def _mapped(error: Exception) -> Exception:
    """What the transport makes of it."""
    try:
        with map_aiohttp_exceptions():
            raise error
    except Exception as mapped:
        return mapped
