"""The stand-in relays to the partner before it answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bench.systems import sms_proxy

A, B, NUMBER = "12065550101", "12065550102", "12065550100"


class Carrier(BaseHTTPRequestHandler):
    """Keeps the posted messages."""

    bodies: list[bytes]

    def do_POST(self) -> None:
        """Accepts."""
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def posted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    sms_proxy.create(tmp_path / "sessions", [(NUMBER, A, B)])
    Carrier.bodies = []
    with HTTPServer(("127.0.0.1", 0), Carrier) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv(sms_proxy.DATABASE, str(tmp_path / "sessions"))
        monkeypatch.setenv(sms_proxy.CARRIER_ADDRESS, f"127.0.0.1:{server.server_port}")
        yield Carrier.bodies
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("sender", "receiver"), [(A, B), (B, A)])
def test_the_partner_receives_it(posted: list[bytes], sender: str, receiver: str) -> None:
    callback = {"to": NUMBER, "from": sender, "body": "hello"}
    response = sms_proxy.app.test_client().post("/api/message", json=callback)
    assert response.status_code == 200
    [body] = posted
    assert f'"to": "{receiver}", "from": "{NUMBER}", "body": "hello"'.encode() in body
