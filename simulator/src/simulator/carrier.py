"""The carrier itself: it takes messages from the account and from phones and passes them on."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from runtime.clock import Clock
from simulator.callbacks.addresses import CallbackAddresses
from simulator.callbacks.inbound import CallbackShape, inbound_callback
from simulator.callbacks.inbound_faults import callback_delays, is_media_expired
from simulator.callbacks.receipt_faults import is_failing, recorded_receipts
from simulator.callbacks.receipt_scheduler import ReceiptScheduler
from simulator.callbacks.receipts import ReceiptShape, receipts
from simulator.callbacks.sender import NOW, Attempt, Callback, CallbackSender, Post
from simulator.events import EventFeed
from simulator.faults.fault import Fault
from simulator.faults.faults import Faults
from simulator.faults.kinds import Stage
from simulator.http.connections import HangingResponses
from simulator.media.files import Attachment, KeptMedia, reached_at
from simulator.opt_outs import ANSWERS, OptOuts, OptOutWord, opt_out_word
from simulator.phones import Phones, PhoneText, TextState, after_attempt
from simulator.record_factory import (
    SendRequest,
    carrier_text,
    inbound_record,
    outbound_record,
    received_text,
    sent_text,
)
from simulator.records import Media, MessageRecord, MessageRecords


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


class Carrier:
    """One account at a carrier, the people's phones, and all that passes between them."""

    def __init__(
        self,
        *,
        numbers: Iterable[str],
        gateway_url: str,
        callback_token: str = "",
        clock: Clock,
        post: Post,
        resend_interval: timedelta,
        behaviour: Behaviour | None = None,
    ) -> None:
        """`numbers` are the account's own; `post` brings callbacks to the gateway."""
        self.numbers = tuple(dict.fromkeys(numbers))
        self.records = MessageRecords(clock)
        self.media = KeptMedia()
        self.faults = Faults()
        self.patience = HangingResponses()
        self.feed = EventFeed()
        self.phones = Phones(self.feed.publish)
        self.courier = CallbackSender(post, clock, resend_interval)
        self.behaviour = behaviour or Behaviour()
        self.addresses = CallbackAddresses(gateway_url, callback_token)
        self.receipts = ReceiptScheduler(self.courier, self.addresses)
        self._opt_outs = OptOuts()
        self._clock = clock

    def close(self) -> None:
        """Lets go of all who follow the events or wait for an answer."""
        self.feed.close()
        self.patience.end()

    def check(self, outgoing: SendRequest) -> None:
        """Raises NotOurNumber or RecipientOptedOut for what cannot be sent."""
        if outgoing.from_number not in self.numbers:
            raise NotOurNumber
        if self._opt_outs.blocks(outgoing.to_number, outgoing.from_number):
            raise RecipientOptedOut

    def send(self, outgoing: SendRequest) -> MessageRecord:
        """Takes a message from the account and delivers it at once.

        Raises NotOurNumber, RecipientOptedOut, or CourierFull when no receipt could follow.
        """
        self.check(outgoing)
        fault = self.faults.strike(
            Stage.RECEIPTS, outgoing.from_number, outgoing.to_number, outgoing.body
        )
        record = self._outbound_record(outgoing, fault)
        shape = self.behaviour.receipt_shape
        self.receipts.submit(record, shape, outgoing.receipt_url, fault)
        self._put_on_record(record)
        # Most recipients of a benchmark have no phone here; their texts are only on record.
        if record.to_number in self.phones and not is_failing(fault):
            media = self.media.keep_all(outgoing.files or outgoing.media)
            self.phones.put(record.to_number, received_text(record, media))
        return record

    def type_text(
        self, phone: str, to: str, body: str, attachments: Sequence[Attachment], base_url: str = ""
    ) -> PhoneText:
        """Takes a text that somebody typed on a phone; `base_url` is where its files are fetched.

        Raises NoSuchPhone, NotOurNumber, or CourierFull when the gateway could not be told.
        """
        self._check_pair(phone, to)
        fault = self.faults.strike(Stage.INBOUND, phone, to, body)
        shown = self.media.keep_all(attachments, expired=is_media_expired(fault))
        record = self._inbound_record(phone, to, body, reached_at(base_url, shown))
        delays = callback_delays(fault)
        text = self._sent_text(record, shown, is_told=bool(delays))
        self._tell_gateway(phone, text, delays)
        self._put_on_record(record)
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
        self._tell_gateway(phone, text, (NOW,))

    def block(self, phone: str, our_number: str, *, blocked: bool) -> None:
        """Makes it so as if the phone had texted STOP or UNSTOP, without any text.

        Raises NoSuchPhone or NotOurNumber.
        """
        self._check_pair(phone, our_number)
        self._opt_outs.put(phone, our_number, blocked=blocked)

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

    def _check_pair(self, phone: str, our_number: str) -> None:
        if phone not in self.phones:
            raise NoSuchPhone
        if our_number not in self.numbers:
            raise NotOurNumber

    def _outbound_record(self, outgoing: SendRequest, fault: Fault | None) -> MessageRecord:
        now, handset = self._clock.now(), self.behaviour.handset_receipts
        usual = receipts(now, is_mms=outgoing.is_mms, from_handset=handset)
        return outbound_record(outgoing, now, recorded_receipts(usual, fault))

    def _inbound_record(
        self, phone: str, to: str, body: str, media: tuple[Media, ...]
    ) -> MessageRecord:
        shape = self.behaviour.callback_shape
        return inbound_record(phone, to, body, media, self._clock.now(), shape)

    def _put_on_record(self, record: MessageRecord) -> None:
        fault = self.faults.strike(Stage.RECORD, record.from_number, record.to_number, record.body)
        self.records.add(record, self._clock.now() + fault.delay if fault else None)

    def _sent_text(
        self, record: MessageRecord, media: tuple[Media, ...], *, is_told: bool
    ) -> PhoneText:
        url = self.addresses.for_text(is_mms=record.is_mms)
        # What the gateway is not told is on record only.
        state = TextState.SENDING if url and is_told else TextState.NOT_ACCEPTED
        callback = inbound_callback(record, self.behaviour.callback_shape, url or "")
        return sent_text(record, media, state, callback)

    def _obey(self, word: OptOutWord, phone: str, our_number: str) -> None:
        """Blocks or unblocks, and answers the phone in the carrier's own name."""
        if self._opt_outs.obey(word, phone, our_number):
            answer = carrier_text(our_number, ANSWERS[word], self._clock.now())
            self.phones.put(phone, answer)

    def _tell_gateway(self, phone: str, text: PhoneText, delays: Sequence[timedelta]) -> None:
        url = self.addresses.for_text(is_mms=bool(text.media))
        if url:
            note = partial(self._note_attempt, phone, text.id)
            self.courier.submit(Callback(url, text.callback or b"", on_attempt=note), delays)

    def _note_attempt(self, phone: str, text_id: str, attempt: Attempt) -> None:
        """The text may have scrolled away, and the phone may be gone."""
        if text := self.phones.text(phone, text_id):
            self.phones.put(phone, after_attempt(text, attempt))
