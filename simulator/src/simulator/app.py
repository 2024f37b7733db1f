"""The whole simulator as one application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from runtime.clock import Clock
from simulator.callbacks.client import CallbackClient
from simulator.callbacks.sender import Post
from simulator.carrier import Behaviour, Carrier
from simulator.control.api import control_api
from simulator.control.services import Services
from simulator.flowroute.api import messages_api, numbers_api
from simulator.flowroute.authentication import Credentials
from simulator.flowroute.send_rates import SendLimiter, SendRates
from simulator.http.body import BodyLimit
from simulator.http.connections import Connections
from simulator.media.client import MediaClient
from simulator.page import page_routes
from simulator.settings import Settings
from simulator.storage.data_file import DataFile


def create_carrier(settings: Settings, clock: Clock, post: Post) -> Carrier:
    """A carrier with the behaviour of the settings, and their phones unless it has stored ones.

    Raises DataFileUnusable.
    """
    carrier = Carrier(
        numbers=settings.numbers,
        gateway_url=settings.gateway_url,
        callback_token=settings.current_callback_token,
        clock=clock,
        post=post,
        resend_interval=timedelta(seconds=settings.resend_interval_seconds),
        behaviour=Behaviour(
            settings.callback_shape, settings.receipt_shape, settings.handset_receipts
        ),
        data_file=DataFile(settings.data_file),
    )
    if not carrier.phones.numbers():
        for phone in settings.phones:
            carrier.phones.add(phone)
    return carrier


def create_app(
    settings: Settings, clock: Clock, carrier: Carrier, client: CallbackClient
) -> Starlette:
    """The carrier's API, the control API and the page, for one carrier."""
    media = MediaClient()
    services = Services(settings.gateway_url, settings.messaging_target)
    rates = SendRates(settings.sms_per_second, settings.mms_per_second)
    limiter = SendLimiter(rates, clock)
    credentials = Credentials(
        settings.access_key.get_secret_value(), settings.secret_key.get_secret_value()
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(_send_callbacks(carrier))
        yield
        worker.cancel()
        await carrier.callback_sender.stop()
        await client.close()
        await media.close()
        await services.close()
        # Last, as a callback in flight may still change its text.
        carrier.data_file.close()

    return Starlette(
        routes=[
            Route("/healthz", _healthz, methods=["GET"]),
            Mount("/v2.2", messages_api(carrier, clock, media, credentials, limiter, priced=True)),
            Mount("/v2.1", messages_api(carrier, clock, media, credentials, limiter, priced=False)),
            Mount("/v2", numbers_api(carrier, credentials)),
            Mount("/simulator", control_api(carrier, clock, services, settings.public_url)),
            *page_routes(),
        ],
        middleware=[Middleware(Connections), Middleware(BodyLimit)],
        lifespan=lifespan,
    )


async def _send_callbacks(carrier: Carrier) -> None:
    while True:
        await carrier.callback_sender.work()


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
