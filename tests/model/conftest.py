"""Says how much was done."""

import pytest

STEPS_DONE = pytest.StashKey[int]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    steps = config.stash.get(STEPS_DONE, None)
    if steps is not None:
        terminalreporter.write_line(f"model: {steps} steps beside the service")
