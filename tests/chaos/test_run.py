"""A short fault run with a fixed seed. `make faults` makes long ones."""

from pathlib import Path

from chaos.results.report import report_lines
from chaos.run import run

SEED = 7
# Enough for every process to be killed and every carrier fault to happen once.
SECONDS = 32.0


async def test_nothing_is_lost_doubled_misrouted_or_reordered_while_everything_breaks(
    tmp_path: Path,
) -> None:
    result = await run(SEED, SECONDS, tmp_path)
    print(*report_lines(result), sep="\n")
    assert result.is_right, "\n".join(report_lines(result))
    # Otherwise the zeros mean nothing.
    assert result.checks.relayed > 100
    assert result.checks.in_order > 100
    assert result.checks.pictures > 0
    assert result.injected.kills.total() > 5
    assert result.injected.disruptions.total() > 5
    assert result.injected.clock_steps.total() > 1
    assert result.carrier_faults.total() > 5
