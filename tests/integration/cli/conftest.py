from collections.abc import AsyncIterator

import pytest
from integration.cli.samples import POOL
from integration.cli.scripted import Deployment, serving

from maskline.admin.v1.pool_pb2 import GetPoolResponse


@pytest.fixture
async def deployment() -> AsyncIterator[Deployment]:
    async with serving() as running:
        running.answers("GetPool", GetPoolResponse(pool=POOL))
        yield running
