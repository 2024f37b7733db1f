"""The TOML file that names the pools."""

from datetime import timedelta
from pathlib import Path

import pytest

from conversation_service.domain.words import Words
from conversation_service.serve.pools_file import PoolsFileError, read_pools

WHOLE = """
[pools.main]
numbers = ["+12065550100", "+12065550101"]
operator = "Test exchange"
code_lifetime_seconds = 600
idle_lifetime_seconds = 3600

[pools.main.words]
start = ["Inicio"]
opt_out = ["Basta"]

[pools.other]
numbers = ["+12065550102"]
operator = "Another one"
"""
NUMBERS = 'numbers = ["+12065550100"]\n'
OPERATOR = 'operator = "Test exchange"\n'

WRONG = [
    ("not toml [", "is not TOML"),
    ("", "pools"),
    ("[pools]", "at least 1"),
    (f"[pools.main]\n{OPERATOR}", "numbers"),
    (f"[pools.main]\n{NUMBERS}", "operator"),
    (f"[pools.main]\nnumbers = []\n{OPERATOR}", "numbers"),
    (f'[pools.main]\nnumbers = ["2065550100"]\n{OPERATOR}', "E.164"),
    (f"[pools.main]\n{NUMBERS}{OPERATOR}colour = 1", "colour"),
    (f"[pools.main]\n{NUMBERS}{OPERATOR}code_lifetime_seconds = 1", "code_lifetime_seconds"),
    (f'[pools.main]\n{NUMBERS}operator = "{"x" * 41}"', "operator"),
    (f'[pools.main]\n{NUMBERS}operator = "caf\u00e9"', "operator"),
    (f"[pools.Main]\n{NUMBERS}{OPERATOR}", "lower-case"),
    (f"[pools.a]\n{NUMBERS}{OPERATOR}[pools.b]\n{NUMBERS}{OPERATOR}", "twice"),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "pools.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_pools_are_read_with_their_settings_and_defaults(tmp_path: Path) -> None:
    main, other = read_pools(written(tmp_path, WHOLE))
    assert main.masked_numbers == ("+12065550100", "+12065550101")
    assert (main.name, main.operator) == ("main", "Test exchange")
    assert main.code_lifetime == timedelta(minutes=10)
    assert main.idle_lifetime == timedelta(hours=1)
    assert other.code_lifetime == timedelta(minutes=15)
    assert other.words == Words()


def test_words_can_be_chosen_but_no_opt_out_word_taken_away(tmp_path: Path) -> None:
    main, _ = read_pools(written(tmp_path, WHOLE))
    assert main.words.start == ("inicio",)
    assert main.words.opt_out == (*Words().opt_out, "basta")


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_file_that_cannot_be_used_is_refused_with_its_reason(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(PoolsFileError, match=told):
        read_pools(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolsFileError, match="cannot be read"):
        read_pools(tmp_path / "none.toml")


def test_the_file_of_the_repository_is_usable() -> None:
    [main] = read_pools(Path(__file__).parents[3] / "deploy" / "pools.toml")
    assert main.name == "main"
    assert main.masked_numbers == ("+12065550100", "+12065550101")
