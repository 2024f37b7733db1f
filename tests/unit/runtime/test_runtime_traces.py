"""Where traces go: nowhere unless told, in clear only where that is allowed, and not half."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from conversation_service.app.settings import Settings as ConversationSettings
from gateway.settings import Settings as GatewaySettings
from messaging_service.config.settings import Settings as MessagingSettings
from runtime.settings.base import EX_CONFIG
from runtime.settings.tracing import TracesSettings

FAR = "http://collector:4318/v1/traces"
SERVICES = (GatewaySettings, ConversationSettings, MessagingSettings)


@pytest.mark.parametrize("settings", SERVICES)
def test_every_service_can_be_traced_and_none_is(settings: type[TracesSettings]) -> None:
    assert settings().traces_endpoint == ""
    traced = settings(traces_endpoint="http://127.0.0.1:4318/v1/traces", traces_sample_ratio=0.5)
    assert traced.traces_endpoint == "http://127.0.0.1:4318/v1/traces"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"traces_endpoint": "collector:4318"}, "give an http:// or https:// address"),
        ({"traces_endpoint": "http://user:hunter2@127.0.0.1/"}, "without user"),
        ({"traces_endpoint": FAR}, "GATEWAY_TRACES_ENDPOINT would be plain text"),
        ({"traces_sample_ratio": 1.1}, "less than or equal to 1"),
        ({"traces_sample_ratio": -0.1}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        GatewaySettings.model_validate(given)
    assert told in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "given",
    [
        {"traces_endpoint": FAR, "allows_insecure_links": True},
        {"traces_endpoint": FAR.replace("http", "https", 1)},
        {"traces_endpoint": "http://[::1]:4318/v1/traces"},
    ],
)
def test_plain_text_stays_here_unless_it_may_go(given: dict[str, object]) -> None:
    assert GatewaySettings.model_validate(given).traces_endpoint == given["traces_endpoint"]


WITHOUT = """
import sys
sys.modules["{module}"] = None
from runtime.tracing.setup import traced
from gateway.settings import Settings
with traced("probe", Settings(traces_endpoint="http://127.0.0.1:1/v1/traces")):
    print("served")
"""


@pytest.mark.parametrize(
    "module", ["opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"]
)
def test_without_the_extra_it_does_not_start_and_says_what_to_do(module: str) -> None:
    code = WITHOUT.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (EX_CONFIG, "")
    assert "GATEWAY_TRACES_ENDPOINT needs OpenTelemetry: install maskline-runtime[traces]" in (
        done.stderr
    )
    assert "Traceback" not in done.stderr


def test_with_it_it_does() -> None:
    code = WITHOUT.format(module="unheard_of")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "served\n")
