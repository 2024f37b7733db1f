"""The routes of the control API."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, replace
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.clock import Clock
from simulator.carrier import Carrier, NoSuchPhone
from simulator.control import bodies, media_bodies, problems
from simulator.control.faults_api import fault_routes
from simulator.control.services import Services
from simulator.control.stream import EventStreamResponse, stream
from simulator.media.files import with_base_url
from simulator.phones import text_view

# Each open page has one.
MAX_READERS = 64
# A file must not run anything on the page's origin.
MEDIA_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class ControlApi:
    """Phones, texts, settings and events of one carrier."""

    def __init__(
        self, carrier: Carrier, clock: Clock, services: Services, public_url: str | None
    ) -> None:
        self._carrier = carrier
        self._clock = clock
        self._services = services
        self._public_url = public_url
        self._readers = 0

    async def phones(self, _request: Request) -> Response:
        """`GET /simulator/phones`: all phones and the account's numbers."""
        numbers = list(self._carrier.numbers)
        return JSONResponse({"phones": self._carrier.phones.numbers(), "masked_numbers": numbers})

    async def add_phone(self, request: Request) -> Response:
        """`POST /simulator/phones` {"number"}; an existing phone stays unchanged."""
        number = bodies.number(await bodies.read_fields(request), "number")
        self._carrier.phones.add(number)
        return JSONResponse({"number": number}, HTTPStatus.CREATED)

    async def remove_phone(self, request: Request) -> Response:
        """`DELETE /simulator/phones/{number}`, with all its texts."""
        self._carrier.remove_phone(_phone(request.path_params))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def texts(self, request: Request) -> Response:
        """`GET /simulator/phones/{number}/texts`, oldest first, with absolute media addresses."""
        phone = _phone(request.path_params)
        if phone not in self._carrier.phones:
            raise NoSuchPhone
        base_url = str(request.base_url).rstrip("/")
        texts = [
            text_view(replace(text, media=with_base_url(base_url, text.media)))
            for text in self._carrier.phones.texts(phone)
        ]
        return JSONResponse({"texts": texts})

    async def type_text(self, request: Request) -> Response:
        """`POST /simulator/phones/{number}/texts` {"to", "body", "media"?}."""
        fields = await bodies.read_fields(request)
        text = self._carrier.type_text(
            _phone(request.path_params),
            bodies.number(fields, "to"),
            bodies.message_body(fields),
            media_bodies.attachments(fields),
            self._public_url or str(request.base_url).rstrip("/"),
        )
        return JSONResponse({"id": text.id}, HTTPStatus.ACCEPTED)

    async def resend(self, request: Request) -> Response:
        """`POST /simulator/texts/{id}/resend`: sends the same callback now."""
        self._carrier.resend(request.path_params["text_id"])
        return JSONResponse({}, HTTPStatus.ACCEPTED)

    async def services(self, _request: Request) -> Response:
        """`GET /simulator/services`: the health of Maskline's services now, and the time."""
        services = [asdict(service) for service in await self._services.check()]
        return JSONResponse({"services": services, "time": self._clock.now().isoformat()})

    async def settings(self, _request: Request) -> Response:
        """`GET /simulator/settings`."""
        return JSONResponse(asdict(self._carrier.behaviour))

    async def change_settings(self, request: Request) -> Response:
        """`PUT /simulator/settings`; omitted fields stay unchanged."""
        fields = await bodies.read_fields(request)
        self._carrier.change_behaviour(bodies.behaviour(fields, self._carrier.behaviour))
        return JSONResponse(asdict(self._carrier.behaviour))

    async def opt_out(self, request: Request) -> Response:
        """`PUT` and `DELETE /simulator/opt-outs/{phone}/{number}`: like STOP and UNSTOP."""
        self._carrier.block(
            bodies.number(request.path_params, "phone"),
            bodies.number(request.path_params, "number"),
            blocked=request.method == "PUT",
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def media(self, request: Request) -> Response:
        """`GET /simulator/media/{id}/{file_name}`: an attachment of either direction.

        403 after expiry, as S3 responds to an old signature.
        """
        stored = self._carrier.media.find(request.path_params["media_id"])
        if stored is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "This file does not exist.")
        if stored.expired:
            raise HTTPException(HTTPStatus.FORBIDDEN, "This URL has expired.")
        file = stored.file
        return Response(file.content, headers=MEDIA_HEADERS, media_type=file.mime_type)

    async def events(self, request: Request) -> Response:
        """`GET /simulator/events`, resumed after Last-Event-ID."""
        if self._readers >= MAX_READERS:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too many event streams are open.")
        events = self._counted(stream(self._carrier.feed, request.headers.get("last-event-id")))
        return EventStreamResponse(events)

    async def _counted(self, events: AsyncIterator[str]) -> AsyncIterator[str]:
        self._readers += 1
        try:
            async for event in events:
                yield event
        finally:
            self._readers -= 1


def control_api(
    carrier: Carrier, clock: Clock, services: Services, public_url: str | None
) -> Starlette:
    """The application to mount at /simulator."""
    api = ControlApi(carrier, clock, services, public_url)
    return Starlette(
        routes=[
            Route("/phones", api.phones, methods=["GET"]),
            Route("/phones", api.add_phone, methods=["POST"]),
            Route("/phones/{number}", api.remove_phone, methods=["DELETE"]),
            Route("/phones/{number}/texts", api.texts, methods=["GET"]),
            Route("/phones/{number}/texts", api.type_text, methods=["POST"]),
            Route("/texts/{text_id}/resend", api.resend, methods=["POST"]),
            Route("/services", api.services, methods=["GET"]),
            Route("/settings", api.settings, methods=["GET"]),
            Route("/settings", api.change_settings, methods=["PUT"]),
            Route("/opt-outs/{phone}/{number}", api.opt_out, methods=["PUT", "DELETE"]),
            Route("/media/{media_id}/{file_name}", api.media, methods=["GET"]),
            Route("/events", api.events, methods=["GET"]),
            *fault_routes(carrier.faults),
        ],
        exception_handlers={
            **dict.fromkeys(problems.PROBLEMS, problems.handle_carrier_error),
            problems.BadRequest: problems.handle_bad_request,
            HTTPException: problems.handle_http_error,
        },
    )


def _phone(path_params: Mapping[str, object]) -> str:
    return bodies.number(path_params, "number")
