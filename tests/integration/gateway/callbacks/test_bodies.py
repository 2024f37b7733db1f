"""Bodies that are too large, too slow, endless or incomplete."""

from collections.abc import AsyncIterator

import pytest

from gateway.callbacks.endpoints import DISCARDED_BYTES
from support.fakes.carrier_callbacks import sms
from support.net.raw_http import RawConnection, raw_connection
from support.services.running_gateway import BODY_LIMIT_BYTES as LIMIT_BYTES
from support.services.running_gateway import RunningGateway, ScriptedConversations, gateway_over

BODY_SECONDS = 0.3
CHUNK_BYTES = 0x8000
CHUNK = b"8000\r\n" + b"x" * CHUNK_BYTES + b"\r\n"


def message_of(size: int) -> bytes:
    """A valid callback of this many bytes."""
    head = b'{"id":"mdr2-1","from":"14255550111","to":"12065550100","body":"hi","x":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


async def write_chunks(connection: RawConnection, chunks: int) -> None:
    for _ in range(chunks):
        await connection.write(CHUNK)


async def test_a_body_at_the_limit_is_accepted_and_one_byte_more_is_not(
    gateway: RunningGateway,
) -> None:
    at_limit, above = message_of(LIMIT_BYTES), message_of(LIMIT_BYTES + 1)
    assert (await gateway.http.post("/api/message", content=at_limit)).status_code == 200
    assert (await gateway.http.post("/api/message", content=above)).status_code == 413


async def test_a_body_of_a_megabyte_gets_a_response(gateway: RunningGateway) -> None:
    detail = f"The body is larger than {LIMIT_BYTES} bytes. Send less."
    for path in ("/api/message", "/api/receipt", "/api/receipt/attempt/c2VuZA"):
        response = await gateway.http.post(path, content=message_of(1_000_000))
        assert (response.status_code, response.json()["detail"]) == (413, detail)


async def test_a_chunked_body_is_accepted(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for byte in message_of(200):
            yield bytes([byte])

    response = await gateway.http.post("/api/message", content=in_pieces())
    assert response.status_code == 200
    assert scripted.messages[0].body == "hi"


async def test_a_chunked_body_over_the_discard_limit_gets_a_response_before_its_end(
    gateway: RunningGateway,
) -> None:
    async with raw_connection(gateway.port) as connection:
        await connection.write_head("/api/message", "Transfer-Encoding: chunked")
        await write_chunks(connection, (LIMIT_BYTES + DISCARDED_BYTES) // CHUNK_BYTES)
        await connection.write(b"1\r\nx\r\n")
        assert await connection.status() == 413
        assert b"body-too-large" in await connection.rest()


async def test_an_endless_body_ends_the_connection(gateway: RunningGateway) -> None:
    async with raw_connection(gateway.port) as connection:
        await connection.write_head("/api/message", "Transfer-Encoding: chunked")
        with pytest.raises(ConnectionError):
            await write_chunks(connection, 64 * DISCARDED_BYTES // CHUNK_BYTES)
    assert (await gateway.http.post("/api/message", json=sms())).status_code == 200


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Length: 100", b'{"id":'),
        ("Transfer-Encoding: chunked", CHUNK * (LIMIT_BYTES // CHUNK_BYTES + 1)),
    ],
)
async def test_an_incomplete_body_is_408_even_if_it_is_too_large(
    scripted: ScriptedConversations, header: str, body: bytes
) -> None:
    async with (
        gateway_over(scripted, body_timeout_seconds=BODY_SECONDS) as gateway,
        raw_connection(gateway.port) as connection,
    ):
        await connection.write_head("/api/message", header)
        await connection.write(body)
        assert await connection.status() == 408
        assert b"body-too-slow" in await connection.rest()


async def test_a_body_that_is_cut_off_is_not_passed_on(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    body = message_of(200)
    async with raw_connection(gateway.port) as connection:
        await connection.write_head("/api/message", f"Content-Length: {len(body) + 1}")
        await connection.write(body)
    assert (await gateway.http.post("/api/message", json=sms())).status_code == 200
    assert [message.body for message in scripted.messages] == ["hello"]
