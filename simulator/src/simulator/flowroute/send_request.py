"""The body of `POST /messages`."""

from starlette.requests import Request

from simulator.flowroute.errors import unprocessable
from simulator.flowroute.request_body import Fields, parse_fields, read_json_body, url
from simulator.media.attachments import MAX_MEDIA, media_at
from simulator.phone_numbers import to_e164
from simulator.record_factory import SendRequest
from simulator.records import Media

# 4,096 characters are 30 segments. Flowroute publishes no limit; this one bounds memory.
MAX_BODY_CHARACTERS = 4_096

_BOOLEANS = {"true": True, "false": False}


async def read_send_request(request: Request) -> SendRequest:
    """Parses a request. Raises FlowrouteError 400, 415 or 422."""
    return parse_send_request(await read_json_body(request))


def parse_send_request(body: bytes) -> SendRequest:
    """Parses a body. Raises FlowrouteError 400 or 422."""
    fields = parse_fields(body)
    media = _media(fields)
    return SendRequest(
        from_number=_number(fields, "from"),
        to_number=_number(fields, "to"),
        body=_body(fields, required=not media),
        media=media,
        is_mms=bool(media) or _is_mms(fields),
        receipt_url=_receipt_url(fields),
    )


def _number(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if value is None:
        unprocessable(f"'{name}' is required.")
    try:
        return to_e164(_text(value))
    except ValueError:
        unprocessable(f"'{name}' must be a phone number such as +12065550100.")


def _body(fields: Fields, *, required: bool) -> str:
    value = fields.get("body")
    if value is None or value == "":
        return unprocessable("'body' is required.") if required else ""
    try:
        body = _text(value)
    except ValueError:
        unprocessable("'body' must be a string of valid Unicode.")
    if len(body) > MAX_BODY_CHARACTERS:
        unprocessable(f"'body' may have at most {MAX_BODY_CHARACTERS} characters.")
    return body


def _media(fields: Fields) -> tuple[Media, ...]:
    value = fields.get("media_urls")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_MEDIA:
        unprocessable(f"'media_urls' must be a list of at most {MAX_MEDIA} URLs.")
    return tuple(media_at(url(item, "media_urls")) for item in value)


def _receipt_url(fields: Fields) -> str | None:
    value = fields.get("dlr_callback")
    return None if value is None else url(value, "dlr_callback")


def _is_mms(fields: Fields) -> bool:
    """A boolean, or "true" and "false" as Flowroute's own SDK demos send it."""
    value = fields.get("is_mms", False)
    flag = _BOOLEANS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        unprocessable("'is_mms' must be true or false.")
    return flag


def _text(value: object) -> str:
    """A string that can be encoded as UTF-8. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("not a string")
    value.encode()
    return value
