"""A channel that is made anew when its certificate is, and that shows a token in every call."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeAlias, TypeVar

import grpc

Made = TypeVar("Made")

Headers = tuple[tuple[str, str], ...]

# What passes through here is between the generated code and grpc, and typed there.
Passed: TypeAlias = Any

MultiCallable = Callable[..., Passed]

# Longer than any deadline in this system but a watch's, and a watch goes on behind its cursor.
GRACE_SECONDS = 60.0


class ReloadingChannel(grpc.aio.Channel, Generic[Made]):
    """Calls made after a renewal go over a new channel; those under way end on the old one.

    grpc.aio takes a certificate once, when a channel is made.
    """

    def __init__(
        self,
        make: Callable[[Made], grpc.aio.Channel],
        newest: Callable[[], Made],
        headers: Headers = (),
    ) -> None:
        """`newest` answers the same object for as long as the channel may be kept."""
        self._make = make
        self._newest = newest
        self.headers = headers
        self._made_of = newest()
        self._channel = make(self._made_of)
        self._closing: set[asyncio.Task[None]] = set()

    def channel(self) -> grpc.aio.Channel:
        """The channel for the next call."""
        newest = self._newest()
        if newest is not self._made_of:
            closing = asyncio.ensure_future(self._channel.close(GRACE_SECONDS))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._made_of, self._channel = newest, self._make(newest)
        return self._channel

    def unary_unary(self, *arguments: Passed, **options: Passed) -> Passed:
        """See grpc.aio.Channel."""
        return _Calls(self, lambda channel: channel.unary_unary(*arguments, **options))

    def unary_stream(self, *arguments: Passed, **options: Passed) -> Passed:
        """See grpc.aio.Channel."""
        return _Calls(self, lambda channel: channel.unary_stream(*arguments, **options))

    def stream_unary(self, *arguments: Passed, **options: Passed) -> Passed:
        """See grpc.aio.Channel."""
        return _Calls(self, lambda channel: channel.stream_unary(*arguments, **options))

    def stream_stream(self, *arguments: Passed, **options: Passed) -> Passed:
        """See grpc.aio.Channel."""
        return _Calls(self, lambda channel: channel.stream_stream(*arguments, **options))

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """See grpc.aio.Channel."""
        return self.channel().get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """See grpc.aio.Channel."""
        await self.channel().wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """See grpc.aio.Channel."""
        await self.channel().channel_ready()

    async def close(self, grace: float | None = None) -> None:
        """Ends all of it."""
        for closing in self._closing:
            closing.cancel()
        await self._channel.close(grace)

    async def __aenter__(self) -> "ReloadingChannel[Made]":
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes it at once."""
        await self.close()


class _Calls:
    """One method, on whichever channel is the newest."""

    def __init__(
        self, owner: ReloadingChannel[Any], bind: Callable[[grpc.aio.Channel], MultiCallable]
    ) -> None:
        self._owner = owner
        self._bind = bind
        self._channel = owner.channel()
        self._call = bind(self._channel)

    def __call__(self, *request: Passed, metadata: Passed = None, **options: Passed) -> Passed:
        channel = self._owner.channel()
        if channel is not self._channel:
            self._channel, self._call = channel, self._bind(channel)
        shown = (*(metadata or ()), *self._owner.headers)
        return self._call(*request, metadata=shown, **options)
