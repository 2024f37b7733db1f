"""What the gateway hands in is answered item by item, and taken once."""

from uuid import uuid4

from conformance.kit.client import item_reason
from conformance.kit.numbers import NOBODYS_NUMBER
from conformance.kit.own_pool import OwnPool, Talk
from maskline.conversation.v1 import message_pb2
from maskline.ingest.v1 import ingest_pb2

BATCH_LIMIT = 256


def message(talk: Talk, **fields: str) -> ingest_pb2.InboundMessage:
    made = ingest_pb2.InboundMessage(
        carrier_message_id=f"mdr2-{uuid4().hex}",
        from_number=talk.people[0],
        to_number=talk.conversation.masked_number,
        body="hello",
    )
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def receive(
    own: OwnPool, *messages: ingest_pb2.InboundMessage
) -> list[ingest_pb2.IngestMessageResult]:
    request = ingest_pb2.IngestMessagesRequest(messages=messages)
    return list(own.ask(own.client.ingest.IngestMessages, request).results)


def receive_receipts(
    own: OwnPool, *receipts: ingest_pb2.DeliveryReceipt
) -> list[ingest_pb2.IngestDeliveryReceiptResult]:
    request = ingest_pb2.IngestDeliveryReceiptsRequest(receipts=receipts)
    return list(own.ask(own.client.ingest.IngestDeliveryReceipts, request).results)


def test_a_text_with_the_same_carrier_id_is_taken_once(own: OwnPool) -> None:
    talk = own.active()
    text, other = message(talk), message(talk)
    outcomes = [result.outcome for result in receive(own, text, text, other)]
    accepted, repeated = ingest_pb2.INGEST_OUTCOME_ACCEPTED, ingest_pb2.INGEST_OUTCOME_REPEATED
    assert outcomes == [accepted, repeated, accepted]
    assert receive(own, text)[0].outcome == repeated
    request = message_pb2.ListMessagesRequest(conversation_id=talk.conversation_id)
    relayed = own.ask(own.client.conversations.ListMessages, request).messages
    authors = [one.author_participant_id for one in relayed if one.author_participant_id]
    assert authors == [talk.participant_id] * 2


def test_a_bad_text_fails_none_of_its_neighbours(own: OwnPool) -> None:
    talk = own.active()
    results = receive(
        own,
        message(talk),
        message(talk, from_number="1"),
        message(talk, to_number=NOBODYS_NUMBER),
        message(talk),
    )
    assert [item_reason(result.error) for result in results] == [
        "",
        "INVALID_ARGUMENT",
        "MASKED_NUMBER_NOT_FOUND",
        "",
    ]
    for result in results:
        is_refused = result.outcome == ingest_pb2.INGEST_OUTCOME_REFUSED
        assert is_refused is bool(result.error.message)
        assert talk.people[0][1:] not in result.error.message


def test_a_bad_receipt_fails_none_of_its_neighbours(own: OwnPool) -> None:
    unknown = f"mdr2-{uuid4().hex}"
    results = receive_receipts(
        own,
        ingest_pb2.DeliveryReceipt(carrier_message_id=unknown),
        ingest_pb2.DeliveryReceipt(carrier_message_id="not an id"),
        ingest_pb2.DeliveryReceipt(carrier_message_id=unknown, send_token="forged" * 7),
        ingest_pb2.DeliveryReceipt(carrier_message_id=unknown),
    )
    unmatched, refused = ingest_pb2.RECEIPT_OUTCOME_UNMATCHED, ingest_pb2.RECEIPT_OUTCOME_REFUSED
    assert [result.outcome for result in results] == [unmatched, refused, refused, unmatched]
    assert item_reason(results[1].error) == "INVALID_ARGUMENT"
    assert item_reason(results[2].error) == "SEND_TOKEN_INVALID"


def test_a_batch_holds_something_and_not_too_much(own: OwnPool) -> None:
    texts = [message(own.active())] * (BATCH_LIMIT + 1)
    for request in (
        ingest_pb2.IngestMessagesRequest(),
        ingest_pb2.IngestMessagesRequest(messages=texts),
        ingest_pb2.IngestDeliveryReceiptsRequest(),
        ingest_pb2.IngestDeliveryReceiptsRequest(
            receipts=[ingest_pb2.DeliveryReceipt()] * (BATCH_LIMIT + 1)
        ),
    ):
        refusal = own.client.refusal(request)
        assert refusal.reason == "INVALID_ARGUMENT"
        assert refusal.fields <= {"messages", "receipts"}
