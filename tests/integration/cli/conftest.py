"""A scripted deployment for each test."""

from collections.abc import AsyncIterator

import pytest
from integration.cli.scripted import Deployment, serving


@pytest.fixture
async def deployment() -> AsyncIterator[Deployment]:
    """Answers as the test says."""
    async with serving() as running:
        yield running
