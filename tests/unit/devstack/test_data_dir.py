import stat
from pathlib import Path

import pytest

from devstack.data_dir import DataDirectory, DataDirectoryInUse
from devstack.process import BYTES, LINES, last_lines


def test_a_folder_has_one_user_at_a_time(tmp_path: Path) -> None:
    folder = DataDirectory(tmp_path / "data")
    with folder.locked(), pytest.raises(DataDirectoryInUse, match="Ctrl-C"), folder.locked():
        pytest.fail("it was locked twice")
    with folder.locked():
        assert folder.valkey.is_dir()


def test_keys_are_private_differ_and_stay(tmp_path: Path) -> None:
    folder = DataDirectory(tmp_path)
    folder.make_keys()
    keys = [folder.state_key.read_text(), folder.ledger_key.read_text()]
    assert len(set(keys)) == 2
    assert all(len(key) >= 32 for key in keys)
    assert stat.S_IMODE(folder.state_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.ledger_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.state_key.parent.stat().st_mode) == 0o700
    folder.make_keys()
    assert [folder.state_key.read_text(), folder.ledger_key.read_text()] == keys


def test_a_crash_while_a_key_is_written_leaves_no_half_key(tmp_path: Path) -> None:
    folder = DataDirectory(tmp_path)
    folder.make_keys()
    folder.state_key.rename(folder.state_key.with_suffix(".unfinished")).write_text("half")
    folder.make_keys()
    assert len(folder.state_key.read_text()) >= 32


def test_the_end_of_a_log_is_short(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    log.write_text("".join(f"line {number}\n" for number in range(BYTES)))
    lines = last_lines(log).splitlines()
    assert len(lines) == LINES
    assert lines[-1].strip() == f"line {BYTES - 1}"


@pytest.mark.parametrize("content", [b"", None])
def test_a_log_without_lines_says_so(tmp_path: Path, content: bytes | None) -> None:
    log = tmp_path / "gateway.log"
    if content is not None:
        log.write_bytes(content)
    assert "nothing was written" in last_lines(log)
