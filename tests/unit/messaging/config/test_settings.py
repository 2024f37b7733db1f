"""The environment of the messaging service."""

from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from messaging_service.config.settings import Settings

SECRETS = (
    *("redis_url", "flowroute_access_key", "flowroute_secret_key"),
    *("ledger_key", "former_ledger_keys"),
)


def test_the_defaults_serve_a_run_on_one_machine() -> None:
    settings = Settings()
    assert settings.listen == "127.0.0.1:50052"
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6390/1"
    assert settings.flowroute_url == "http://127.0.0.1:8090"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.uses_development_ledger_key


def test_neither_repr_nor_str_nor_dump_contains_a_secret() -> None:
    settings = Settings(
        redis_url=SecretStr("rediss://:hunter2@redis.example/1"),
        flowroute_access_key=SecretStr("hunter2"),
        flowroute_secret_key=SecretStr("hunter2"),
        ledger_key=SecretStr("hunter2-hunter2-hunter2"),
        former_ledger_keys=SecretStr("hunter2-before-hunter2"),
    )
    printed = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hunter2" not in printed
    assert not settings.uses_development_ledger_key


def test_every_setting_is_explained_in_a_sentence_and_every_secret_is_one() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert (name in SECRETS) == isinstance(field.default, SecretStr), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("flowroute_url", "https://api.flowroute.com/"),
        ("flowroute_url", "http://simulator:8090"),
        ("public_url", "https://relay.example/below/a/path/"),
        ("public_url", "http://[::1]:8080"),
        ("redis_url", SecretStr("rediss://:p@redis.example:6380/2")),
        ("redis_url", SecretStr("unix:///run/redis.sock?db=1")),
        ("listen", "0.0.0.0:50052"),
        ("listen", "[::]:0"),
        ("send_timeout_seconds", 60),
    ],
)
def test_valid_values_are_accepted(name: str, value: object) -> None:
    settings = Settings.model_validate({name: value, "allows_insecure_links": True})
    taken = getattr(settings, name)
    assert not str(taken).endswith("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("flowroute_url", value)
            for value in (
                *("", "api.flowroute.com", "ftp://api.flowroute.com", "https://", "https://:443"),
                *("https://api.flowroute.com/v2.2", "https://api.flowroute.com/v2/"),
                *("https://u:p@api.flowroute.com", "https://api.flowroute.com?x=1"),
                *(
                    "https://api.flowroute.com:port",
                    "https://api.flowroute.com:99999",
                    "https://[::1",
                ),
            )
        ),
        *(("public_url", value) for value in ("relay.example", "https://relay.example/#x")),
        *(("redis_url", value) for value in ("", "http://redis.example", "redis.example:6379")),
        *(("listen", value) for value in ("", "50052", ":50052", "host:", "host:port", "::1:1")),
        *(("send_timeout_seconds", value) for value in (0, -1, 61, "soon", float("nan"))),
        *((name, "") for name in ("flowroute_access_key", "flowroute_secret_key", "ledger_key")),
        ("ledger_key", "fifteen-letters"),
        ("former_ledger_keys", "fifteen-letters"),
        ("former_ledger_keys", "sixteen-letters-,fifteen-letters"),
        ("former_ledger_keys", "\n".join([f"sixteen-letters-{at}" for at in range(9)])),
        *(("ledger_retention_hours", hours) for hours in (0, 71, 721, "for ever")),
        ("log_level", "loud"),
    ],
)
def test_invalid_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({name: value})
    [problem] = caught.value.errors(include_input=False)
    assert problem["loc"] == (name,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redis_url", "redis://user:hunter2"),
        ("redis_url", "redis://user:hunter2\N{FULLWIDTH COLON}@redis.example"),
        ("redis_url", "hunter2"),
        ("flowroute_url", "https://user:hunter2"),
        ("flowroute_url", "https://user:hunter2@api.flowroute.com"),
        ("public_url", "https://[hunter2]"),
        ("listen", "hunter2"),
    ],
)
def test_a_value_that_was_refused_is_not_repeated_for_it_may_hold_a_secret(
    name: str, value: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({name: value})
    assert "hunter2" not in str(caught.value)


def test_the_default_lookups_are_at_5_15_60_and_300_seconds() -> None:
    seconds = [time.total_seconds() for time in Settings().unknown_lookups]
    assert seconds == [5, 15, 60, 300]
    assert Settings(unknown_lookups_seconds="0.1, 3600").unknown_lookups[1].total_seconds() == 3600


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "5,", "5;15", "0", "0.05,1", "3601", "-5", "nan", "inf", "5,5", "15,5"),
        ",".join(map(str, range(1, 12))),
    ],
)
def test_invalid_lookup_times_are_refused(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(unknown_lookups_seconds=value)
    assert "unknown_lookups_seconds" in str(caught.value)


@pytest.mark.parametrize(
    ("written", "former"),
    [
        ("", ()),
        ("sixteen-letters-", ("sixteen-letters-",)),
        ("sixteen-letters-, sixteen-letters+", ("sixteen-letters-", "sixteen-letters+")),
        # One a line, and then a comma is part of a key.
        ("sixteen,letters-\r\nsixteen-letters+\n", ("sixteen,letters-", "sixteen-letters+")),
    ],
)
def test_former_ledger_keys_stand_behind_the_current_one(
    written: str, former: tuple[str, ...]
) -> None:
    settings = Settings(
        ledger_key=SecretStr("the current ledger key"), former_ledger_keys=SecretStr(written)
    )
    assert settings.ledger_keys == ("the current ledger key", *former)
    assert not settings.uses_development_ledger_key


def test_a_ledger_key_that_is_too_short_is_refused_with_advice() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters, such as `openssl rand"):
        Settings(ledger_key=SecretStr("hunter2"))


def test_the_development_key_is_detected_among_the_former_keys() -> None:
    settings = Settings(
        ledger_key=SecretStr("the current ledger key"),
        former_ledger_keys=SecretStr("maskline-development-ledger-key"),
    )
    assert settings.uses_development_ledger_key


def test_the_retention_is_three_days_and_at_most_thirty() -> None:
    assert Settings().ledger_retention == timedelta(days=3)
    assert Settings(ledger_retention_hours=720).ledger_retention == timedelta(days=30)


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
