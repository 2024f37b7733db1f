"""`docs/registration.py` prints a pool's own texts, as people get them."""

import sys
from pathlib import Path

import pytest

import registration
from conversation_service.app.pools_file import read_pools

POOL = """
[pools.rides]
masked_numbers = ["+12065550100"]
operator_name = "Rides"
contact = "206-555-0199"
lifecycle = { join_code_lifetime = "1h" }
keywords = { end_opts_out = true, words = { start = ["go"], opt_in = ["back"] } }
templates = { opened = "{operator}|text here. {help}, {stop}." }
system_message_prefix = "R>"
"""


@pytest.fixture
def pools_file(tmp_path: Path) -> Path:
    """A file with one pool that differs from the defaults in all that the form asks for."""
    path = tmp_path / "pools.toml"
    path.write_text(POOL)
    return path


def rows(page: str) -> dict[str, str]:
    """The texts of the form by field."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return dict(line.strip("| ").split(" | ", 1) for line in lines)


def printed(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["registration.py", str(path)])
    registration.main()
    return capsys.readouterr().out


def test_the_form_holds_the_pools_own_texts_filled_in(
    pools_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = printed(pools_file, monkeypatch, capsys)
    form = rows(page)
    assert "## Pool `rides`" in page
    assert form["brand: name that people see"] == "Rides"
    assert form["brand: how people reach you"] == "206-555-0199"
    assert form["numbers"] == "1: +12065550100"
    # A bar in a text does not end the cell.
    assert form["sample message 2 (`opened`)"] == r"R> Rides\|text here. HELP, STOP."
    assert form["opt-in message"] == form["sample message 1 (`code`)"]
    code = "R> Rides: your code is 7K2M9P. The other person texts JOIN 7K2M9P to this number within"
    assert form["sample message 1 (`code`)"].startswith(f"{code} 60 minutes.")
    assert form["help message"] == form["sample message 4 (`help`)"]
    assert form["opt-out message"] == form["sample message 5 (`opted_out`)"]
    assert "R> Rides: you are connected." in form["sample message 3 (`you_joined`)"]


def test_the_form_holds_the_pools_own_keywords(
    pools_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    form = rows(printed(pools_file, monkeypatch, capsys))
    assert form["opt-in keywords"] == "GO, BACK"
    assert {"STOP", "END"} <= {*form["opt-out keywords"].split(", ")}
    assert form["help keywords"] == "HELP, INFO, AIDE"
    assert "a person texts GO to the number" in form["opt-in (call to action, message flow)"]


def test_it_says_whether_messages_hold_a_phone_number(pools_file: Path) -> None:
    form = rows(registration.render_registration(read_pools(pools_file)))
    assert form["phone numbers in messages"].startswith("yes")
    pools_file.write_text(POOL.replace("206-555-0199", "help@example.org"))
    form = rows(registration.render_registration(read_pools(pools_file)))
    assert form["phone numbers in messages"].startswith("none")


def test_many_numbers_need_the_approval_of_a_number_pool(pools_file: Path) -> None:
    numbers = ", ".join(f'"+120655501{index:02}"' for index in range(50))
    pools_file.write_text(POOL.replace('"+12065550100"', numbers))
    form = rows(registration.render_registration(read_pools(pools_file)))
    assert form["numbers"] == "50: ask for approval of a number pool (over 49)"


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["missing.toml"]])
def test_without_a_usable_file_it_ends_with_a_message(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["registration.py", *arguments])
    with pytest.raises(SystemExit, match=r"usage|cannot be read"):
        registration.main()
