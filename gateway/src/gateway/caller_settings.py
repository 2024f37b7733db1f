"""Settings of who may call, and how often."""

from pydantic import Field, SecretStr, model_validator

from gateway.caller_setting_types import (
    BasicPassword,
    BasicUser,
    CallbackTokens,
    Networks,
    split_tokens,
)
from gateway.callers import CallerRules, basic_credentials
from gateway.gate import GateRules
from runtime.settings import ServiceSettings


class CallerSettings(ServiceSettings):
    """Everything is taken from everybody unless these say otherwise."""

    callback_tokens: CallbackTokens = Field(
        SecretStr(""),
        description="Secret last part of the address of callbacks, 32 to 128 characters; two with "
        "a comma between them while one replaces the other. Without one anybody may hand in texts.",
    )
    allowed_sources: Networks = Field(
        (),
        description="Addresses and networks that callbacks come from, separated by commas; all if "
        "empty. Flowroute published 52.88.246.140 and 52.10.220.50, in 2016.",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="Proxies in front: the caller is so many addresses from the right of "
        "X-Forwarded-For. With 0 it is who connects, and the header counts for nothing.",
    )
    basic_user: BasicUser = Field(
        "",
        description="User of HTTP basic authentication of callbacks; none is asked for if empty.",
    )
    basic_password: BasicPassword = Field(
        SecretStr(""), description="Its password, 16 characters or more. Both or neither."
    )
    requests_per_second_per_source: int = Field(
        200,
        ge=0,
        le=100_000,
        description="Requests from one address (IPv6: one /64), above that 429; 5 seconds' worth "
        "may come at once. Loopback is not limited, and with 0 nobody is.",
    )
    refusals_per_minute_per_source: int = Field(
        10,
        gt=0,
        le=600,
        description="Wrong tokens, passwords and sources from one address that are answered one "
        "by one; above that 429, and nothing is logged.",
    )

    @property
    def gate_rules(self) -> GateRules:
        """What the gate is to ask of callers."""
        return GateRules(
            CallerRules(
                callback_tokens=tuple(map(str.encode, split_tokens(self.callback_tokens))),
                allowed_sources=self.allowed_sources,
                credentials=self._credentials,
            ),
            trusted_proxies=self.trusted_proxies,
            requests_per_second=self.requests_per_second_per_source,
            refusals_per_minute=self.refusals_per_minute_per_source,
        )

    @property
    def _credentials(self) -> bytes:
        password = self.basic_password.get_secret_value()
        return basic_credentials(self.basic_user, password) if password else b""

    @model_validator(mode="after")
    def _has_user_and_password_or_neither(self) -> "CallerSettings":
        if bool(self.basic_user) != bool(self.basic_password.get_secret_value()):
            raise ValueError("GATEWAY_BASIC_USER and GATEWAY_BASIC_PASSWORD: give both or neither")
        return self
