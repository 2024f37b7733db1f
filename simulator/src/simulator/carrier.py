"""The carrier itself: it takes messages from the account and from phones and passes them on."""

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from runtime.clock import Clock
from simulator.callbacks.addresses import CallbackAddresses
from simulator.callbacks.courier import Attempt, Callback, Courier, Post
from simulator.callbacks.inbound import CallbackShape, id_prefix, inbound_callback
from simulator.callbacks.receipts import ReceiptShape, receipt_callbacks, receipts
from simulator.events import EventFeed
from simulator.opt_outs import ANSWERS, OptOuts, OptOutWord, opt_out_word
from simulator.phones import Phones, PhoneText, Side, TextState, after_attempt
from simulator.records import Direction, Media, MessageRecord, MessageRecords


class NotOurNumber(Exception):
    """The account does not own this number."""


class RecipientOptedOut(Exception):
    """The recipient has sent STOP to this number."""


class NoSuchPhone(Exception):
    """No phone with this number is on the page."""


class NoSuchText(Exception):
    """No phone holds a text with this id (any more)."""


class NotResendable(Exception):
    """The text came from the account, so it had no callback."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What about the carrier can be chosen while it runs."""

    callback_shape: CallbackShape = CallbackShape.JSONAPI
    receipt_shape: ReceiptShape = ReceiptShape.WRAPPED
    handset_receipts: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the account asks to send."""

    from_number: str
    to_number: str
    body: str
    media: tuple[Media, ...] = ()
    is_mms: bool = False
    receipt_url: str | None = None


class Carrier:
    """One account at a carrier, the people's phones, and all that passes between them."""

    def __init__(
        self,
        *,
        numbers: Iterable[str],
        gateway_url: str,
        clock: Clock,
        post: Post,
        resend_interval: timedelta,
        behaviour: Behaviour | None = None,
    ) -> None:
        """`numbers` are the account's own; `post` brings callbacks to the gateway."""
        self.numbers = tuple(dict.fromkeys(numbers))
        self.records = MessageRecords()
        self.feed = EventFeed()
        self.phones = Phones(self.feed.publish)
        self.courier = Courier(post, clock, resend_interval)
        self.behaviour = behaviour or Behaviour()
        self.addresses = CallbackAddresses(gateway_url)
        self._opt_outs = OptOuts()
        self._clock = clock

    def send(self, outgoing: Outgoing) -> MessageRecord:
        """Takes a message from the account and delivers it at once.

        Raises NotOurNumber, RecipientOptedOut, or CourierFull when no receipt could follow.
        """
        if outgoing.from_number not in self.numbers:
            raise NotOurNumber
        if self._opt_outs.blocks(outgoing.to_number, outgoing.from_number):
            raise RecipientOptedOut
        record = self._outbound_record(outgoing)
        url = outgoing.receipt_url or self.addresses.for_receipt(is_mms=outgoing.is_mms)
        if url:
            self.courier.submit(receipt_callbacks(record, self.behaviour.receipt_shape, url))
        self.records.add(record)
        self._hand_to_phone(record)
        return record

    def type_text(self, phone: str, to: str, body: str, media: tuple[Media, ...]) -> PhoneText:
        """Takes a text that somebody typed on a phone.

        Raises NoSuchPhone, NotOurNumber, or CourierFull when the gateway could not be told.
        """
        if phone not in self.phones:
            raise NoSuchPhone
        if to not in self.numbers:
            raise NotOurNumber
        record = self._inbound_record(phone, to, body, media)
        text = self._sent_text(record)
        self._tell_gateway(phone, text)
        self.records.add(record)
        self.phones.put(phone, text)
        if word := opt_out_word(body):
            self._obey(word, phone, to)
        return text

    def resend(self, text_id: str) -> None:
        """Sends a text's callback once more, as it was. Raises NoSuchText, NotResendable."""
        phone = self.phones.holder(text_id)
        text = self.phones.text(phone, text_id) if phone else None
        if phone is None or text is None:
            raise NoSuchText
        if text.callback is None:
            raise NotResendable
        self._tell_gateway(phone, text)

    def remove_phone(self, phone: str) -> None:
        """Takes a phone away, and with it all that is known of it. Raises NoSuchPhone."""
        if phone not in self.phones:
            raise NoSuchPhone
        self.phones.remove(phone)
        self._opt_outs.forget(phone)

    def behave(self, behaviour: Behaviour) -> None:
        """Changes what follows from now on; callbacks under way stay as they are."""
        self.behaviour = behaviour
        self.feed.publish("settings", asdict(behaviour))

    def _outbound_record(self, outgoing: Outgoing) -> MessageRecord:
        now = self._clock.now()
        return MessageRecord(
            id=f"mdr2-{secrets.token_hex(16)}",
            direction=Direction.OUTBOUND,
            from_number=outgoing.from_number,
            to_number=outgoing.to_number,
            body=outgoing.body,
            media=outgoing.media,
            is_mms=outgoing.is_mms,
            time=now,
            receipts=receipts(
                now, is_mms=outgoing.is_mms, from_handset=self.behaviour.handset_receipts
            ),
        )

    def _inbound_record(
        self, phone: str, to: str, body: str, media: tuple[Media, ...]
    ) -> MessageRecord:
        prefix = id_prefix(self.behaviour.callback_shape, is_mms=bool(media))
        return MessageRecord(
            id=f"{prefix}{secrets.token_hex(16)}",
            direction=Direction.INBOUND,
            from_number=phone,
            to_number=to,
            body=body,
            media=media,
            is_mms=bool(media),
            time=self._clock.now(),
        )

    def _sent_text(self, record: MessageRecord) -> PhoneText:
        url = self.addresses.for_text(is_mms=record.is_mms)
        return PhoneText(
            id=record.id,
            side=Side.SENT,
            peer=record.to_number,
            body=record.body,
            media=record.media,
            # Without an address it is on record only.
            state=TextState.SENDING if url else TextState.NOT_ACCEPTED,
            time=record.time,
            callback=inbound_callback(record, self.behaviour.callback_shape, url or ""),
        )

    def _hand_to_phone(self, record: MessageRecord) -> None:
        """Most recipients of a benchmark have no phone here; their texts are only on record."""
        if record.to_number in self.phones:
            text = PhoneText(
                id=record.id,
                side=Side.RECEIVED,
                peer=record.from_number,
                body=record.body,
                media=record.media,
                state=TextState.RECEIVED,
                time=record.time,
            )
            self.phones.put(record.to_number, text)

    def _obey(self, word: OptOutWord, phone: str, our_number: str) -> None:
        """Blocks or unblocks, and answers the phone in the carrier's own name."""
        if not self._opt_outs.obey(word, phone, our_number):
            return
        answer = PhoneText(
            id=f"mdr2-{secrets.token_hex(16)}",
            side=Side.RECEIVED,
            peer=our_number,
            body=ANSWERS[word],
            media=(),
            state=TextState.RECEIVED,
            time=self._clock.now(),
        )
        self.phones.put(phone, answer)

    def _tell_gateway(self, phone: str, text: PhoneText) -> None:
        url = self.addresses.for_text(is_mms=bool(text.media))
        if url:
            note = partial(self._note_attempt, phone, text.id)
            self.courier.submit(Callback(url, text.callback or b"", on_attempt=note))

    def _note_attempt(self, phone: str, text_id: str, attempt: Attempt) -> None:
        """The text may have scrolled away, and the phone may be gone."""
        if text := self.phones.text(phone, text_id):
            self.phones.put(phone, after_attempt(text, attempt))
