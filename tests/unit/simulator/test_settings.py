"""The simulator's environment."""

import pytest
from pydantic import ValidationError

from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.receipts import ReceiptShape
from simulator.settings import Settings

TOKEN, OTHER_TOKEN = (
    "a-token-of-the-gateway-that-is-in-use",
    "a-token-of-the-gateway-that-was-in-use",
)


def test_the_defaults_serve_a_local_run() -> None:
    settings = Settings()
    assert settings.listen == "127.0.0.1:8090"
    assert settings.gateway_url == "http://127.0.0.1:8080"
    assert settings.numbers == ("+12065550100", "+12065550101")
    assert settings.phones == ("+14255550111", "+14255550122")
    assert settings.resend_interval_seconds == 30
    assert settings.callback_shape is CallbackShape.JSONAPI
    assert settings.receipt_shape is ReceiptShape.WRAPPED
    assert settings.access_key.get_secret_value() == "simulator"
    assert settings.secret_key.get_secret_value() == "simulator"


def test_every_setting_has_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), name


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_NUMBERS", "12065550100, +12065550101")
    monkeypatch.setenv("SIMULATOR_GATEWAY_URL", "http://gateway:8080/")
    monkeypatch.setenv("SIMULATOR_CALLBACK_SHAPE", "flat-mdr1")
    settings = Settings()
    assert settings.numbers == ("+12065550100", "+12065550101")
    assert settings.gateway_url == "http://gateway:8080"
    assert settings.callback_shape is CallbackShape.FLAT_MDR1


@pytest.mark.parametrize(
    ("name", "value"),
    [("LISTEN", "8090"), ("LISTEN", "host:port"), ("GATEWAY_URL", "gateway"), ("NUMBERS", ""),
     ("NUMBERS", "911"), ("PHONES", "+1425555011l"), ("RESEND_INTERVAL_SECONDS", "0"),
     ("CALLBACK_SHAPE", "xml"), ("RECEIPT_SHAPE", "both"), ("LOG_LEVEL", "loud")],
)  # fmt: skip
def test_what_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SIMULATOR_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_SECRET_KEY", "hunter2")
    assert "hunter2" not in repr(Settings())


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", ""), (TOKEN, TOKEN), (f"{TOKEN},{OTHER_TOKEN}", TOKEN), (f" {TOKEN} , x{TOKEN}", TOKEN)],
)
def test_of_the_gateways_tokens_the_first_is_used(value: str, expected: str) -> None:
    assert Settings.model_validate({"callback_token": value}).current_callback_token == expected


@pytest.mark.parametrize("value", ["short", f"{TOKEN}/x", f"{TOKEN},", "ä" * 40, "x" * 129])
def test_a_token_that_no_gateway_takes_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"callback_token": value})
    assert "32 to 128" in str(caught.value)
    assert value not in str(caught.value)
