import os
import signal

import pytest

from maskline_cli.connection.interrupts import uninterrupted


def write_line(presses: int, written: list[str]) -> None:
    """Something that must be finished, interrupted that often on the way."""
    with uninterrupted():
        for _ in range(presses):
            os.kill(os.getpid(), signal.SIGINT)
        written.append("line")


@pytest.mark.parametrize(("presses", "expected"), [(1, ["line"]), (2, [])])
def test_the_first_ctrl_c_waits_and_the_second_does_not(presses: int, expected: list[str]) -> None:
    written: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        write_line(presses, written)
    assert written == expected


def test_ctrl_c_is_what_it_was_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
