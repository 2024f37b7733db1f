"""The TOML file of pools."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conversation_service.app.pools_file import PoolsFileError, read_pools
from conversation_service.domain.commands.operator.settings_update import SETTING_PATHS
from conversation_service.domain.model.pool import (
    AttachmentPolicy,
    CampaignBudget,
    ConsentSettings,
    KeywordSettings,
    LifecycleSettings,
    MaskedNumber,
    NumberPreference,
    PausePolicy,
    PoolSettings,
    RelaySettings,
    RetentionSettings,
    SendingSettings,
    UncertainSendPolicy,
)

DEFAULT_FILE = Path(__file__).parents[4] / "deploy" / "pools.toml"

# The paths of all settings, without the groups.
SETTINGS = {
    ".".join(path)
    for path in SETTING_PATHS
    if path and not any(other[: len(path)] == path for other in SETTING_PATHS if other != path)
}

WHOLE = """
[pools.main]
masked_numbers = ["+12065550100", "+12065550101"]
reserved_masked_numbers = ["+12065550103"]
operator_name = "Test exchange"
contact = "help@example.org"
language = "es"
system_message_prefix = "[Acme]"

[pools.main.lifecycle]
join_code_lifetime = "10m"
idle_timeout = "1h"
max_lifetime = "1h60m"
expiry_warning_lead = "60s"
cool_off = "0s"
reopen_window = "2m"

[pools.main.retention]
conversations = "1d"
idempotency_records = "3d24h"
messages = "5d"
events = "6d"
dead_letters = "2h"

[pools.main.sending]
message_validity = "9m"
uncertain_send_policy = "PREFER_DUPLICATE"
campaign_budget = { segments_per_minute = 75, segments_per_day = 2000 }

[pools.main.relay]
pause_policy = "REFUSE"
attachment_policy = "ALL"
number_preference = "AVOID_STICKY"
max_message_segments = 3
max_messages_per_minute = 20
max_messages_per_day = 300

[pools.main.keywords]
block_enabled = false
report_enabled = false
erase_enabled = true
end_opts_out = true

[pools.main.consent]
consent_reference_required = true
max_openings_per_day = 2
reopen_pause = "2d"

[pools.main.keywords.words]
start = ["Arranca"]
opt_out = ["Basta"]

[pools.main.templates]
ended = "Adios. {stop}"

