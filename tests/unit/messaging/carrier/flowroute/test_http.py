import ssl

import pytest

from messaging_service.carrier.flowroute.http import FlowrouteHttp
from messaging_service.config.settings import Settings
from messaging_service.media.fetch import MediaFetcher
from runtime.tls import shared_client_context


async def test_no_client_makes_a_tls_context_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_client_context()
    monkeypatch.delattr(ssl, "create_default_context")
    async with FlowrouteHttp(Settings()), MediaFetcher(timeout_seconds=1, connections=1):
        pass
