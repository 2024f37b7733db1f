"""The figures of a fault run."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from chaos.deployment.injector import Injected
from chaos.results.artifacts import write_timeline
from chaos.results.checker import CheckResult
from chaos.results.messages import Expected, Place, Received, RunContext
from chaos.results.report import Result, report_lines

BOB, NUMBER = "+13015550101", "+12065550100"
NOTHING: dict[str, tuple[str, ...]] = {"lost": (), "doubled": ()}
RIGHT = Result(
    seed=7,
    planned_seconds=90.0,
    checks=CheckResult(relayed=40, replies=8, in_order=60, failed=1, notices=1, wrong=NOTHING),
    completed=3,
    unfinished=(),
    left={"texts left in the outbox": 0},
    injected=Injected(kills=Counter(gateway=2)),
    carrier_faults=Counter(hang=1, slow=0),
    logs=Path("logs"),
)


def test_a_right_run_tells_what_it_survived() -> None:
    failed = "\n".join(report_lines(RIGHT))
    assert RIGHT.is_right
    assert "WRONG" not in failed
    assert "(gateway 2)" in failed
    assert "(hang 1)" in failed


@pytest.mark.parametrize(
    ("changes", "artifacts"),
    [
        ({"checks": replace(RIGHT.checks, wrong={"lost": ("in-1",)})}, "lost: in-1"),
        ({"unfinished": ("4.0.1",)}, "conversations that stuck: 4.0.1"),
        ({"left": {"texts left in the outbox": 2}}, "again: make faults SEED=7 MINUTES=1.5"),
        ({"numbers_in_logs": 1}, "logs: logs"),
    ],
)
def test_a_wrong_run_is_wrong_and_tells_how_to_look_into_it(
    changes: dict[str, object], artifacts: str
) -> None:
    # Each case names fields of different types.
    result = replace(RIGHT, **changes)  # type: ignore[arg-type]
    assert not result.is_right
    assert artifacts in "\n".join(report_lines(result))


def test_the_timeline_names_texts_and_times_and_neither_words_nor_numbers(tmp_path: Path) -> None:
    place = Place(BOB, NUMBER, "~1 hello")
    expected = Expected("in-1", place, "alice", typed_at=1.0)
    received = Received("out-1", BOB, NUMBER, "~1 hello", "2026-01-01T00:00:01")
    path = tmp_path / "texts.tsv"
    write_timeline(path, [expected], [received], RunContext((NUMBER,), (BOB,), (), ("Not",)))
    written = path.read_text()
    assert "in-1" in written
    assert "out-1\t2026-01-01T00:00:01" in written
    assert "hello" not in written
    assert "5550" not in written
