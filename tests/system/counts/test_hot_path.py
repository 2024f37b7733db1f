"""What a relayed message costs, from its callback until it is settled: counts, not times.

They are those of a message on its own, at a load at which no two are handled together. Round trips
and writes decide how long a message takes, and how many a busy disk can accept.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.measuring.counts import count
from bench.measuring.run import run
from bench.systems.conversations import connect_people
from bench.systems.start import Carrier, start_maskline
from bench.systems.variants import Variant

SECONDS = 5
CONVERSATIONS = 10
# The commit; the read of the outbox, the look before sending, the claim with its place in the rate,
# the carrier's answer, the settlement. What one message adds by chance is less than a half.
ROUND_TRIPS = 6
# The commit, the claim, the carrier's answer, the settlement.
FSYNCS = 4
# Of the gateway and of the conversation service.
GRPC_CALLS = 2
BY_CHANCE = 0.5


@pytest.mark.slow
def test_a_relayed_message_takes_few_round_trips_writes_and_calls(tmp_path: Path) -> None:
    with ExitStack() as resources:
        carrier = Carrier.start(resources)
        maskline = Variant("maskline", counts_calls=True)
        system = start_maskline(resources, carrier, tmp_path, maskline)
        connect_people(system, carrier, CONVERSATIONS)
        # The first message of each person is loaded.
        run(system, carrier, 2 * CONVERSATIONS)
        counts = count(system, carrier, SECONDS)
    assert counts.round_trips < ROUND_TRIPS + BY_CHANCE
    assert counts.fsyncs < FSYNCS + BY_CHANCE
    assert counts.grpc_calls < GRPC_CALLS + BY_CHANCE
