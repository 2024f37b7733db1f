"""The routes of one API version. They are Starlette's: benchmarks send through them."""

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
from simulator.flowroute.send_faults import answer_after, answer_instead, status_answer
from simulator.flowroute.send_request import read_send_request
from simulator.media.client import MediaClient, MediaRefused
from simulator.phone_numbers import to_digits
from simulator.record_factory import SendRequest

Handler = Callable[[Request], Awaitable[Response]]


class MessagesApi:
    """`/messages` of v2.1 and v2.2; only the latter tells prices."""

    def __init__(self, carrier: Carrier, clock: Clock, media: MediaClient, *, priced: bool) -> None:
        self._carrier = carrier
        self._clock = clock
        self._media = media
        self._priced = priced

    async def send(self, request: Request) -> Response:
        """`POST /messages`: 202 with the message's id, unless a fault has it otherwise."""
        outgoing = await read_send_request(request)
        self._carrier.check(outgoing)
        fault = self._carrier.faults.strike(
            Stage.SEND, outgoing.from_number, outgoing.to_number, outgoing.body
        )
        if fault is None:
            return await self._take(request, outgoing)
        if instead := answer_instead(fault, self._carrier.patience):
            return instead
        usual = await self._take(request, outgoing)
        return answer_after(fault, self._carrier.patience, usual)

    async def _take(self, request: Request, outgoing: SendRequest) -> Response:
        if outgoing.media:
            files = await self._media.fetch_all(outgoing.media, outgoing.body)
            outgoing = replace(outgoing, files=files)
        record = self._carrier.send(outgoing)
        await self._carrier.receipts.before_answer(record)
        document = accepted_document(record, _link(request, record.id), priced=self._priced)
        return JSONResponse(document, HTTPStatus.ACCEPTED)

    async def list(self, request: Request) -> Response:
        """`GET /messages`: newest first, with a link to the next page if there is one."""
        if fault := self._carrier.faults.strike(Stage.LISTING):
            return status_answer(fault)
        page = queries.messages_page(request.query_params)
        start, end = queries.time_range(request.query_params, self._clock.now())
        found = self._carrier.records.between(start, end)
        records = list(islice(found, page.offset, page.offset + page.limit + 1))
        links = _next_link(request, page) if len(records) > page.limit else {}
        return JSONResponse({**messages_document(records[: page.limit]), "links": links})

    async def get(self, request: Request) -> Response:
        """`GET /messages/{id}`."""
        if fault := self._carrier.faults.strike(Stage.LISTING):
            return status_answer(fault)
        record = self._carrier.records.find(request.path_params["message_id"])
        if record is None:
            raise errors.FlowrouteError(HTTPStatus.NOT_FOUND, "There is no such message.")
        return JSONResponse(message_document(record))


class NumbersApi:
    """`/numbers`, which has stayed at v2."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def list(self, request: Request) -> Response:
        """`GET /numbers`."""
        query = request.query_params
        page = queries.numbers_page(query)
        found = [n for n in self._carrier.numbers if queries.number_filter(query, n)]
        listed = found[page.offset : page.offset + page.limit]
        resources = [_linked_number(request, number) for number in listed]
        links = {"self": str(request.url)}
        if len(found) > page.offset + page.limit:
            links |= _next_link(request, page)
        return JSONResponse({"data": resources, "links": links})


def messages_api(
    carrier: Carrier, clock: Clock, media: MediaClient, credentials: Credentials, *, priced: bool
) -> Starlette:
    """The application to mount at /v2.1 or /v2.2."""
    api = MessagesApi(carrier, clock, media, priced=priced)
    return _application(
        Route("/messages", authenticated(credentials, api.send), methods=["POST"]),
        Route("/messages", authenticated(credentials, api.list), methods=["GET"]),
        *_callback_routes(carrier, credentials),
        Route("/messages/{message_id}", authenticated(credentials, api.get), methods=["GET"]),
    )


def _callback_routes(carrier: Carrier, credentials: Credentials) -> Iterator[Route]:
    """They stand before the messages, for a callback type looks like a message's id."""
    for name, kind in CALLBACK_TYPES.items():
        api, path = CallbacksApi(carrier, kind), f"/messages/{name}"
        yield Route(path, authenticated(credentials, api.get), methods=["GET"])
        yield Route(path, authenticated(credentials, api.put), methods=["PUT"])
        yield Route(path, authenticated(credentials, api.delete), methods=["DELETE"])


def numbers_api(carrier: Carrier, credentials: Credentials) -> Starlette:
    """The application to mount at /v2."""
    api = NumbersApi(carrier)
    return _application(Route("/numbers", authenticated(credentials, api.list), methods=["GET"]))


def authenticated(credentials: Credentials, handler: Handler) -> Handler:
    """The handler behind a check of the keys."""

    async def checked(request: Request) -> Response:
        credentials.check(request)
        return await handler(request)

    return checked


def _application(*routes: Route) -> Starlette:
    handlers = dict.fromkeys(errors.REFUSALS, errors.answer_refusal)
    return Starlette(
        routes=list(routes),
        exception_handlers={
            **handlers,
            errors.FlowrouteError: errors.answer_flowroute_error,
            MediaRefused: errors.answer_media_refused,
            HTTPException: errors.answer_http_error,
        },
    )


def _next_link(request: Request, page: queries.Page) -> dict[str, str]:
    following = request.url.include_query_params(limit=page.limit, offset=page.offset + page.limit)
    return {"next": str(following)}


def _linked_number(request: Request, number: str) -> dict[str, object]:
    return number_resource(number, _link(request, to_digits(number)))


def _link(request: Request, name: str) -> str:
    """The address of one member of the collection that the request is about."""
    return f"{str(request.url).partition('?')[0]}/{name}"
