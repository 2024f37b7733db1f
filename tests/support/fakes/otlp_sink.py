"""A minimal OTLP collector that keeps the exported spans."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.observation.spans import spans_in

PATH = "/v1/traces"


class OtlpSink:
    """A collector on a free port of loopback."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    @property
    def spans(self) -> list[Span]:
        """All spans, decoded."""
        return [*spans_in(self.raw)]

    @property
    def raw(self) -> bytes:
        """All spans, encoded: concatenated protobuf messages are one message."""
        return b"".join(self.sent)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serves inside the context."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sent = self.sent

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_export = self.path == PATH
                if is_export:
                    sent.append(body)
                self.send_response(200 if is_export else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Logs nothing."""

        return Handler
