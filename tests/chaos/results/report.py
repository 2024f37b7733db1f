"""The figures of a run as a person reads them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.deployment.injector import Injected
from chaos.results.checker import Verdict

# Enough to find the first of them in the logs.
IDS_TOLD = 20


@dataclass(frozen=True, slots=True)
class Result:
    """One run. `left` is what was still owed when everybody had waited long enough."""

    seed: int
    planned_seconds: float
    verdict: Verdict
    held: int
    unfinished: tuple[str, ...]
    left: Mapping[str, int]
    injected: Injected = field(default_factory=Injected)
    spoiled: Counter[str] = field(default_factory=Counter)
    numbers_in_logs: int = 0
    logs: Path = Path()
    # Of the whole run, the waiting until nothing was owed any more included.
    seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether every figure is as promised."""
        broken = self.unfinished or self.numbers_in_logs or any(self.left.values())
        return self.verdict.is_right and not broken


def lines(result: Result) -> list[str]:
    """All figures; what is wrong comes last, with what is needed to look into it."""
    verdict = result.verdict
    figures = {
        "conversations held from start to end": result.held,
        "texts relayed": verdict.relayed,
        "answers of Maskline": verdict.answered,
        "texts that failed, sender told": verdict.told,
        "other notices of Maskline": verdict.notices,
        "pairs of texts whose order was compared": verdict.in_order,
    }
    promised = {
        **{name: len(ids) for name, ids in verdict.wrong.items()},
        "conversations that stuck": len(result.unfinished),
        **result.left,
        "phone numbers in logs": result.numbers_in_logs,
    }
    return [
        f"seed {result.seed}, {result.seconds:.0f} s",
        *(f"  {name:42} {figure:6}" for name, figure in figures.items()),
        *_injected("SIGKILL", result.injected.kills),
        *_injected("connections hurt", result.injected.harms),
        *_injected("carrier faults", result.spoiled),
        "  to be 0:",
        *(f"  {name:42} {figure:6}" for name, figure in promised.items()),
        *([] if result.is_right else _evidence(result)),
    ]


def _injected(name: str, counts: Counter[str]) -> list[str]:
    each = ", ".join(f"{what} {number}" for what, number in sorted(counts.items()) if number)
    return [f"  {name:42} {counts.total():6}  ({each})"]


def _evidence(result: Result) -> list[str]:
    """Ids, never words or numbers."""
    found = {**result.verdict.wrong, "conversations that stuck": result.unfinished}
    told = (f"  {name}: {' '.join(ids[:IDS_TOLD])}" for name, ids in found.items() if ids)
    again = f"again: make faults SEED={result.seed} MINUTES={result.planned_seconds / 60:g}"
    return ["WRONG", *told, f"  logs: {result.logs}", f"  {again}"]
