"""The OpenAPI document, written by hand: the routes have no models to read it off.

A contract test holds it to the routes that are served and to the answers that they give.
"""

from collections.abc import Mapping

from gateway import problems
from gateway.openapi_examples import MESSAGES, RECEIPTS, Example

Json = dict[str, object]

DESCRIPTION = (
    "Takes the callbacks of the carrier, Flowroute: texts and delivery receipts. A callback is "
    "answered 200 only after it is committed; whatever else it is answered, nothing was taken. "
    "Hands out the files of texts that the carrier is to deliver. "
    "Where callback tokens are set, texts are taken at `/api/message/{callback token}` only, and "
    "receipts without a send token at `/api/receipt/{callback token}`."
)

_PROBLEM: Json = {
    "type": "object",
    "description": "A problem as RFC 9457 describes it. It repeats nothing of the request.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Names the reason."},
        "title": {"type": "string", "description": "The phrase of the status."},
        "status": {"type": "integer", "description": "The status, again."},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
    },
}

_CALLBACK: Json = {
    "type": "object",
    "description": "What the carrier posts, in `data` or flat. Unknown keys are ignored.",
    "additionalProperties": True,
}

_EMPTY: Json = {"type": "object", "description": "Nothing is told.", "maxProperties": 0}


def document(base: Mapping[str, object]) -> Json:
    """FastAPI's document with the paths and schemas that are served."""
    schemas = {"Problem": _PROBLEM, "Callback": _CALLBACK, "Empty": _EMPTY}
    return {**base, "paths": _paths(), "components": {"schemas": schemas}}


def _paths() -> Json:
    return {
        "/api/message": {"post": _message()},
        "/api/receipt": {"post": _receipt("receiveReceipt")},
        "/api/receipt/{send_token}": {
            "post": {
                **_receipt("receiveReceiptOfAttempt"),
                "parameters": [_SEND_TOKEN],
                "responses": _callback_responses(),
            }
        },
        "/media/{media_token}": {"get": {**_media(), "parameters": [_MEDIA_TOKEN]}},
        "/healthz": {"get": _healthz()},
        "/readyz": {"get": _readyz()},
    }


_SEND_TOKEN: Json = {
    "name": "send_token",
    "in": "path",
    "required": True,
    "description": "Names the attempt to send that the receipt is about.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}


_MEDIA_TOKEN: Json = {
    "name": "media_token",
    "in": "path",
    "required": True,
    "description": "The last part of the address that the carrier was given. It opens the file.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}


def _message() -> Json:
    return {
        "operationId": "receiveMessage",
        "summary": "Takes an inbound text, or a receipt of an account with one callback address",
        "requestBody": _body({**MESSAGES, **{f"receipt_{k}": v for k, v in RECEIPTS.items()}}),
        "responses": {**_callback_responses(), "401": _CREDENTIALS_NEEDED},
    }


def _receipt(operation_id: str) -> Json:
    return {
        "operationId": operation_id,
        "summary": "Takes a delivery receipt",
        "requestBody": _body(RECEIPTS),
        "responses": {**_callback_responses(), "401": _CREDENTIALS_NEEDED},
    }


def _media() -> Json:
    return {
        "operationId": "getFile",
        "summary": "Hands out a file of a text; HEAD tells the same without the file",
        "responses": {
            "200": {
                "description": "The file, without what identifies its sender. Keep no copy.",
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            },
            "404": _problem("No file is kept at this address, or not any more."),
            "500": _problem("The gateway failed; ask again."),
            "503": _problem("Something behind is not available; ask again.", _RETRY_AFTER),
        },
    }


def _healthz() -> Json:
    return {
        "operationId": "isAlive",
        "summary": "Whether the process lives",
        "responses": {"200": _done("It lives.")},
    }


def _readyz() -> Json:
    return {
        "operationId": "isReady",
        "summary": "Whether the conversation service takes calls",
        "responses": {
            "200": _done("It does."),
            "503": _problem("It does not take calls now; ask again.", _RETRY_AFTER),
        },
    }


def _callback_responses() -> Json:
    return {
        "200": _done("Committed, now or by an earlier callback with the same id."),
        "400": _problem("It can never be read; sending it again does not help."),
        "403": _problem("Callbacks are not taken from this address."),
        "404": _problem(
            "No pool owns the number that was texted, no text has this address for its "
            "receipts, or nothing is served here."
        ),
        "408": _problem("The body did not arrive in time."),
        "409": _problem("The id was taken before with other contents."),
        "413": _problem("The body is larger than any callback."),
        "429": _problem("Too much comes from this address, or was refused.", _RETRY_AFTER),
        "500": _problem("The gateway failed; send it again."),
        "503": _problem("Something behind is not available; send it again.", _RETRY_AFTER),
    }


_RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds to wait before sending it again.",
        "schema": {"type": "integer"},
    }
}


def _done(description: str) -> Json:
    return {"description": description, "content": _content("application/json", "Empty")}


def _problem(description: str, headers: Json | None = None) -> Json:
    told: Json = {
        "description": description,
        "content": _content(problems.MEDIA_TYPE, "Problem"),
    }
    return {**told, "headers": headers} if headers else told


def _body(examples: Mapping[str, Example]) -> Json:
    shape: Json = {"schema": {"$ref": "#/components/schemas/Callback"}, "examples": examples}
    return {
        "required": True,
        "description": "JSON in UTF-8. The content type is not looked at.",
        "content": {"application/json": shape, "application/vnd.api+json": shape},
    }


def _content(media_type: str, schema: str) -> Json:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


_CREDENTIALS_NEEDED = _problem(
    "The user or the password is missing or wrong.",
    {
        "WWW-Authenticate": {
            "description": "HTTP basic authentication.",
            "schema": {"type": "string"},
        }
    },
)
