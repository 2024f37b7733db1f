"""Limits of HTTP/1.1 connections: sizes, number, and time for slow clients."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

# Requests that one connection may send ahead. The carrier sends one and waits.
PIPELINE_LIMIT = 8

# How long a response may wait for its reader, and the rest of an unread body for its end.
LINGER_SECONDS = 10.0

# A chunk of one byte takes 6 bytes on the wire; the rest is for trailers and extensions.
FRAMING_FACTOR = 8

FRAMING_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The limits of one connection, and the number of connections."""

    # Paths and tokens stay below 300 characters; common proxies forward up to 8 KiB.
    request_line_bytes: int = 4096
    # Twice what common proxies forward.
    head_bytes: int = 16 * 1024
    # Several times the number that a browser behind two proxies sends.
    headers: int = 64
    # A head is one packet or two; the time is for bad links.
    head_seconds: float = 10.0
    # Below the 1024 open files of most systems; the carrier keeps a few dozen connections.
    connections: int = 900
    # A little longer than the carrier's resend interval of 30 seconds.
    keep_alive_seconds: int = 35


class LimitedConfig(uvicorn.Config):
    """uvicorn's configuration with the limits of each connection."""

    limits = HttpLimits()


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Exceeding a limit gets a status without a body; a slow client is cut off."""

    def __init__(
        self,
        config: LimitedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = config.limits
        self._status = HTTPStatus.BAD_REQUEST
        self._in_head = self._in_body = False
        # The raw counts include bytes that the parser has not handed over yet.
        self._raw_head_bytes = self._head_bytes = self._header_count = 0
        self._raw_body_bytes = self._body_bytes = 0
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    # uvicorn narrows the transport in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for the first head. A connection above the limit gets 503."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self._respond_and_close(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._start_read_timer(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the timers."""
        self._stop_read_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes that the parser holds: it has no limits of its own."""
        if self._in_body:
            self._raw_body_bytes += len(data)
        else:
            # Stray line ends between two requests begin no head and start no timer.
            self._raw_head_bytes = self._raw_head_bytes + len(data) if self._in_head else 0
            self._in_head = True
        super().data_received(data)
        if not self.transport.is_closing():
            self._check_partial()

    def on_message_begin(self) -> None:
        """Resets the counts."""
        super().on_message_begin()
        self._in_head = True
        self._raw_head_bytes = self._head_bytes = self._header_count = 0
        self._raw_body_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Called for each piece of the URL."""
        super().on_url(url)
        if len(self.url) > self._limits.request_line_bytes:
            self._reject(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called for headers and for trailers."""
        super().on_header(name, value)
        self._header_count += 1
        # A colon, a space and a line end.
        self._head_bytes += len(name) + len(value) + 4
        limits = self._limits
        if self._header_count > limits.headers or self._head_bytes > limits.head_bytes:
            self._reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Stops the timer of the head; the application limits the body."""
        self._in_head, self._in_body = False, True
        self._stop_read_timer()
        if len(self.pipeline) >= PIPELINE_LIMIT:
            self._reject(HTTPStatus.TOO_MANY_REQUESTS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Called for each piece of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body = False
        self._stop_read_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The rest of an unread body is discarded for a limited time."""
        super().on_response_complete()
        if self._in_body:
            self._start_read_timer(LINGER_SECONDS)

    def pause_writing(self) -> None:
        """The client does not read its response."""
        super().pause_writing()
        self._stop_write_timer()
        self._write_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._stop_write_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Aborts if the client has not read its response: closing would wait for it."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this if parsing failed; the status is the limit that was exceeded."""
        self._respond_and_close(self._status)

    def _check_partial(self) -> None:
        if self._in_head:
            if self._raw_head_bytes > self._limits.head_bytes:
                self._respond_and_close(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            else:
                self._start_read_timer(self._limits.head_seconds)
        elif self._raw_body_bytes > FRAMING_BYTES + FRAMING_FACTOR * self._body_bytes:
            self._respond_and_close(HTTPStatus.BAD_REQUEST)

    def _reject(self, status: HTTPStatus) -> NoReturn:
        self._status = status
        raise ValueError(status.phrase)

    def _respond_and_close(self, status: HTTPStatus) -> None:
        head = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            head += [name, b": ", value, b"\r\n"]
        head.append(b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.write(b"".join(head))
        self.transport.close()

    def _start_read_timer(self, seconds: float) -> None:
        """A running timer is not restarted, so sending slowly gains no time."""
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_read_timer(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
