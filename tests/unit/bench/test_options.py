from pathlib import Path

import pytest

from bench.options import ENCRYPTION, QUICK, SCALE, SKELETON, Options, read


def test_at_least_five_rounds_are_measured_by_default() -> None:
    assert read([]) == Options()
    assert Options().repetitions >= 5
    assert Options().parts == (SKELETON, ENCRYPTION)
    assert read(["--quick"]) == QUICK
    chosen = read(["scale", "--rounds", "8", "--conversations", "5000"])
    assert (chosen.parts, chosen.repetitions, chosen.many_conversations) == ((SCALE,), 8, 5000)


def test_another_checkout_needs_an_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(["--against", str(tmp_path)])
    assert "make install" in capsys.readouterr().err
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    assert read(["--against", str(tmp_path)]).against == tmp_path


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(SystemExit):
        read(["prices"])
