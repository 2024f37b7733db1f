"""A small benchmark: all systems run, every message arrives, no figure is missing."""

import sys
from pathlib import Path

import pytest

from bench.measuring import against_skeleton, encryption, run, scale
from bench.measuring.against_skeleton import MASKLINE, OTHER
from bench.options import Options
from bench.reports import figures
from bench.reports.encryption import lines

pytestmark = pytest.mark.slow
SMALL = Options(
    repetitions=1,
    texts=80,
    seconds=1.0,
    counted_seconds=1.0,
    conversations=40,
    many_conversations=200,
    # This environment, as if it were another checkout's.
    against=Path(sys.prefix).parent,
)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the wait for duplicates, which other tests cover."""
    monkeypatch.setattr(run, "LATE_SECONDS", 0.0)


def test_the_cost_of_encryption_is_measured() -> None:
    *_, (name, [at_rest, _]) = lines(encryption.measure(SMALL))
    assert name == "bytes a live conversation"
    # Encrypted values are longer.
    assert at_rest.median > 1


def test_maskline_is_measured_beside_the_skeleton_and_another_checkout() -> None:
    measured = against_skeleton.measure(SMALL)
    assert measured.deployments == [MASKLINE, OTHER]
    for name in measured.deployments:
        reached = figures.of_hot_path(measured, name)
        assert all(figure.value.median > 0 for figure in reached)
        # Of the gateway and of the conversation service; fewer on a busy machine, and a few checks
        # of access that the idle share does not cover.
        assert 0 < measured.counts[name].grpc_calls <= 3
        kinds = {kind.name: kind for kind in measured.text_bytes[name]}
        assert kinds["outbox"].under_way > 0
        assert kinds["ledger"].after > 0
    assert figures.change(measured)


def test_few_and_many_conversations_are_measured() -> None:
    reached = figures.of_scale(scale.measure(SMALL), SMALL.many_conversations)
    assert all(figure.value.median > 0 for figure in reached)
