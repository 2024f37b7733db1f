"""Where the deployment under test is reached, and how its callers show who they are."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import grpc
import pytest

PREFIX = "CONFORMANCE_"
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Target:
    """A deployment: its conversation service, and the simulator that is its carrier."""

    address: str
    simulator_url: str
    # An operator's, where callers are told apart.
    token: str = ""
    # Of a caller that may do nothing, such as the role `conversation-service`.
    powerless_token: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    # Whether the suite started it, with settings that make every case possible.
    is_own: bool = False

    def skip(self, why: str) -> NoReturn:
        """Skips a case that this deployment makes impossible; of the suite's own, fails it."""
        if self.is_own:
            pytest.fail(f"the suite's own deployment makes a case impossible: {why}")
        pytest.skip(why)

    def channel(self) -> grpc.Channel:
        """Encrypted if there is a CA, with a client certificate if there is one."""
        options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
        if not self.ca_file:
            return grpc.insecure_channel(self.address, options)
        shown = grpc.ssl_channel_credentials(
            _bytes(self.ca_file), _bytes(self.key_file), _bytes(self.certificate_file)
        )
        return grpc.secure_channel(self.address, shown, options)


def given_target() -> Target | None:
    """The deployment that the environment names; None if it names none."""
    address = _setting("TARGET")
    if not address:
        return None
    if not _setting("SIMULATOR"):
        raise ValueError(f"{PREFIX}TARGET needs {PREFIX}SIMULATOR, such as http://127.0.0.1:8090")
    return Target(
        address=address,
        simulator_url=_setting("SIMULATOR").rstrip("/"),
        token=_token(_setting("TOKEN_FILE")),
        powerless_token=_token(_setting("POWERLESS_TOKEN_FILE")),
        ca_file=_setting("CA_FILE"),
        certificate_file=_setting("CERT_FILE"),
        key_file=_setting("KEY_FILE"),
    )


def _setting(name: str) -> str:
    return os.environ.get(PREFIX + name, "")


def _token(path: str) -> str:
    return Path(path).read_text().strip() if path else ""


def _bytes(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
