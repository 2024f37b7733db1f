"""The figures of a fault run say what was done, what came of it, and where to look when wrong."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from chaos.deployment.injector import Injected
from chaos.results.artifacts import write_timeline
from chaos.results.report import Result, lines
from chaos.results.messages import Expected, Place, Received, World
from chaos.results.checker import Verdict

BOB, NUMBER = "+13015550101", "+12065550100"
NOTHING: dict[str, tuple[str, ...]] = {"lost": (), "doubled": ()}
RIGHT = Result(
    seed=7,
    planned_seconds=90.0,
    verdict=Verdict(relayed=40, answered=8, in_order=60, told=1, notices=1, wrong=NOTHING),
    held=3,
    unfinished=(),
    left={"texts left in the outbox": 0},
    injected=Injected(kills=Counter(gateway=2)),
    spoiled=Counter(hang=1, slow=0),
    logs=Path("logs"),
)


def test_a_right_run_tells_what_it_survived() -> None:
    told = "\n".join(lines(RIGHT))
    assert RIGHT.is_right
    assert "WRONG" not in told
    assert "(gateway 2)" in told
    assert "(hang 1)" in told


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"verdict": replace(RIGHT.verdict, wrong={"lost": ("in-1",)})}, "lost: in-1"),
        ({"unfinished": ("4.0.1",)}, "conversations that stuck: 4.0.1"),
        ({"left": {"texts left in the outbox": 2}}, "again: make faults SEED=7 MINUTES=1.5"),
        ({"numbers_in_logs": 1}, "logs: logs"),
    ],
)
def test_a_wrong_run_is_wrong_and_tells_how_to_look_into_it(
    changes: dict[str, object], evidence: str
) -> None:
    # Each case names fields of different types.
    result = replace(RIGHT, **changes)  # type: ignore[arg-type]
    assert not result.is_right
    assert evidence in "\n".join(lines(result))


def test_the_timeline_names_texts_and_times_and_neither_words_nor_numbers(tmp_path: Path) -> None:
    place = Place(BOB, NUMBER, "~1 hello")
    expected = Expected("in-1", place, "alice", typed_at=1.0)
    received = Received("out-1", BOB, NUMBER, "~1 hello", "2026-01-01T00:00:01")
    path = tmp_path / "texts.tsv"
    write_timeline(path, [expected], [received], World((NUMBER,), (BOB,), (), "Not"))
    written = path.read_text()
    assert "in-1" in written
    assert "out-1\t2026-01-01T00:00:01" in written
    assert "hello" not in written
    assert "5550" not in written
