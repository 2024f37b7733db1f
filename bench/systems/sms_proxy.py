"""A stand-in that does what flowroute/sms-proxy does for a message, with its parts.

gunicorn with four synchronous workers, Flask, SQLite; the message is POSTed before the callback is
answered, over a new connection. Nothing is written, and nothing is repeated after a failure.
Cheaper than the original in one thing: plain SQL instead of SQLAlchemy.
"""

import base64
import json
import os
import sqlite3
import time
from collections.abc import Iterable
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask, Response, request

WORKERS = 4
DATABASE, CARRIER_ADDRESS = "SMS_PROXY_DATABASE", "SMS_PROXY_CARRIER_ADDRESS"

TABLE = """CREATE TABLE session (id TEXT PRIMARY KEY, virtual_tn TEXT UNIQUE,
    participant_a TEXT, participant_b TEXT, expiry_date REAL)"""
EXPIRED = "SELECT id FROM session WHERE expiry_date <= ?"
SESSION = "SELECT participant_a, participant_b FROM session WHERE virtual_tn = ?"
AUTHORIZATION = "Basic " + base64.b64encode(b"key:key").decode()

app = Flask(__name__)


def create(database: Path, sessions: Iterable[tuple[str, str, str]]) -> None:
    """Makes the database: masked number and both participants of each session."""
    with sqlite3.connect(database) as connection:
        connection.execute(TABLE)
        rows = [(f"{number:032x}", *session) for number, session in enumerate(sessions)]
        connection.executemany("INSERT INTO session VALUES (?, ?, ?, ?, NULL)", rows)


@app.post("/api/message")
def message() -> Response:
    """Looks for expired sessions and for the partner, and sends."""
    callback = request.get_json()
    with sqlite3.connect(os.environ[DATABASE]) as connection:
        connection.execute(EXPIRED, (time.time(),)).fetchall()
        a, b = connection.execute(SESSION, (callback["to"],)).fetchone()
    connection.close()
    _send(b if callback["from"] == a else a, callback["to"], callback["body"])
    return Response(status=200)


def _send(to: str, masked_number: str, body: str) -> None:
    attributes = {"to": to, "from": masked_number, "body": body}
    content = json.dumps({"data": {"type": "message", "attributes": attributes}})
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/vnd.api+json"}
    carrier = HTTPConnection(os.environ[CARRIER_ADDRESS])
    carrier.request("POST", "/v2.2/messages", content, headers)
    carrier.getresponse().read()
    carrier.close()
