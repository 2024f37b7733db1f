"""The settings of pace and metrics."""

import pytest
from pydantic import ValidationError

from messaging_service.config.settings import Settings

RATES = ("sms_per_second", "mms_per_second", "lookups_per_second")


def test_the_defaults_are_what_the_carrier_documents_and_no_open_port() -> None:
    settings = Settings()
    assert [getattr(settings, name) for name in RATES] == [5, 1, 2]
    assert settings.metrics_listen == ""


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("value", [0, -1, 100_001, "fast", float("nan"), float("inf")])
def test_a_rate_that_cannot_be_kept_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({name: value})
    [problem] = caught.value.errors(include_input=False)
    assert problem["loc"] == (name,)


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("value", [0.01, 0.5, 100_000])
def test_a_rate_may_be_below_one_and_far_above_it(name: str, value: float) -> None:
    assert getattr(Settings.model_validate({name: value}), name) == value


def test_metrics_are_served_at_an_address_and_nowhere_else() -> None:
    assert Settings(metrics_listen="0.0.0.0:9464").metrics_listen == "0.0.0.0:9464"
    with pytest.raises(ValidationError):
        Settings(metrics_listen="9464")
