"""HTTP Basic authentication with the account's access key and secret key."""

import base64
import hmac
from http import HTTPStatus

from starlette.requests import Request

from simulator.flowroute.errors import FlowrouteError


class Credentials:
    """The accepted pair of keys."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self._token = base64.b64encode(f"{access_key}:{secret_key}".encode())

    def check(self, request: Request) -> None:
        """Raises FlowrouteError 401 unless the request has these keys."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        presented = token.strip().encode("utf-8", "replace")
        if scheme.lower() != "basic" or not hmac.compare_digest(presented, self._token):
            raise FlowrouteError(
                HTTPStatus.UNAUTHORIZED,
                "Send the access key and the secret key with HTTP Basic authentication.",
            )