[pools.other]
masked_numbers = ["+12065550102"]
operator_name = "Another one"
contact = "help@example.org"
"""
MAIN = PoolSettings(
    operator_name="Test exchange",
    contact="help@example.org",
    language="es",
    lifecycle=LifecycleSettings(
        join_code_lifetime=timedelta(minutes=10),
        idle_timeout=timedelta(hours=1),
        max_lifetime=timedelta(hours=2),
        expiry_warning_lead=timedelta(minutes=1),
        cool_off=timedelta(0),
        reopen_window=timedelta(minutes=2),
    ),
    retention=RetentionSettings(
        conversations=timedelta(days=1),
        idempotency_records=timedelta(days=4),
        messages=timedelta(days=5),
        events=timedelta(days=6),
        dead_letters=timedelta(hours=2),
    ),
    sending=SendingSettings(
        message_validity=timedelta(minutes=9),
        uncertain_send_policy=UncertainSendPolicy.PREFER_DUPLICATE,
        campaign_budget=CampaignBudget(segments_per_minute=75, segments_per_day=2000),
    ),
    relay=RelaySettings(
        pause_policy=PausePolicy.REFUSE,
        attachment_policy=AttachmentPolicy.ALL,
        number_preference=NumberPreference.AVOID_STICKY,
        max_message_segments=3,
        max_messages_per_minute=20,
        max_messages_per_day=300,
    ),
    keywords=KeywordSettings(
        words={"start": ("Arranca",), "opt_out": ("Basta",)},
        block_enabled=False,
        report_enabled=False,
        erase_enabled=True,
        end_opts_out=True,
    ),
    consent=ConsentSettings(
        consent_reference_required=True, max_openings_per_day=2, reopen_pause=timedelta(days=2)
    ),
    templates={"ended": "Adios. {stop}"},
    system_message_prefix="[Acme]",
)

NUMBERS = 'masked_numbers = ["+12065550100"]\n'
OPERATOR = 'operator_name = "Test exchange"\ncontact = "help@example.org"\n'
POOL = f"[pools.main]\n{NUMBERS}{OPERATOR}"
LIFECYCLE = f"{POOL}[pools.main.lifecycle]\n"

VIOLATIONS = [
    ("not toml [", "is not TOML"),
    ("", "pools: Field required"),
    ("[pools]", "pools: .* at least 1"),
    (f"[pools.main]\n{OPERATOR}", r"pools\.main\.masked_numbers: "),
    (f"[pools.main]\n{NUMBERS}", r"pools\.main\.operator_name: "),
    (f'[pools.main]\n{NUMBERS}operator_name = "A"\n', r"pools\.main\.contact: Field required"),
    (f"[pools.main]\nmasked_numbers = []\n{OPERATOR}", r"pools\.main\.masked_numbers: "),
    (
        f'[pools.main]\nmasked_numbers = ["2065550100"]\n{OPERATOR}',
        r"pools\.main\.masked_numbers\.0: .*E\.164",
    ),
    (
        f'{POOL}reserved_masked_numbers = ["x"]',
        r"pools\.main\.reserved_masked_numbers\.0: .*E\.164",
    ),
    (f"{POOL}colour = 1", r"pools\.main\.colour: "),
    (f"{POOL}lifecycle = 1", r"pools\.main\.lifecycle: "),
    (f'{LIFECYCLE}colour = "1m"', r"pools\.main\.lifecycle\.colour: "),
    (f'{POOL}relay.pause_policy = "MAYBE"', r"pools\.main\.relay\.pause_policy: .*HOLD"),
    (f'{LIFECYCLE}idle_timeout = "1s"', r"pools\.main\.lifecycle\.idle_timeout: .*60 to 31536000"),
    *(
        (
            f"{LIFECYCLE}idle_timeout = {duration}",
            r'pools\.main\.lifecycle\.idle_timeout: must be a duration, such as "90s"',
        )
        for duration in ("600", '""', '"soon"', '"m"', '"-1m"', '"1m1h"', '"9999999d"', "[]", "1.5")
    ),
    (f'{POOL}language = "tlh"', r"pools\.main\.language: .*en, es"),
    (
        f'{POOL}[pools.main.keywords.words]\nstart = ["stop"]',
        r"pools\.main\.keywords\.words\.start: .*opt_out",
    ),
    (f'{POOL}[pools.main.templates]\nended = "Over."', r"pools\.main\.templates\.ended: .*STOP"),
    (f"[pools.Main]\n{NUMBERS}{OPERATOR}", r"pools\.Main: .*lower-case"),
    (
        f"{POOL}[pools.b]\n{NUMBERS}{OPERATOR}",
        r"pools\.b\.masked_numbers\.0: is listed twice, first as pools\.main\.masked_numbers\.0",
    ),
    (
        f'{POOL}reserved_masked_numbers = ["+12065550100"]',
        r"reserved_masked_numbers\.0: is listed twice",
    ),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "pools.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_pools_are_read_with_their_settings_numbers_and_defaults(tmp_path: Path) -> None:
    main, other = read_pools(write(tmp_path, WHOLE))
    assert (main.name, main.settings) == ("main", MAIN)
    assert main.numbers == (
        MaskedNumber("+12065550100"),
        MaskedNumber("+12065550101"),
        MaskedNumber("+12065550103", is_reserved=True),
    )
    assert (other.name, other.settings) == (
        "other",
        PoolSettings("Another one", "help@example.org"),
    )
    assert other.numbers == (MaskedNumber("+12065550102"),)


def test_the_file_above_has_every_setting() -> None:
    [main, _] = tomllib.loads(WHOLE)["pools"].values()
    assert settings_in(main) == SETTINGS


def settings_in(table: Mapping[str, Any]) -> set[str]:
    """The paths of the settings in a pool's table."""
    entries = {key: table[key] for key in table if not key.endswith("masked_numbers")}
    return {path for path in SETTINGS if _has(entries, path.split("."))}


def _has(table: Mapping[str, Any], path: Sequence[str]) -> bool:
    name, *rest = path
    return name in table and (not rest or _has(table[name], rest))


@pytest.mark.parametrize(("text", "message"), VIOLATIONS)
def test_a_violation_is_reported_with_its_place_and_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(PoolsFileError, match=message):
        read_pools(write(tmp_path, text))


def test_all_violations_are_reported_together_without_phone_numbers(tmp_path: Path) -> None:
    text = f'{LIFECYCLE}cool_off = "35d"\n[pools.b]\n{NUMBERS}operator_name = ""\ncontact = ""\n'
    with pytest.raises(PoolsFileError) as refused:
        read_pools(write(tmp_path, text))
    message = str(refused.value)
    for part in ("main.lifecycle.cool_off", "main.retention.conversations", "b.operator", "twice"):
        assert part in message
    assert "5550100" not in message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolsFileError, match="cannot be read"):
        read_pools(tmp_path / "none.toml")


def test_the_file_of_the_repository_defines_one_pool_with_default_settings() -> None:
    [main] = read_pools(DEFAULT_FILE)
    assert main.name == "main"
    assert main.settings == PoolSettings("Maskline demo", "help@example.org")
    assert main.numbers == (MaskedNumber("+12065550100"), MaskedNumber("+12065550101"))


def test_the_file_of_the_repository_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    uncommented = re.sub(r"(?m)^#(?! )", "", DEFAULT_FILE.read_text(encoding="utf-8"))
    assert settings_in(tomllib.loads(uncommented)["pools"]["main"]) == SETTINGS
    [main] = read_pools(write(tmp_path, uncommented))
    [defaults] = read_pools(DEFAULT_FILE)
    assert replace(main.settings, templates={}, keywords=KeywordSettings()) == defaults.settings
    assert replace(main.settings.keywords, words={}) == KeywordSettings()
