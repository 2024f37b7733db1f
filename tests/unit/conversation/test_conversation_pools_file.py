"""The TOML file that names the pools."""

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

OF_THE_REPOSITORY = Path(__file__).parents[3] / "deploy" / "pools.toml"

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
allows_block = false
allows_report = false
allows_erase = true
end_opts_out = true

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
    allows_block=False,
    allows_report=False,
    allows_erase=True,
    end_opts_out=True,
    words={"start": ("Arranca",), "opt_out": ("Basta",)},
    texts={"ended": "Adios. {stop}"},
)

NUMBERS = 'numbers = ["+12065550100"]\n'
OPERATOR = 'operator = "Test exchange"\n'
POOL = f"[pools.main]\n{NUMBERS}{OPERATOR}"

WRONG = [
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
    (f'{POOL}attachment_policy = "SOME"', r"pools\.main\.attachment_policy: .*PICTURES"),
    (f"{POOL}segments_per_day = -1", r"pools\.main\.segments_per_day: .*no limit"),
    (f"{POOL}code_lifetime_seconds = 1", r"pools\.main\.code_lifetime_seconds: .*60 to 86400"),
    (f"{POOL}lifetime_seconds = {10**18}", r"pools\.main\.lifetime_seconds: "),
    (f'[pools.main]\n{NUMBERS}operator = "{"x" * 41}"', r"pools\.main\.operator: "),
    (f'[pools.main]\n{NUMBERS}operator = "caf\u00e9"', r"pools\.main\.operator: "),
    (f'{POOL}language = "tlh"', r"pools\.main\.language: .*en, es"),
    (f'{POOL}[pools.main.words]\ncolour = ["blue"]', r"pools\.main\.words\.colour: "),
    (f'{POOL}[pools.main.words]\nstart = ["stop"]', r"pools\.main\.words\.start: .*opt_out"),
    (f'{POOL}[pools.main.texts]\nended = "Over."', r"pools\.main\.texts\.ended: .*STOP"),
    (f"[pools.Main]\n{NUMBERS}{OPERATOR}", r"pools\.Main: .*lower-case"),
    (
        f"{POOL}[pools.b]\n{NUMBERS}{OPERATOR}",
        r"pools\.b\.numbers\.0: is listed twice, first as pools\.main\.numbers\.0",
    ),
    (f'{POOL}reserved_numbers = ["+12065550100"]', r"reserved_numbers\.0: is listed twice"),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "pools.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_pools_are_read_with_their_settings_and_defaults(tmp_path: Path) -> None:
    main, other = read_pools(written(tmp_path, WHOLE))
    assert (main.name, main.settings) == ("main", MAIN)
    assert (other.name, other.settings) == ("other", PoolSettings("Another one"))


def test_reserved_numbers_are_of_the_pool_and_marked(tmp_path: Path) -> None:
    main, other = read_pools(written(tmp_path, WHOLE))
    assert main.numbers == (
        MaskedNumber("+12065550100"),
        MaskedNumber("+12065550101"),
        MaskedNumber("+12065550103", is_reserved=True),
    )
    assert other.numbers == (MaskedNumber("+12065550102"),)


def test_every_setting_can_be_written_in_the_file() -> None:
    spans = {one.name for one in fields(PoolSettings) if isinstance(one.default, timedelta)}
    [main, _] = tomllib.loads(WHOLE)["pools"].values()
    keys = {f"{one.name}_seconds" if one.name in spans else one.name for one in fields(MAIN)}
    assert keys == main.keys() - {"numbers", "reserved_numbers"}


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_file_that_cannot_be_used_is_refused_with_the_place_and_the_reason(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(PoolsFileError, match=told):
        read_pools(written(tmp_path, text))


def test_everything_that_breaks_a_rule_is_told_at_once_and_no_number_shown(tmp_path: Path) -> None:
    broken = f"{POOL}cool_off_seconds = 3000000\n[pools.b]\n{NUMBERS}operator = ''\n"
    with pytest.raises(PoolsFileError) as refused:
        read_pools(written(tmp_path, broken))
    told = str(refused.value)
    for place in ("main.cool_off_seconds", "main.kept_after_end_seconds", "b.operator", "twice"):
        assert place in told
    assert "5550100" not in told


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolsFileError, match="cannot be read"):
        read_pools(tmp_path / "none.toml")


def test_the_file_of_the_repository_is_usable() -> None:
    [main] = read_pools(OF_THE_REPOSITORY)
    assert main.name == "main"
    assert main.settings == PoolSettings("Maskline demo")
    assert main.numbers == (MaskedNumber("+12065550100"), MaskedNumber("+12065550101"))


def test_the_file_of_the_repository_shows_every_setting_as_it_is_unless_set(tmp_path: Path) -> None:
    shown = re.sub(r"(?m)^#(?! )", "", OF_THE_REPOSITORY.read_text(encoding="utf-8"))
    [main] = read_pools(written(tmp_path, shown))
    [usual] = read_pools(OF_THE_REPOSITORY)
    assert len(tomllib.loads(shown)["pools"]["main"]) == len(fields(PoolSettings)) + 2
    for one in fields(PoolSettings):
        if one.name not in ("words", "texts"):
            assert getattr(main.settings, one.name) == getattr(usual.settings, one.name)
