"""The printed figures of a run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.deployment.injector import Injected
from chaos.results.checker import CheckResult

# Enough to find the first of them in the logs.
IDS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Result:
    """One run. `left` has what was still missing at the end."""

    seed: int
    planned_seconds: float
    checks: CheckResult
    completed: int
    unfinished: tuple[str, ...]
    left: Mapping[str, int]
    injected: Injected = field(default_factory=Injected)
    carrier_faults: Counter[str] = field(default_factory=Counter)
    numbers_in_logs: int = 0
    logs: Path = Path()
    # The whole run, with the wait at the end.
    seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether every figure that must be 0 is."""
        broken = self.unfinished or self.numbers_in_logs or any(self.left.values())
        return self.checks.is_right and not broken


def report_lines(result: Result) -> list[str]:
    """All figures; errors come last, with what is needed to look into them."""
    checks = result.checks
    figures = {
        "conversations completed from start to end": result.completed,
        "texts relayed": checks.relayed,
        "pictures relayed": checks.pictures,
        "answers of Maskline": checks.replies,
        "texts that failed, sender failed": checks.failed,
        "other notices of Maskline": checks.notices,
        "pairs of texts whose order was compared": checks.in_order,
    }
    promised = {
        **{name: len(ids) for name, ids in checks.wrong.items()},
        "conversations that stuck": len(result.unfinished),
        **result.left,
        "phone numbers in logs": result.numbers_in_logs,
    }
    return [
        f"seed {result.seed}, {result.seconds:.0f} s",
        *(f"  {name:42} {figure:6}" for name, figure in figures.items()),
        *_injected("SIGKILL", result.injected.kills),
        *_injected("connections hurt", result.injected.disruptions),
        *_injected("clocks set wrong", result.injected.clock_steps),
        *_injected("carrier faults", result.carrier_faults),
        "  to be 0:",
        *(f"  {name:42} {figure:6}" for name, figure in promised.items()),
        *([] if result.is_right else _artifacts(result)),
    ]


def _injected(name: str, counts: Counter[str]) -> list[str]:
    each = ", ".join(f"{what} {number}" for what, number in sorted(counts.items()) if number)
    return [f"  {name:42} {counts.total():6}  ({each})"]


def _artifacts(result: Result) -> list[str]:
    """Ids, never bodies or numbers."""
    found = {**result.checks.wrong, "conversations that stuck": result.unfinished}
    failed = (f"  {name}: {' '.join(ids[:IDS_SHOWN])}" for name, ids in found.items() if ids)
    again = f"again: make faults SEED={result.seed} MINUTES={result.planned_seconds / 60:g}"
    return ["WRONG", *failed, f"  logs: {result.logs}", f"  {again}"]
