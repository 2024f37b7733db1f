"""What the gateway promises of any callback, said as functions of its bytes."""

from pathlib import Path

import gateway
from conversation_service.domain.errors import InvalidArgument
from conversation_service.rpc.ingest.items import delivery_receipt, inbound_message
from gateway.callbacks.delivery_receipt import parse_receipt
from gateway.callbacks.inbound_message import parse_message
from gateway.problems import MalformedCallback
from maskline.ingest.v1 import ingest_pb2

_SOURCE = "".join(path.read_text() for path in Path(gateway.__file__).parent.rglob("*.py"))
# The two fields that a sentence is about.
_FIELDS = ("from ", "to ")


def message_callback(data: bytes) -> None:
    """A body is read into what the conversation service takes, or refused in a fixed sentence."""
    try:
        callback = parse_message(data)
    except MalformedCallback as refusal:
        _repeats_nothing(refusal)
        return
    if isinstance(callback, ingest_pb2.InboundMessage):
        _text_is_taken(callback)
    else:
        _receipt_is_taken(callback)


def receipt_callback(data: bytes) -> None:
    """The same of a receipt; before a NUL, which JSON has not, stands the token of the address."""
    token, separator, body = data.partition(b"\0")
    try:
        receipt = parse_receipt(body, token.decode("latin-1")) if separator else parse_receipt(data)
    except MalformedCallback as refusal:
        _repeats_nothing(refusal)
        return
    _receipt_is_taken(receipt)


def _repeats_nothing(refusal: MalformedCallback) -> None:
    sentence = str(refusal)
    for field in _FIELDS:
        sentence = sentence.removeprefix(field)
    assert sentence in _SOURCE
    assert refusal.__cause__ is None
    assert refusal.__context__ is None or refusal.__suppress_context__


def _text_is_taken(text: ingest_pb2.InboundMessage) -> None:
    """A text that the conversation service calls malformed would be lost without a word."""
    read = ingest_pb2.InboundMessage.FromString(text.SerializeToString())
    assert read == text
    assert not isinstance(inbound_message(read), InvalidArgument)


def _receipt_is_taken(receipt: ingest_pb2.DeliveryReceipt) -> None:
    read = ingest_pb2.DeliveryReceipt.FromString(receipt.SerializeToString())
    assert read == receipt
    assert not isinstance(delivery_receipt(read), InvalidArgument)
