"""Opens Flowroute's adapter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from messaging_service.carrier.adapter import Capabilities, CarrierAdapter, CarrierParts
from messaging_service.carrier.flowroute.account import FlowrouteAccount
from messaging_service.carrier.flowroute.http import FlowrouteHttp
from messaging_service.carrier.flowroute.records import FlowrouteRecords
from messaging_service.carrier.flowroute.send import FlowrouteClient

CAPABILITIES = Capabilities(inbound_records=True, outbound_records=True, receipt_per_attempt=True)


@asynccontextmanager
async def open_flowroute(parts: CarrierParts) -> AsyncIterator[CarrierAdapter]:
    """The adapter, until its connections are closed."""
    settings, clock = parts.settings, parts.clock
    async with FlowrouteHttp(settings) as http:
        yield CarrierAdapter(
            "flowroute",
            CAPABILITIES,
            FlowrouteClient(http, settings, clock, parts.tokens),
            FlowrouteAccount(http, settings, clock),
            FlowrouteRecords(http, parts.limiter, settings, clock),
        )
