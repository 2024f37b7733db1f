"""The simulator's settings, read from the environment once, in __main__."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from runtime.logging.setup import LogLevel
from runtime.settings.base import ServiceSettings
from runtime.settings.types import Address, HttpUrl
from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.receipts import ReceiptShape
from simulator.phone_numbers import to_e164
from simulator.phones import MAX_PHONES

# Flowroute lists at most this many on a page.
MAX_NUMBERS = 200
# As the gateway's setting. It becomes a part of a URL.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")


def _split(value: object) -> object:
    return [item.strip() for item in value.split(",")] if isinstance(value, str) else value


def _tokens(value: SecretStr) -> SecretStr:
    if not all(map(_TOKEN.fullmatch, _split_tokens(value))):
        raise ValueError("a token has 32 to 128 of A-Z, a-z, 0-9, _ and -")
    return value


def _split_tokens(tokens: SecretStr) -> list[str]:
    value = tokens.get_secret_value()
    return [token.strip() for token in value.split(",")] if value else []


CallbackToken = Annotated[SecretStr, AfterValidator(_tokens)]
PhoneNumber = Annotated[str, AfterValidator(to_e164)]
PhoneNumbers = Annotated[tuple[PhoneNumber, ...], NoDecode, BeforeValidator(_split)]


class Settings(ServiceSettings):
    """Every default serves a local run."""

    model_config = SettingsConfigDict(env_prefix="SIMULATOR_")

    listen: Address = Field("127.0.0.1:8090", description="Where the API and the page are served.")
    gateway_url: HttpUrl = Field(
        "http://127.0.0.1:8080",
        description="Where callbacks go: texts to /api/message, receipts to /api/receipt.",
    )
    callback_token: CallbackToken = Field(
        SecretStr(""),
        description="Last part of the addresses of callbacks, as GATEWAY_CALLBACK_TOKENS of the "
        "gateway says; of two, with a comma between them, the first.",
    )
    public_url: HttpUrl | None = Field(
        None,
        description="Where media that phones attach are fetched; unless given, where the one who "
        "typed the text reached the simulator.",
    )
    access_key: SecretStr = Field(
        SecretStr("simulator"), description="Access key that senders must present."
    )
    secret_key: SecretStr = Field(
        SecretStr("simulator"), description="Secret key that senders must present."
    )
    numbers: PhoneNumbers = Field(
        ("+12065550100", "+12065550101"),
        min_length=1,
        max_length=MAX_NUMBERS,
        description="The account's own (masked) numbers, separated by commas.",
    )
    phones: PhoneNumbers = Field(
        ("+14255550111", "+14255550122"),
        max_length=MAX_PHONES,
        description="Phones at the first start, separated by commas.",
    )
    data_file: Path | None = Field(
        None,
        description="SQLite file that keeps phones, texts, files and opt-outs across restarts; "
        "unless given, they are kept in memory.",
    )
    messaging_target: Address | None = Field(
        None,
        description="Where the messaging service serves gRPC without TLS, so that the page can "
        "show its health; unless given, the page does not show it.",
    )
    resend_interval_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Pause before a callback that was not answered with 200 is sent again.",
    )
    sms_per_second: int = Field(
        0,
        ge=0,
        le=100_000,
        description="SMS that are accepted in any second; more get 429. 0 for no limit.",
    )
    mms_per_second: int = Field(
        0, ge=0, le=100_000, description="The same for MMS. Flowroute documents 5 SMS and 1 MMS."
    )
    callback_shape: CallbackShape = Field(
        CallbackShape.JSONAPI, description="Shape of inbound callbacks at the start."
    )
    receipt_shape: ReceiptShape = Field(
        ReceiptShape.WRAPPED, description="Shape of delivery receipts at the start."
    )
    handset_receipts: bool = Field(
        False, description="Whether a third receipt says that the handset has the text (1004)."
    )
    log_level: LogLevel = Field("info", description="Least serious log lines that are written.")

    @property
    def current_callback_token(self) -> str:
        """The first token; empty if the gateway requires none."""
        return next(iter(_split_tokens(self.callback_token)), "")
