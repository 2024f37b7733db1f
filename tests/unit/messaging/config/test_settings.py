from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from messaging_service.config.settings import DEVELOPMENT_LEDGER_KEY, Settings

SECRETS = ("redis_url", "flowroute_access_key", "flowroute_secret_key", "ledger_key")
RATES = ("sms_per_second", "mms_per_second", "lookups_per_second")
CURRENT = SecretStr("the current ledger key")


def test_the_defaults_serve_a_run_on_one_machine_with_no_open_port() -> None:
    settings = Settings()
    assert settings.listen == "127.0.0.1:8082"
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6390/1"
    assert settings.flowroute_url == "http://127.0.0.1:8090"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.metrics_listen == ""
    assert settings.uses_development_ledger_key
    # As the carrier documents them.
    assert [getattr(settings, name) for name in RATES] == [5, 1, 2]
    assert [time.total_seconds() for time in settings.unknown_lookups] == [5, 15, 60, 300]
    assert settings.ledger_retention == timedelta(days=3)


def test_neither_repr_nor_str_nor_dump_contains_a_secret() -> None:
    secret = SecretStr("rediss://:hunter2@redis.example/1")
    settings = Settings.model_validate(dict.fromkeys((*SECRETS, "former_ledger_keys"), secret))
    printed = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hunter2" not in printed
    assert not settings.uses_development_ledger_key


def test_every_setting_is_explained_in_a_sentence_and_every_secret_is_one() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        is_secret = isinstance(field.default, SecretStr)
        assert (name in (*SECRETS, "former_ledger_keys")) == is_secret, name


# What a deployment with addresses beyond loopback needs.
DEPLOYED: dict[str, object] = {
    "allows_insecure_links": True,
    "ledger_key": SecretStr("a secret of a deployment"),
}

VALID: dict[str, tuple[object, ...]] = {
    "flowroute_url": ("https://api.flowroute.com/", "http://simulator:8090"),
    "public_url": ("https://relay.example/below/a/path/", "http://[::1]:8080"),
    "redis_url": (
        SecretStr("rediss://:p@redis.example:6380/2"),
        SecretStr("unix:///run/redis.sock?db=1"),
    ),
    "listen": ("0.0.0.0:8082", "[::]:0"),
    "metrics_listen": ("0.0.0.0:9464",),
    "send_timeout_seconds": (60,),
    "ledger_retention_hours": (720,),
    "unknown_lookups_seconds": ("0.1, 3600",),
    **dict.fromkeys(RATES, (0.01, 0.5, 100_000)),
}
INVALID: dict[str, tuple[object, ...]] = {
    "flowroute_url": (
        *("", "api.flowroute.com", "ftp://api.flowroute.com", "https://", "https://:443"),
        *("https://api.flowroute.com/v2.2", "https://api.flowroute.com/v2/", "https://[::1"),
        *("https://u:p@api.flowroute.com", "https://api.flowroute.com?x=1"),
        *("https://api.flowroute.com:port", "https://api.flowroute.com:99999"),
    ),
    "public_url": ("relay.example", "https://relay.example/#x"),
    "redis_url": ("", "http://redis.example", "redis.example:6379"),
    "listen": ("", "8082", ":8082", "host:", "host:port", "::1:1"),
    "metrics_listen": ("9464",),
    "send_timeout_seconds": (0, -1, 61, "soon", float("nan")),
    "flowroute_access_key": ("",),
    "flowroute_secret_key": ("",),
    "ledger_key": ("", "fifteen-letters"),
    "former_ledger_keys": (
        *("fifteen-letters", "sixteen-letters-,fifteen-letters"),
        "\n".join([f"sixteen-letters-{at}" for at in range(9)]),
    ),
    "ledger_retention_hours": (0, 71, 721, "for ever"),
    "log_level": ("loud",),
    "media_timeout_seconds": (0, 15.1),
    "unknown_lookups_seconds": (
        *("", "soon", "5,", "5;15", "0", "0.05,1", "3601", "-5", "nan", "inf", "5,5", "15,5"),
        ",".join(map(str, range(1, 12))),
    ),
    **dict.fromkeys(RATES, (0, -1, 100_001, "fast", float("nan"), float("inf"))),
}


@pytest.mark.parametrize("name", VALID)
def test_valid_values_are_accepted(name: str) -> None:
    for value in VALID[name]:
        settings = Settings.model_validate({**DEPLOYED, name: value})
        assert not str(getattr(settings, name)).endswith("/")


@pytest.mark.parametrize("name", INVALID)
def test_invalid_values_are_refused(name: str) -> None:
    for value in INVALID[name]:
        with pytest.raises(ValidationError) as caught:
            Settings.model_validate({name: value})
        [problem] = caught.value.errors(include_input=False)
        assert problem["loc"] == (name,), value


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


@pytest.mark.parametrize(
    ("written", "former"),
    [
        ("", ()),
        (DEVELOPMENT_LEDGER_KEY, (DEVELOPMENT_LEDGER_KEY,)),
        ("sixteen-letters-, sixteen-letters+", ("sixteen-letters-", "sixteen-letters+")),
        # With one key a line, a comma is part of a key.
        ("sixteen,letters-\r\nsixteen-letters+\n", ("sixteen,letters-", "sixteen-letters+")),
    ],
)
def test_former_ledger_keys_follow_the_current_one(written: str, former: tuple[str, ...]) -> None:
    settings = Settings(ledger_key=CURRENT, former_ledger_keys=SecretStr(written))
    assert settings.ledger_keys == ("the current ledger key", *former)
    assert settings.uses_development_ledger_key == (DEVELOPMENT_LEDGER_KEY in former)


def test_a_ledger_key_that_is_too_short_is_refused_with_advice() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters, such as `openssl rand"):
        Settings(ledger_key=SecretStr("hunter2"))
