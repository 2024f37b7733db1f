"""Ctrl-C waits for what must be finished, once."""

import os
import signal

import pytest

from maskline_cli.connection.interrupts import uninterrupted


def press() -> None:
    """As a terminal does it."""
    os.kill(os.getpid(), signal.SIGINT)


def write_line(presses: int, written: list[str]) -> None:
    """Something that must be finished, interrupted that often on the way."""
    with uninterrupted():
        for _ in range(presses):
            press()
        written.append("line")


def test_what_is_under_way_is_finished_before_ctrl_c_counts() -> None:
    written: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        write_line(1, written)
    assert written == ["line"]


def test_a_second_ctrl_c_does_not_wait() -> None:
    written: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        write_line(2, written)
    assert written == []


def test_ctrl_c_is_what_it_was_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
