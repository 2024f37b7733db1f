import pytest

from maskline_cli.connection.options import hoist_global_options, wants_json


@pytest.mark.parametrize(
    ("typed", "front"),
    [
        ("pools list --json", "--json pools list"),
        ("pools --pool city list", "--pool city pools list"),
        ("numbers list --pool=city --limit 5", "--pool=city numbers list --limit 5"),
        ("send c1 --system -- --json", "send c1 --system -- --json"),
        ("doctor --target", "--target doctor"),
        ("--timeout 3 doctor --gateway-url u", "--timeout 3 --gateway-url u doctor"),
    ],
)
def test_global_options_go_to_the_front_but_not_past_two_dashes(typed: str, front: str) -> None:
    assert hoist_global_options(typed.split()) == front.split()


def test_json_is_wanted_by_the_option_not_by_the_word() -> None:
    assert wants_json(["--json", "doctor"])
    assert not wants_json(["send", "c1", "--", "--json"])
