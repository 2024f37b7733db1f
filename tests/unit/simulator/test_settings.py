import pytest
from pydantic import ValidationError

from simulator.callbacks.inbound import CallbackShape
from simulator.settings import Settings

TOKEN = "a-token-of-the-gateway-that-is-in-use"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_NUMBERS", "12065550100, +12065550101")
    monkeypatch.setenv("SIMULATOR_GATEWAY_URL", "http://gateway:8080/")
    monkeypatch.setenv("SIMULATOR_CALLBACK_SHAPE", "flat-mdr1")
    settings = Settings()
    assert settings.numbers == ("+12065550100", "+12065550101")
    assert settings.gateway_url == "http://gateway:8080"
    assert settings.callback_shape is CallbackShape.FLAT_MDR1


@pytest.mark.parametrize(
    "setting",
    ["LISTEN=8090", "GATEWAY_URL=gateway", "NUMBERS=911", "PHONES=+1425555011l",
     "RESEND_INTERVAL_SECONDS=0", "CALLBACK_SHAPE=xml"],
)  # fmt: skip
def test_an_unusable_value_is_refused(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    name, value = setting.split("=")
    monkeypatch.setenv(f"SIMULATOR_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_SECRET_KEY", "hunter2")
    assert "hunter2" not in repr(Settings())


@pytest.mark.parametrize(
    ("value", "expected"), [("", ""), (TOKEN, TOKEN), (f" {TOKEN} , x{TOKEN}", TOKEN)]
)
def test_of_the_gateways_tokens_the_first_is_used(value: str, expected: str) -> None:
    assert Settings.model_validate({"callback_token": value}).current_callback_token == expected


@pytest.mark.parametrize("value", ["short", f"{TOKEN}/x", f"{TOKEN},", "ä" * 40, "x" * 129])
def test_a_token_that_no_gateway_takes_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"callback_token": value})
    assert "32 to 128" in str(caught.value)
    assert value not in str(caught.value)
