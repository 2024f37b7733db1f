"""Creates message records and the texts that phones show."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from simulator.callbacks.inbound import CallbackShape, id_prefix
from simulator.media.files import File
from simulator.phones import PhoneText, Side, TextState
from simulator.records import Direction, Media, MessageRecord, Receipt


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A message that the account wants sent. `files` are its media after fetching."""

    from_number: str
    to_number: str
    body: str
    media: tuple[Media, ...] = ()
    is_mms: bool = False
    receipt_url: str | None = None
    files: tuple[File, ...] = field(default=(), repr=False)


def outbound_record(
    outgoing: SendRequest, time: datetime, receipts: tuple[Receipt, ...]
) -> MessageRecord:
    """The record of a message from the account."""
    return MessageRecord(
        id=_id("mdr2-"),
        direction=Direction.OUTBOUND,
        from_number=outgoing.from_number,
        to_number=outgoing.to_number,
        body=outgoing.body,
        media=outgoing.media,
        is_mms=outgoing.is_mms,
        time=time,
        receipts=receipts,
    )


def inbound_record(
    phone: str,
    our_number: str,
    body: str,
    media: tuple[Media, ...],
    time: datetime,
    shape: CallbackShape,
) -> MessageRecord:
    """The record of a text from a phone."""
    return MessageRecord(
        id=_id(id_prefix(shape, is_mms=bool(media))),
        direction=Direction.INBOUND,
        from_number=phone,
        to_number=our_number,
        body=body,
        media=media,
        is_mms=bool(media),
        time=time,
    )


def sent_text(
    record: MessageRecord, media: tuple[Media, ...], state: TextState, callback: bytes
) -> PhoneText:
    """An inbound message as the phone that sent it shows it."""
    return PhoneText(
        id=record.id,
        side=Side.SENT,
        peer=record.to_number,
        body=record.body,
        media=media,
        state=state,
        time=record.time,
        callback=callback,
    )


def received_text(record: MessageRecord, media: tuple[Media, ...]) -> PhoneText:
    """An outbound message as the phone that received it shows it."""
    return PhoneText(
        id=record.id,
        side=Side.RECEIVED,
        peer=record.from_number,
        body=record.body,
        media=media,
        state=TextState.RECEIVED,
        time=record.time,
    )


def carrier_text(our_number: str, body: str, time: datetime) -> PhoneText:
    """A text sent by the carrier itself, which has no message record."""
    return PhoneText(
        id=_id("mdr2-"),
        side=Side.RECEIVED,
        peer=our_number,
        body=body,
        media=(),
        state=TextState.RECEIVED,
        time=time,
    )


def _id(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(16)}"
