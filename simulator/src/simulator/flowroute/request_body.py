"""Request bodies in both shapes that v2.1 and v2.2 accept: flat, and JSON:API."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request

from simulator.flowroute.errors import FlowrouteError, unprocessable
from simulator.media.attachments import is_http_url

ACCEPTED_TYPES = frozenset({"application/json", "application/vnd.api+json"})

Fields = Mapping[str, object]


async def read_json_body(request: Request) -> bytes:
    """The body of a request with a JSON content type. Raises FlowrouteError 415."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ACCEPTED_TYPES:
        raise FlowrouteError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/vnd.api+json or application/json."
        )
    return await request.body()


def parse_fields(body: bytes) -> Fields:
    """The fields, from `data.attributes` if there is `data`. Raises FlowrouteError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FlowrouteError(HTTPStatus.BAD_REQUEST, "The body must be JSON.") from error
    if not isinstance(document, dict):
        raise FlowrouteError(HTTPStatus.BAD_REQUEST, "The body must be a JSON object.")
    if "data" not in document:
        return document
    data = document["data"]
    attributes = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(attributes, dict):
        unprocessable("'data.attributes' must be an object.")
    return attributes


def url(value: object, name: str) -> str:
    """An http or https URL. Raises FlowrouteError 422."""
    if not isinstance(value, str) or not is_http_url(value):
        unprocessable(f"'{name}' must hold http or https URLs.")
    return value
