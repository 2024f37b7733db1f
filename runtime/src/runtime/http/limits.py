"""HTTP/1.1 connections that nobody can use to fill the memory or to keep the server waiting."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

# Known callers send one request and wait; each one that waits in the queue takes memory.
PIPELINE_LIMIT = 8

# How long an answer may wait for its reader, and the rest of a body that nobody reads for its end.
LINGER_SECONDS = 10.0

# A body in chunks of one byte takes 6 on the wire for each; trailers and extensions take the rest.
FRAMING_FACTOR = 8

FRAMING_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What callers may take before they have said anything that is worth it."""

    # Paths and tokens stay below 300 characters; common proxies forward up to 8 KiB.
    request_line_bytes: int = 4096
    # Twice what common proxies forward.
    head_bytes: int = 16 * 1024
    # Several times what a browser behind two proxies sends.
    headers: int = 64
    # A head is one packet or two; the rest is for a bad line.
    head_seconds: float = 10.0
    # Below the 1024 files that most systems let a process open; callers keep few dozens.
    connections: int = 900
    # A little longer than the carrier's resend interval of 30 seconds.
    keep_alive_seconds: int = 35


class LimitedConfig(uvicorn.Config):
    """uvicorn's configuration, and the limits of each connection."""

    limits = HttpLimits()


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Who exceeds a limit is told by a bare status, who is slow is cut off."""

    def __init__(
        self,
        config: LimitedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = config.limits
        self._refusal = HTTPStatus.BAD_REQUEST
        self._in_head = self._in_body = False
        # Raw bytes count what the parser still holds back, the others what it has handed over.
        self._raw_head_bytes = self._head_bytes = self._header_count = 0
        self._raw_body_bytes = self._body_bytes = 0
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    # uvicorn narrows the transport in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head has to come now; a connection too many is told to come again."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._expect_within(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_expecting()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what the parser keeps to itself: it has no limits of its own."""
        if self._in_body:
            self._raw_body_bytes += len(data)
        else:
            # Stray line ends between two requests begin none; they are not waited for either.
            self._raw_head_bytes = self._raw_head_bytes + len(data) if self._in_head else 0
            self._in_head = True
        super().data_received(data)
        if not self.transport.is_closing():
            self._check_unfinished()

    def on_message_begin(self) -> None:
        """Each request is counted anew."""
        super().on_message_begin()
        self._in_head = True
        self._raw_head_bytes = self._head_bytes = self._header_count = 0
        self._raw_body_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """May come in pieces."""
        super().on_url(url)
        if len(self.url) > self._limits.request_line_bytes:
            self._stop_parsing(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the head, or of the trailer behind a body."""
        super().on_header(name, value)
        self._header_count += 1
        # A colon, a space and a line end.
        self._head_bytes += len(name) + len(value) + 4
        limits = self._limits
        if self._header_count > limits.headers or self._head_bytes > limits.head_bytes:
            self._stop_parsing(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """From here on the application's own limits hold."""
        self._in_head, self._in_body = False, True
        self._stop_expecting()
        if len(self.pipeline) >= PIPELINE_LIMIT:
            self._stop_parsing(HTTPStatus.TOO_MANY_REQUESTS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece that the application may read."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing of this request is outstanding."""
        self._in_body = False
        self._stop_expecting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The rest of a body that was not read is thrown away, but not for ever."""
        super().on_response_complete()
        if self._in_body:
            self._expect_within(LINGER_SECONDS)

    def pause_writing(self) -> None:
        """The caller does not read what it asked for."""
        super().pause_writing()
        self._stop_write_timer()
        self._write_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller reads again."""
        self._stop_write_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """A polite end would wait for a caller that has not read its answer yet."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's way to answer what cannot be parsed; here it says why in its status."""
        self._refuse(self._refusal)

    def _check_unfinished(self) -> None:
        if self._in_head:
            if self._raw_head_bytes > self._limits.head_bytes:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            else:
                self._expect_within(self._limits.head_seconds)
        elif self._raw_body_bytes > FRAMING_BYTES + FRAMING_FACTOR * self._body_bytes:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def _stop_parsing(self, refusal: HTTPStatus) -> NoReturn:
        self._refusal = refusal
        raise ValueError(refusal.phrase)

    def _refuse(self, status: HTTPStatus) -> None:
        told = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            told += [name, b": ", value, b"\r\n"]
        told.append(b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.write(b"".join(told))
        self.transport.close()

    def _expect_within(self, seconds: float) -> None:
        """A timer that already runs is not wound up again: a trickle gains no time."""
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_expecting(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
