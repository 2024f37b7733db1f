"""The TOML file of pools."""

import re
import tomllib
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from conversation_service.app.pools_file import PoolsFileError, read_pools
from conversation_service.domain.model.pool import (
    AttachmentPolicy,
    MaskedNumber,
    NumberPreference,
    PausePolicy,
    PoolSettings,
    UnknownPolicy,
)

DEFAULT_FILE = Path(__file__).parents[4] / "deploy" / "pools.toml"

WHOLE = """
[pools.main]
numbers = ["+12065550100", "+12065550101"]
reserved_numbers = ["+12065550103"]
operator = "Test exchange"
language = "es"
code_lifetime_seconds = 600
idle_lifetime_seconds = 3600
lifetime_seconds = 7200
warning_lead_seconds = 60
cool_off_seconds = 0
reopen_grace_seconds = 120
kept_after_end_seconds = 86400
receipts_kept_seconds = 345600
messages_kept_seconds = 432000
events_kept_seconds = 518400
dead_letters_kept_seconds = 7200
number_preference = "AVOID_STICKY"
pause_policy = "REFUSE"
text_validity_seconds = 540
unknown_policy = "PREFER_DUPLICATE"
attachment_policy = "ALL"
segments_per_minute = 75
segments_per_day = 2000
max_message_segments = 3
relayed_per_minute = 20
relayed_per_day = 300
allows_block = false
allows_report = false
allows_erase = true
end_opts_out = true
system_message_prefix = "[Acme]"

[pools.main.words]
start = ["Arranca"]
opt_out = ["Basta"]

[pools.main.texts]
ended = "Adios. {stop}"

[pools.other]
numbers = ["+12065550102"]
operator = "Another one"
"""
MAIN = PoolSettings(
    operator="Test exchange",
    language="es",
    code_lifetime=timedelta(minutes=10),
    idle_lifetime=timedelta(hours=1),
    lifetime=timedelta(hours=2),
    warning_lead=timedelta(minutes=1),
    cool_off=timedelta(0),
    reopen_grace=timedelta(minutes=2),
    kept_after_end=timedelta(days=1),
    receipts_kept=timedelta(days=4),
    messages_kept=timedelta(days=5),
    events_kept=timedelta(days=6),
    dead_letters_kept=timedelta(hours=2),
    number_preference=NumberPreference.AVOID_STICKY,
    pause_policy=PausePolicy.REFUSE,
    text_validity=timedelta(minutes=9),
    unknown_policy=UnknownPolicy.PREFER_DUPLICATE,
    attachment_policy=AttachmentPolicy.ALL,
    segments_per_minute=75,
    segments_per_day=2000,
    max_message_segments=3,
    relayed_per_minute=20,
    relayed_per_day=300,
    allows_block=False,
    allows_report=False,
    allows_erase=True,
    end_opts_out=True,
    system_message_prefix="[Acme]",
    words={"start": ("Arranca",), "opt_out": ("Basta",)},
    texts={"ended": "Adios. {stop}"},
)

NUMBERS = 'numbers = ["+12065550100"]\n'
OPERATOR = 'operator = "Test exchange"\n'
POOL = f"[pools.main]\n{NUMBERS}{OPERATOR}"

VIOLATIONS = [
    ("not toml [", "is not TOML"),
    ("", "pools: Field required"),
    ("[pools]", "pools: .* at least 1"),
    (f"[pools.main]\n{OPERATOR}", r"pools\.main\.numbers: "),
    (f"[pools.main]\n{NUMBERS}", r"pools\.main\.operator: "),
    (f"[pools.main]\nnumbers = []\n{OPERATOR}", r"pools\.main\.numbers: "),
    (f'[pools.main]\nnumbers = ["2065550100"]\n{OPERATOR}', r"pools\.main\.numbers\.0: .*E\.164"),
    (f'{POOL}reserved_numbers = ["x"]', r"pools\.main\.reserved_numbers\.0: .*E\.164"),
    (f"{POOL}colour = 1", r"pools\.main\.colour: "),
    (f'{POOL}pause_policy = "MAYBE"', r"pools\.main\.pause_policy: .*HOLD"),
    (f"{POOL}code_lifetime_seconds = 1", r"pools\.main\.code_lifetime_seconds: .*60 to 86400"),
    (f"{POOL}lifetime_seconds = {10**18}", r"pools\.main\.lifetime_seconds: "),
    (f'{POOL}language = "tlh"', r"pools\.main\.language: .*en, es"),
    (f'{POOL}[pools.main.words]\nstart = ["stop"]', r"pools\.main\.words\.start: .*opt_out"),
    (f'{POOL}[pools.main.texts]\nended = "Over."', r"pools\.main\.texts\.ended: .*STOP"),
    (f"[pools.Main]\n{NUMBERS}{OPERATOR}", r"pools\.Main: .*lower-case"),
    (
        f"{POOL}[pools.b]\n{NUMBERS}{OPERATOR}",
        r"pools\.b\.numbers\.0: is listed twice, first as pools\.main\.numbers\.0",
    ),
    (f'{POOL}reserved_numbers = ["+12065550100"]', r"reserved_numbers\.0: is listed twice"),
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
    assert (other.name, other.settings) == ("other", PoolSettings("Another one"))
    assert other.numbers == (MaskedNumber("+12065550102"),)


def test_the_file_above_has_every_setting() -> None:
    [main, _] = tomllib.loads(WHOLE)["pools"].values()
    keys = {
        f"{field.name}_seconds" if isinstance(field.default, timedelta) else field.name
        for field in fields(PoolSettings)
    }
    assert keys == main.keys() - {"numbers", "reserved_numbers"}


@pytest.mark.parametrize(("text", "message"), VIOLATIONS)
def test_a_violation_is_reported_with_its_place_and_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(PoolsFileError, match=message):
        read_pools(write(tmp_path, text))


def test_all_violations_are_reported_together_without_phone_numbers(tmp_path: Path) -> None:
    text = f"{POOL}cool_off_seconds = 3000000\n[pools.b]\n{NUMBERS}operator = ''\n"
    with pytest.raises(PoolsFileError) as refused:
        read_pools(write(tmp_path, text))
    message = str(refused.value)
    for part in ("main.cool_off_seconds", "main.kept_after_end_seconds", "b.operator", "twice"):
        assert part in message
    assert "5550100" not in message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolsFileError, match="cannot be read"):
        read_pools(tmp_path / "none.toml")


def test_the_file_of_the_repository_defines_one_pool_with_default_settings() -> None:
    [main] = read_pools(DEFAULT_FILE)
    assert main.name == "main"
    assert main.settings == PoolSettings("Maskline demo")
    assert main.numbers == (MaskedNumber("+12065550100"), MaskedNumber("+12065550101"))


def test_the_file_of_the_repository_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    uncommented = re.sub(r"(?m)^#(?! )", "", DEFAULT_FILE.read_text(encoding="utf-8"))
    assert len(tomllib.loads(uncommented)["pools"]["main"]) == len(fields(PoolSettings)) + 2
    [main] = read_pools(write(tmp_path, uncommented))
    [defaults] = read_pools(DEFAULT_FILE)
    for field in fields(PoolSettings):
        if field.name not in ("words", "texts"):
            assert getattr(main.settings, field.name) == getattr(defaults.settings, field.name)
