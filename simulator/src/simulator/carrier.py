"""The carrier: accepts messages from the account and from phones, and delivers them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
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
from simulator.media.files import Attachment, MediaStore, with_base_url
from simulator.opt_outs import REPLIES, OptOuts, OptOutWord, opt_out_word
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
from simulator.storage.data_file import DataFile


class NotOurNumber(Exception):
    """The account does not own this number."""


class RecipientOptedOut(Exception):
    """The recipient has sent STOP to this number."""


class NoSuchPhone(Exception):
    """No phone with this number is on the page."""


class NoSuchText(Exception):
    """No phone holds a text with this id."""


class NoCallbackAddress(Exception):
    """The account has no callback address for texts, so there is nowhere to send one."""


class NotResendable(Exception):
    """The text came from the account, so it had no callback."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What can be changed while the carrier runs."""

    callback_shape: CallbackShape = CallbackShape.JSONAPI
    receipt_shape: ReceiptShape = ReceiptShape.WRAPPED
    handset_receipts: bool = False


class Carrier:
    """One carrier account, the phones, and all messages between them."""

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
        data_file: DataFile | None = None,
    ) -> None:
        """`numbers` belong to the account; `post` sends callbacks to the gateway."""
        self._clock = clock
        self.numbers = tuple(dict.fromkeys(numbers))
        self.behaviour = behaviour or Behaviour()
        self.callback_sender = CallbackSender(post, clock, resend_interval)
        self.addresses = CallbackAddresses(gateway_url, callback_token)
        self.receipts = ReceiptScheduler(self.callback_sender, self.addresses)
        self._create_state(data_file or DataFile())

    def _create_state(self, data_file: DataFile) -> None:
        self.data_file = data_file
        self.records = MessageRecords(self._clock)
        self.media = MediaStore(data_file)
        self.faults = Faults()
        self.hanging_responses = HangingResponses()
        self.feed = EventFeed()
        self.phones = Phones(self.feed.publish, data_file)
        self._opt_outs = OptOuts(data_file)
        self._continue_sending()

    def _continue_sending(self) -> None:
        """Queues the callbacks that were under way when the simulator stopped."""
        now = self._clock.now()
        for phone in self.phones.numbers():
            for text in self.phones.texts(phone):
                if text.state in (TextState.SENDING, TextState.RESENDING):
                    delay = max((text.next_attempt or now) - now, NOW)
                    self._submit_callback(phone, text, (delay,))

    def close(self) -> None:
        """Ends all event streams and hanging responses."""
        self.feed.close()
        self.hanging_responses.end()

    def check(self, outgoing: SendRequest) -> None:
        """Raises NotOurNumber or RecipientOptedOut if the message cannot be sent."""
        if outgoing.from_number not in self.numbers:
            raise NotOurNumber
        if self._opt_outs.blocks(outgoing.to_number, outgoing.from_number):
            raise RecipientOptedOut

    def send(self, outgoing: SendRequest) -> MessageRecord:
        """Accepts a message from the account and delivers it at once.

        Raises NotOurNumber, RecipientOptedOut, or CallbackQueueFull if its receipts cannot be
        queued.
        """
        self.check(outgoing)
        fault = self.faults.next_fault(
            Stage.RECEIPTS, outgoing.from_number, outgoing.to_number, outgoing.body
        )
        record = self._outbound_record(outgoing, fault)
        shape = self.behaviour.receipt_shape
        self.receipts.submit(record, shape, outgoing.receipt_url, fault)
        self._add_record(record)
        # Most recipients of a benchmark have no phone here: their messages are only recorded.
        if record.to_number in self.phones and not is_failing(fault):
            media = self.media.store_all(outgoing.files or outgoing.media)
            self.phones.put(record.to_number, received_text(record, media))
        return record

    def type_text(
        self, phone: str, to: str, body: str, attachments: Sequence[Attachment], base_url: str = ""
    ) -> PhoneText:
        """Accepts a text typed on a phone; `base_url` is where its files are fetched.

        Raises NoSuchPhone, NotOurNumber, or CallbackQueueFull.
        """
        self._check_pair(phone, to)
        fault = self.faults.next_fault(Stage.INBOUND, phone, to, body)
        media = self.media.store_all(attachments, expired=is_media_expired(fault))
        record = self._inbound_record(phone, to, body, with_base_url(base_url, media))
        delays = callback_delays(fault)
        text = self._sent_text(record, media, has_callback=bool(delays))
        self._submit_callback(phone, text, delays)
        self._add_record(record)
        self.phones.put(phone, text)
        if word := opt_out_word(body, to):
            self._apply_opt_out(word, phone, to)
        return text

    def resend(self, text_id: str) -> None:
        """Sends a text's callback now, unchanged: a queued retry, otherwise once more.

        Raises NoSuchText, NotResendable, NoCallbackAddress, or CallbackQueueFull.
        """
        phone = self.phones.holder(text_id)
        text = self.phones.text(phone, text_id) if phone else None
        if phone is None or text is None:
            raise NoSuchText
        if text.callback is None:
            raise NotResendable
        if self.callback_sender.retry_now(text.callback):
            self.phones.put(phone, replace(text, next_attempt=self._clock.now()))
        elif not self._submit_callback(phone, text, (NOW,)):
            raise NoCallbackAddress

    def block(self, phone: str, our_number: str, *, blocked: bool) -> None:
        """Opts a phone out or in as STOP or UNSTOP would, without any message.

        Raises NoSuchPhone or NotOurNumber.
        """
        self._check_pair(phone, our_number)
        self._opt_outs.put(phone, our_number, blocked=blocked)

    def remove_phone(self, phone: str) -> None:
        """Removes a phone with its texts and opt-outs. Raises NoSuchPhone."""
        if phone not in self.phones:
            raise NoSuchPhone
        self.phones.remove(phone)
        self._opt_outs.forget(phone)

    def change_behaviour(self, behaviour: Behaviour) -> None:
        """Applies to everything sent from now on; queued callbacks stay unchanged."""
        self.behaviour = behaviour
        self.feed.publish("settings", asdict(behaviour))

    def _check_pair(self, phone: str, our_number: str) -> None:
        if phone not in self.phones:
            raise NoSuchPhone
        if our_number not in self.numbers:
            raise NotOurNumber

    def _outbound_record(self, outgoing: SendRequest, fault: Fault | None) -> MessageRecord:
        now, handset = self._clock.now(), self.behaviour.handset_receipts
        normal = receipts(now, is_mms=outgoing.is_mms, from_handset=handset)
        return outbound_record(outgoing, now, recorded_receipts(normal, fault))

    def _inbound_record(
        self, phone: str, to: str, body: str, media: tuple[Media, ...]
    ) -> MessageRecord:
        shape = self.behaviour.callback_shape
        return inbound_record(phone, to, body, media, self._clock.now(), shape)

    def _add_record(self, record: MessageRecord) -> None:
        fault = self.faults.next_fault(
            Stage.RECORD, record.from_number, record.to_number, record.body
        )
        self.records.add(record, self._clock.now() + fault.delay if fault else None)

    def _sent_text(
        self, record: MessageRecord, media: tuple[Media, ...], *, has_callback: bool
    ) -> PhoneText:
        url = self.addresses.for_text(is_mms=record.is_mms)
        # Without a callback the message is only in the message records.
        state = TextState.SENDING if url and has_callback else TextState.NOT_ACCEPTED
        callback = inbound_callback(record, self.behaviour.callback_shape, url or "")
        return sent_text(record, media, state, callback)

    def _apply_opt_out(self, word: OptOutWord, phone: str, our_number: str) -> None:
        """Blocks or unblocks, and sends the carrier's own reply."""
        if self._opt_outs.apply(word, phone, our_number):
            reply = carrier_text(our_number, REPLIES[word], self._clock.now())
            self.phones.put(phone, reply)

    def _submit_callback(self, phone: str, text: PhoneText, delays: Sequence[timedelta]) -> bool:
        """Queues a text's callback; returns whether the account has an address for it."""
        url = self.addresses.for_text(is_mms=bool(text.media))
        if url:
            record_attempt = partial(self._record_attempt, phone, text.id)
            callback = Callback(url, text.callback or b"", on_attempt=record_attempt)
            self.callback_sender.submit(callback, delays)
        return bool(url)

    def _record_attempt(self, phone: str, text_id: str, attempt: Attempt) -> None:
        """Does nothing if the text or the phone has been removed."""
        if text := self.phones.text(phone, text_id):
            self.phones.put(phone, after_attempt(text, attempt))
