from http import HTTPStatus

import pytest

from runtime.logging.redaction import DROPPED, FIELDS, SPAN_FIELDS, redacted, redacted_name

PASSING: dict[str, object] = {
    "event": "call_failed",
    "level": "warning",
    "reason": "backend-unavailable",
    "code": "UNAVAILABLE",
    "error": "ConnectionError",
    "logger": "uvicorn.error",
    "at": "gateway/callbacks.py:63",
    "listen": "127.0.0.1:8080",
    "timestamp": "2026-11-23T12:00:00.980000Z",
    "since": "2026-11-23T12:00:00+00:00",
    "message_id": "01JC3Z9K8QH2V4T6W8Y0A1B2C3",
    "message_ids": ["m-1", "m-2"],
    "carrier_message_id": "mdr1-01234567890123456789012345678901",
    "pool": "main",
    "texts": 16,
    "status": HTTPStatus.NOT_FOUND,
    "seconds": 1.5,
    "files": ["tls.pem", "tls.key"],
    "setting": "CONVERSATION_STATE_KEY, CONVERSATION_CALLERS_FILE",
    "route": "/api/receipt/attempt/{send_token}",
    "method": "/maskline.ingest.v1.IngestService/IngestMessages",
    "rpc_service": "maskline.conversation.v1.ConversationService",
    "detail": "id is missing or is not a string of 1 to 128 printable ASCII characters.",
    "role": None,
}


def redact(name: str, value: object) -> object:
    return redacted([(name, value)])[name]


@pytest.mark.parametrize("name", PASSING)
def test_a_listed_field_with_a_fitting_value_passes_unchanged(name: str) -> None:
    assert redact(name, PASSING[name]) == PASSING[name]


LEAKS: list[object] = [
    *("+14255550111", "4255550111", "tel:+1-425-555-0111", "%2B14255550111", b"+14255550111"),
    *(14255550111, 4255550111, 14255550111.0, ValueError("+14255550111"), ["+14255550111"]),
    *({"+14255550111": "+14255550111"}, ("4255550111", 4255550111)),
]


@pytest.mark.parametrize("leak", LEAKS, ids=repr)
def test_no_field_passes_a_number_in_any_form(leak: object) -> None:
    for name in FIELDS:
        passed = str(redacted([(name, leak)]))
        assert "555" not in passed, name
        assert "[dropped]" in passed or "[number]" in passed, name


TOKEN_PATHS = ("/api/receipt/attempt/c2VuZC10b2tlbg", "/media/Zm9vYmFyMTIzNA.png")
ADDRESS = f"https://carrier.example{TOKEN_PATHS[0]}"
SENTENCES = ("detail", "why", "advice", "problem")


@pytest.mark.parametrize("text", ["meet me at noon, quillmark", *TOKEN_PATHS, ADDRESS, "a\nb"])
def test_no_field_but_our_own_sentences_passes_text_or_addresses(text: str) -> None:
    for name in set(FIELDS) - set(SENTENCES):
        assert redact(name, text) == DROPPED, name


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_is_one_line_without_addresses(name: str) -> None:
    for text in (ADDRESS, "a\nb", "märke", "x" * 301):
        assert redact(name, text) == DROPPED


def test_a_field_that_is_not_listed_is_only_counted() -> None:
    fields = [("status", 200), ("+14255550111", 1), ("body", "quillmark")]
    assert redacted(fields) == {"status": 200, "dropped": 2}


def test_long_lists_are_cut() -> None:
    assert redacted([("texts", [1] * 100)]) == {"texts": [1] * 64}


def test_spans_have_no_sentences() -> None:
    fields = [("detail", "fine"), ("status", 200)]
    assert redacted(fields, SPAN_FIELDS) == {"status": 200, "dropped": 1}


@pytest.mark.parametrize(
    "name",
    [
        *("decide_batch", "POST /api/receipt/attempt/{send_token}"),
        "maskline.messaging.v1.MessagingService/SendMessages",
    ],
)
def test_the_name_of_a_span_is_a_word_a_method_or_a_route_template(name: str) -> None:
    assert redacted_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("POST /api/receipt/attempt/c2VuZC10b2tlbg", "GET /media/+14255550111"),
        *("POST /api/message?from=4255550111", "meet me at noon", "send +14255550111"),
        *("4255550111", ""),
    ],
)
def test_any_other_name_is_dropped(name: str) -> None:
    assert redacted_name(name) == DROPPED
