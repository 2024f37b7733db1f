"""Settings of tracing."""

from typing import Annotated

from pydantic import Field, WrapValidator, model_validator

from runtime.settings.server import LinkSettings, is_local
from runtime.settings.types import HttpUrl, or_empty, split_url

# A URL, or empty for none.
TracesUrl = Annotated[HttpUrl, WrapValidator(or_empty)]


class TracesSettings(LinkSettings):
    """Settings of a process that can be traced."""

    traces_endpoint: TracesUrl = Field(
        "",
        description="Endpoint for traces, OTLP over HTTP, such as "
        "http://collector:4318/v1/traces; no tracing if empty. Needs the extra `traces`.",
    )
    traces_sample_ratio: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the traces that begin here which is exported; calls of a traced "
        "caller are always exported.",
    )

    @model_validator(mode="after")
    def _requires_encrypted_traces(self) -> "TracesSettings":
        url = split_url(self.traces_endpoint)
        is_remote = url.scheme == "http" and not is_local(f"{url.hostname}:0")
        if is_remote and not self.allows_insecure_links:
            raise ValueError(
                f"{self.env_names('traces_endpoint')} would be plain text between machines: give "
                f"an https:// address, or set {self.env_names('allows_insecure_links')} to true"
            )
        return self
