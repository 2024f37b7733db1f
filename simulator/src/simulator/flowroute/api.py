"""The routes of one API version. Plain Starlette, as benchmarks send through them."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from itertools import islice

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.clock import Clock
from simulator.carrier import Carrier
from simulator.faults.kinds import Stage
from simulator.flowroute import errors, queries
from simulator.flowroute.authentication import Credentials
from simulator.flowroute.callbacks_api import CALLBACK_TYPES, CallbacksApi
from simulator.flowroute.documents import (
    accepted_document,
    message_document,
    messages_document,
    number_resource,
)
from simulator.flowroute.send_faults import response_after, response_instead, status_response
from simulator.flowroute.send_rates import SendLimiter
from simulator.flowroute.send_request import read_send_request
from simulator.media.client import MediaClient, MediaRejected
from simulator.phone_numbers import to_digits
from simulator.record_factory import SendRequest

Handler = Callable[[Request], Awaitable[Response]]


class MessagesApi:
    """`/messages` of v2.1 and v2.2; only v2.2 has prices."""

    def __init__(
        self,
        carrier: Carrier,
        clock: Clock,
        media: MediaClient,
        limiter: SendLimiter,
        *,
        priced: bool,
    ) -> None:
        self._limiter = limiter
        self._carrier = carrier
        self._clock = clock
        self._media = media
        self._priced = priced

    async def send(self, request: Request) -> Response:
        """`POST /messages`: 202 with the message's id, unless a fault applies."""
        outgoing = await read_send_request(request)
        self._limiter.admit(outgoing)
        self._carrier.check(outgoing)
        fault = self._carrier.faults.next_fault(
            Stage.SEND, outgoing.from_number, outgoing.to_number, outgoing.body
        )
        if fault is None:
            return await self._accept(request, outgoing)
        if instead := response_instead(fault, self._carrier.hanging_responses):
            return instead
        normal = await self._accept(request, outgoing)
        return response_after(fault, self._carrier.hanging_responses, normal)

    async def _accept(self, request: Request, outgoing: SendRequest) -> Response:
        if outgoing.media:
            files = await self._media.fetch_all(outgoing.media, outgoing.body)
            outgoing = replace(outgoing, files=files)
        record = self._carrier.send(outgoing)
        await self._carrier.receipts.wait_for_early(record)
        document = accepted_document(record, _link(request, record.id), priced=self._priced)
        return JSONResponse(document, HTTPStatus.ACCEPTED)

    async def list(self, request: Request) -> Response:
        """`GET /messages`: newest first, with a link to the next page, if any."""
        if fault := self._carrier.faults.next_fault(Stage.LISTING):
            return status_response(fault)
        page = queries.messages_page(request.query_params)
        start, end = queries.time_range(request.query_params, self._clock.now())
        matching = self._carrier.records.between(start, end)
        records = list(islice(matching, page.offset, page.offset + page.limit + 1))
        links = _next_link(request, page) if len(records) > page.limit else {}
        return JSONResponse({**messages_document(records[: page.limit]), "links": links})

    async def get(self, request: Request) -> Response:
        """`GET /messages/{id}`."""
        if fault := self._carrier.faults.next_fault(Stage.LISTING):
            return status_response(fault)
        record = self._carrier.records.find(request.path_params["message_id"])
        if record is None:
            raise errors.FlowrouteError(HTTPStatus.NOT_FOUND, "There is no such message.")
        return JSONResponse(message_document(record))


class NumbersApi:
    """`/numbers`, whose version is v2."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def list(self, request: Request) -> Response:
        """`GET /numbers`."""
        query = request.query_params
        page = queries.numbers_page(query)
        matching = [n for n in self._carrier.numbers if queries.number_filter(query, n)]
        numbers = matching[page.offset : page.offset + page.limit]
        resources = [_linked_number(request, number) for number in numbers]
        links = {"self": str(request.url)}
        if len(matching) > page.offset + page.limit:
            links |= _next_link(request, page)
        return JSONResponse({"data": resources, "links": links})

    async def get(self, request: Request) -> Response:
        """`GET /numbers/{id}`; the id is the number's digits."""
        digits = request.path_params["number_id"]
        number = next((n for n in self._carrier.numbers if to_digits(n) == digits), None)
        if number is None:
            raise errors.FlowrouteError(HTTPStatus.NOT_FOUND, "There is no such number.")
        return JSONResponse({"data": number_resource(number, str(request.url)), "included": []})


def messages_api(
    carrier: Carrier,
    clock: Clock,
    media: MediaClient,
    credentials: Credentials,
    limiter: SendLimiter,
    *,
    priced: bool,
) -> Starlette:
    """The application to mount at /v2.1 or /v2.2."""
    api = MessagesApi(carrier, clock, media, limiter, priced=priced)
    return _application(
        Route("/messages", authenticated(credentials, api.send), methods=["POST"]),
        Route("/messages", authenticated(credentials, api.list), methods=["GET"]),
        *_callback_routes(carrier, credentials),
        Route("/messages/{message_id}", authenticated(credentials, api.get), methods=["GET"]),
    )


def _callback_routes(carrier: Carrier, credentials: Credentials) -> Iterator[Route]:
    """They must precede `/messages/{message_id}`, which matches callback types too."""
    for name, kind in CALLBACK_TYPES.items():
        api, path = CallbacksApi(carrier, kind), f"/messages/{name}"
        yield Route(path, authenticated(credentials, api.get), methods=["GET"])
        yield Route(path, authenticated(credentials, api.put), methods=["PUT"])
        yield Route(path, authenticated(credentials, api.delete), methods=["DELETE"])


def numbers_api(carrier: Carrier, credentials: Credentials) -> Starlette:
    """The application to mount at /v2."""
    api = NumbersApi(carrier)
    return _application(
        Route("/numbers", authenticated(credentials, api.list), methods=["GET"]),
        Route("/numbers/{number_id}", authenticated(credentials, api.get), methods=["GET"]),
    )


def authenticated(credentials: Credentials, handler: Handler) -> Handler:
    """The handler, preceded by a check of the credentials."""

    async def checked(request: Request) -> Response:
        credentials.check(request)
        return await handler(request)

    return checked


def _application(*routes: Route) -> Starlette:
    return Starlette(
        routes=list(routes),
        exception_handlers={
            **dict.fromkeys(errors.ERRORS, errors.handle_carrier_error),
            errors.FlowrouteError: errors.handle_flowroute_error,
            MediaRejected: errors.handle_media_rejected,
            HTTPException: errors.handle_http_error,
        },
    )


def _next_link(request: Request, page: queries.Page) -> dict[str, str]:
    following = request.url.include_query_params(limit=page.limit, offset=page.offset + page.limit)
    return {"next": str(following)}


def _linked_number(request: Request, number: str) -> dict[str, object]:
    return number_resource(number, _link(request, to_digits(number)))


def _link(request: Request, resource_id: str) -> str:
    """The URL of one member of the requested collection."""
    return f"{str(request.url).partition('?')[0]}/{resource_id}"
