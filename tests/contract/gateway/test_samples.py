import json
from pathlib import Path
from typing import TypedDict

import pytest
from google.protobuf.json_format import ParseDict

from gateway.callbacks.delivery_receipt import parse_receipt
from gateway.callbacks.inbound_message import parse_message
from maskline.ingest.v1 import ingest_pb2

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
RECEIPT_ADDRESS = "/api/receipt"


class Sample(TypedDict):
    """One file: a callback as it is posted, and the expected message in protobuf's JSON form."""

    about: str
    posted_to: str
    callback: dict[str, object]
    expected: dict[str, object]


def parse(sample: Sample) -> ingest_pb2.InboundMessage | ingest_pb2.DeliveryReceipt:
    body = json.dumps(sample["callback"], ensure_ascii=False).encode()
    if sample["posted_to"].startswith(RECEIPT_ADDRESS):
        send_token = sample["posted_to"].removeprefix(RECEIPT_ADDRESS).removeprefix("/attempt/")
        return parse_receipt(body, send_token)
    return parse_message(body)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_parsed_as_expected_with_new_keys_and_in_any_order(path: Path) -> None:
    sample: Sample = json.loads(path.read_text())
    parsed = parse(sample)
    assert parsed == ParseDict(sample["expected"], type(parsed)()), sample["about"]
    changed: Sample = {**sample, "callback": grown_and_reversed(sample["callback"])}
    assert parse(changed) == parsed


def grown_and_reversed(value: dict[str, object]) -> dict[str, object]:
    inner = {
        key: grown_and_reversed(item) if isinstance(item, dict) else item
        for key, item in value.items()
    }
    return {"added_without_notice": [1], **dict(reversed(inner.items()))}


def test_all_shapes_have_a_sample() -> None:
    messages = {"message_flat_mdr1", "message_flat_mdr2", "message_sms", "message_mms"}
    receipts = {"receipt_json_api", "receipt_without_data"}
    assert {path.stem for path in SAMPLES} >= messages | receipts
