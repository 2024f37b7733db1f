"""A channel that is replaced when its certificate is renewed, and that sends a token."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeAlias, TypeVar

import grpc

Source = TypeVar("Source")

Headers = tuple[tuple[str, str], ...]

# Generated code and grpc agree on the types of what passes here.
Passed: TypeAlias = Any

MultiCallable = Callable[..., Passed]

# Longer than any deadline in this system. A watch has none, and resumes from its cursor.
GRACE_SECONDS = 60.0


class ReloadingChannel(grpc.aio.Channel, Generic[Source]):
    """Calls made after a renewal use a new channel; calls in progress end on the old one.

    grpc.aio reads a certificate once, when a channel is made.
    """

    def __init__(
        self,
        make: Callable[[Source], grpc.aio.Channel],
        source: Callable[[], Source],
        headers: Headers = (),
    ) -> None:
        """`source` returns the same object for as long as the channel may be kept."""
        self._make = make
        self._source = source
        self.headers = headers
        self._made_of = source()
        self._channel = make(self._made_of)
        self._closing: set[asyncio.Task[None]] = set()

    def channel(self) -> grpc.aio.Channel:
        """The channel for the next call."""
        source = self._source()
        if source is not self._made_of:
            closing = asyncio.ensure_future(self._channel.close(GRACE_SECONDS))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._made_of, self._channel = source, self._make(source)
        return self._channel

    def unary_unary(self, *arguments: Passed, **options: Passed) -> Passed:
        """A method with one request and one response."""
        return _Method(self, lambda channel: channel.unary_unary(*arguments, **options))

    def unary_stream(self, *arguments: Passed, **options: Passed) -> Passed:
        """A method with a stream of responses."""
        return _Method(self, lambda channel: channel.unary_stream(*arguments, **options))

    def stream_unary(self, *arguments: Passed, **options: Passed) -> Passed:
        """A method with a stream of requests."""
        return _Method(self, lambda channel: channel.stream_unary(*arguments, **options))

    def stream_stream(self, *arguments: Passed, **options: Passed) -> Passed:
        """A method with streams both ways."""
        return _Method(self, lambda channel: channel.stream_stream(*arguments, **options))

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """The state of the current channel."""
        return self.channel().get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Waits for the current channel to change."""
        await self.channel().wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Waits for the current channel to be ready."""
        await self.channel().channel_ready()

    async def close(self, grace: float | None = None) -> None:
        """Closes the old channels at once and the current one after `grace`."""
        for closing in self._closing:
            closing.cancel()
        await self._channel.close(grace)

    async def __aenter__(self) -> "ReloadingChannel[Source]":
        """The channel itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the channel without grace."""
        await self.close()


class _Method:
    """One method, called on the current channel."""

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
        with_token = (*(metadata or ()), *self._owner.headers)
        return self._call(*request, metadata=with_token, **options)
