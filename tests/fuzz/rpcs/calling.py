"""Concurrent calls of any RPC with any bytes."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from fuzz.rpcs.messages import Palette, drawn, is_message, requests
from google.protobuf.descriptor import MethodDescriptor

from support.eventually import PATIENCE_SECONDS
from support.net.grpc_calls import reason

PROTOS = Path(__file__).parents[3] / "protos" / "maskline"
# Concurrent calls.
AT_ONCE = 8

_COMMENTED = r"((?:^  //.*\n)+)^  rpc (\w+)\("
_REASON = r"[A-Z]+(?:_[A-Z]+)+"


Sent = Sequence[tuple[MethodDescriptor, Sequence[bytes]]]


@dataclass(frozen=True)
class Documented:
    """The refusals that one service's contract lists."""

    domain: str
    reasons: Mapping[str, set[str]]
    codes: Mapping[str, grpc.StatusCode]

    def allows(self, method: str, refusal: grpc.aio.AioRpcError) -> bool:
        """Whether the contract lists this refusal above this method, with this code.

        INVALID_ARGUMENT is possible for every method and not listed.
        """
        if refusal.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
            return False
        listed = self.reasons.get(method, set()) | {"INVALID_ARGUMENT"}
        told = reason(refusal, self.domain)
        return told in listed and refusal.code() is self.codes[told]


def listed_reasons(*packages: str) -> dict[str, set[str]]:
    """The reasons that the comments of these packages list above each method."""
    files = (path for package in packages for path in (PROTOS / package / "v1").glob("*.proto"))
    sources = "".join(path.read_text() for path in files)
    return {
        method: set(re.findall(_REASON, comment.partition("Errors:")[2]))
        for comment, method in re.findall(_COMMENTED, sources, re.MULTILINE)
    }


def to_send(methods: Sequence[MethodDescriptor], palette: Palette, number: int) -> Sent:
    """So many requests to each method. Called outside of an event loop, as drawing takes long."""
    return [(method, drawn(requests(method.input_type, palette), number)) for method in methods]


async def answers_as_documented(
    channel: grpc.aio.Channel, sent: Sent, documented: Documented
) -> None:
    """Sends all valid messages; fails at the first undocumented refusal."""
    for method, drawn_ones in sent:
        messages = [one for one in drawn_ones if is_message(method.input_type, one)]
        for one, refusal in zip(messages, await call_all(channel, method, messages), strict=True):
            shown = f"{method.name} {one!r}: {refusal!r}"
            assert refusal is None or documented.allows(method.name, refusal), shown


async def refusals_of_broken(
    channel: grpc.aio.Channel, sent: Sent
) -> list[tuple[MethodDescriptor, grpc.aio.AioRpcError | None]]:
    """The refusals of bytes that are no message."""
    return [
        (method, refusal)
        for method, drawn_ones in sent
        for refusal in await call_all(channel, method, _broken(method, drawn_ones))
    ]


def _broken(method: MethodDescriptor, drawn_ones: Sequence[bytes]) -> list[bytes]:
    broken = [one for one in drawn_ones if not is_message(method.input_type, one)]
    assert broken, method.name
    return broken


@asynccontextmanager
async def calls_that_say_nothing(channel: grpc.aio.Channel, sent: Sent) -> AsyncIterator[None]:
    """Calls that end before any request, one per method; they last as long as this context.

    grpc.aio leaves such a call without a response until its deadline.
    """
    calls = [channel.stream_unary(_path(method), bytes, bytes)(iter(())) for method, _ in sent]
    try:
        for call in calls:
            await call.wait_for_connection()
        yield
    finally:
        for call in calls:
            call.cancel()


async def call_all(
    channel: grpc.aio.Channel, method: MethodDescriptor, requests: Sequence[bytes]
) -> list[grpc.aio.AioRpcError | None]:
    """The refusal of each request, None for a response."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(request: bytes) -> grpc.aio.AioRpcError | None:
        async with room:
            try:
                await _call(channel, method, request)
            except grpc.aio.AioRpcError as refusal:
                return refusal
        return None

    return await asyncio.gather(*map(one, requests))


async def _call(channel: grpc.aio.Channel, method: MethodDescriptor, request: bytes) -> None:
    path = _path(method)
    if method.server_streaming:
        stream = channel.unary_stream(path, bytes, bytes)(request, timeout=PATIENCE_SECONDS)
        await stream.read()
        stream.cancel()
    else:
        await channel.unary_unary(path, bytes, bytes)(request, timeout=PATIENCE_SECONDS)


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"
