"""The settings of the gateway."""

import pytest
from pydantic import ValidationError

from gateway.conversation_client import BATCH_LIMIT
from gateway.settings import Settings
from runtime.grpc.client import MAX_MESSAGE_BYTES


def test_the_defaults_are_those_of_make_run() -> None:
    settings = Settings()
    assert settings.listen == "127.0.0.1:8080"
    assert settings.conversation_target == "127.0.0.1:50051"
    assert settings.body_limit_bytes == 262_144
    assert settings.log_level == "info"


def test_every_setting_is_described() -> None:
    for field in Settings.model_fields.values():
        assert field.description
        assert field.description.endswith(".")


def test_a_batch_of_the_largest_bodies_fits_into_one_call() -> None:
    assert Settings().body_limit_bytes * BATCH_LIMIT <= MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("GATEWAY_LISTEN", "8080"), ("GATEWAY_LISTEN", "localhost:http")),
        *(("GATEWAY_CONVERSATION_TARGET", ""), ("GATEWAY_BODY_LIMIT_BYTES", "0")),
        *(("GATEWAY_BODY_LIMIT_BYTES", "262145"), ("GATEWAY_BODY_TIMEOUT_SECONDS", "0")),
        *(("GATEWAY_CALL_TIMEOUT_SECONDS", "-1"), ("GATEWAY_CALL_TIMEOUT_SECONDS", "soon")),
        ("GATEWAY_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_is_not_valid_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()
