from collections.abc import AsyncIterator

import pytest
from integration.simulator.running_simulator import Simulator, running_simulator

from support.clock import ManualClock


@pytest.fixture
async def simulator(clock: ManualClock) -> AsyncIterator[Simulator]:
    async with running_simulator(clock) as running:
        yield running
