"""The whole environment of the gateway."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from gateway.caller_settings import CallerSettings
from gateway.conversations import BATCH_LIMIT
from gateway.http_settings import HttpSettings
from runtime.grpc_client import MAX_MESSAGE_BYTES
from runtime.logs import LogLevel
from runtime.setting_types import Address, Secret
from runtime.tracing_settings import TracesSettings

# Callbacks hold links to files, never files: a text of the greatest length with all its links
# stays far below this, and a whole batch of such bodies fits into one gRPC message.
BODY_LIMIT_BYTES = MAX_MESSAGE_BYTES // BATCH_LIMIT


class Settings(CallerSettings, HttpSettings, TracesSettings):
    """Read once, in `__main__`, and passed down."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")
    links = ("conversation_target",)

    listen: Address = Field(
        "127.0.0.1:8080", description="Address that the carrier's callbacks reach."
    )
    conversation_target: Address = Field(
        "127.0.0.1:50051", description="Address of the conversation service."
    )
    conversation_token: Secret | None = Field(
        None,
        description="Token that is shown to the conversation service, where it lists one for the "
        "gateway instead of a certificate.",
    )
    body_limit_bytes: int = Field(
        BODY_LIMIT_BYTES,
        gt=0,
        le=BODY_LIMIT_BYTES,
        description="Largest body of a callback; anything above is answered 413.",
    )
    body_timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="Longest wait for a body to arrive; then 408."
    )
    call_timeout_seconds: float = Field(
        8.0,
        gt=0,
        le=60,
        description="Longest wait for the conversation service, below the carrier's patience; "
        "then 503.",
    )
    serves_openapi: bool = Field(
        False, description="Whether /openapi.json describes the gateway to anybody who asks."
    )
    log_level: LogLevel = Field("info", description="Least severe event that is logged.")
