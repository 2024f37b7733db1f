"""Tracing is off by default, refuses plain text between machines, and needs its extra."""

import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError

from conversation_service.app.settings import Settings as ConversationSettings
from gateway.settings import Settings as GatewaySettings
from messaging_service.config.settings import Settings as MessagingSettings
from runtime.settings.base import EX_CONFIG
from runtime.settings.tracing import TracesSettings

LOCAL = "http://127.0.0.1:4318/v1/traces"
REMOTE = "http://collector:4318/v1/traces"
SERVICES = (GatewaySettings, ConversationSettings, MessagingSettings)


@pytest.mark.parametrize("settings", SERVICES)
def test_every_service_can_be_traced_and_is_not_by_default(settings: type[TracesSettings]) -> None:
    assert settings().traces_endpoint == ""
    assert settings(traces_endpoint=LOCAL, traces_sample_ratio=0.5).traces_endpoint == LOCAL


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"traces_endpoint": "collector:4318"}, "give an http:// or https:// address"),
        ({"traces_endpoint": "http://user:hunter2@127.0.0.1/"}, "without user"),
        ({"traces_endpoint": REMOTE}, "GATEWAY_TRACES_ENDPOINT would be plain text"),
        ({"traces_sample_ratio": 1.1}, "less than or equal to 1"),
        ({"traces_sample_ratio": -0.1}, "greater than or equal to 0"),
    ],
)
def test_settings_that_are_not_valid_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        GatewaySettings.model_validate(values)
    assert message in str(error.value)
    assert "hunter2" not in str(error.value)


def test_plain_text_is_allowed_on_this_machine_or_by_a_setting() -> None:
    token = SecretStr("t" * 32)
    assert GatewaySettings(
        traces_endpoint=REMOTE, allows_insecure_links=True, callback_tokens=token
    )
    for endpoint in (REMOTE.replace("http", "https", 1), "http://[::1]:4318/v1/traces"):
        settings = GatewaySettings(traces_endpoint=endpoint, callback_tokens=token)
        assert settings.traces_endpoint == endpoint


WITHOUT = """
import sys
sys.modules["{module}"] = None
from runtime.tracing.setup import traced
from gateway.settings import Settings
with traced("probe", Settings(traces_endpoint="http://127.0.0.1:1/v1/traces")):
    print("served")
"""


def run_without(module: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(module=module)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("module", ["opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"])
def test_without_the_extra_the_process_ends_with_the_command_that_installs_it(module: str) -> None:
    done = run_without(module)
    assert (done.returncode, done.stdout) == (EX_CONFIG, "")
    install = "GATEWAY_TRACES_ENDPOINT needs OpenTelemetry: install maskline-runtime[traces]"
    assert install in done.stderr
    assert "Traceback" not in done.stderr


def test_with_the_extra_the_process_serves() -> None:
    done = run_without("unknown_module")
    assert (done.returncode, done.stdout) == (0, "served\n")
