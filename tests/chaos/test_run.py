"""A short fault run with a fixed seed; `make faults` makes long ones with any."""

from pathlib import Path

from chaos.results.report import lines
from chaos.run import run

SEED = 7
# Long enough for every process to be killed and every carrier fault to come once.
SECONDS = 32.0


async def test_nothing_is_lost_doubled_misrouted_or_reordered_while_everything_breaks(
    tmp_path: Path,
) -> None:
    result = await run(SEED, SECONDS, tmp_path)
    print(*lines(result), sep="\n")
    assert result.is_right, "\n".join(lines(result))
    # Or the zeros would say nothing.
    assert result.verdict.relayed > 100
    assert result.verdict.in_order > 100
    assert result.injected.kills.total() > 5
    assert result.injected.harms.total() > 5
    assert result.spoiled.total() > 5
