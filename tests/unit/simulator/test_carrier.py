from datetime import timedelta

import pytest

from simulator import phones as phones_module
from simulator.callbacks import sender as sender_module
from simulator.callbacks.addresses import CallbackType
from simulator.callbacks.sender import CallbackQueueFull
from simulator.carrier import Carrier, NoSuchPhone, NoSuchText, RecipientOptedOut
from simulator.opt_outs import REPLIES, OptOutWord
from simulator.phones import Side, TextState
from simulator.record_factory import SendRequest
from simulator.records import Media
from support.clock import ManualClock

ALICE, BOB = "+14255550111", "+14255550122"
OURS = "+12065550100"
TOLL_FREE = "+18005550102"


class Gateway:
    def __init__(self) -> None:
        self.received: list[str] = []

    async def post(self, url: str, content: bytes) -> int:
        self.received.append(url)
        return 200


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def carrier(gateway: Gateway, clock: ManualClock) -> Carrier:
    made = Carrier(
        numbers=[OURS, TOLL_FREE],
        gateway_url="http://gateway",
        clock=clock,
        post=gateway.post,
        resend_interval=timedelta(seconds=30),
    )
    made.phones.add(ALICE)
    made.phones.add(BOB)
    return made


async def deliver(carrier: Carrier) -> None:
    while carrier.callback_sender.run_once():
        await carrier.callback_sender.wait_until_idle()


def to(phone: str) -> SendRequest:
    return SendRequest(OURS, phone, "hi")


def states(carrier: Carrier, phone: str) -> list[tuple[str, TextState, int]]:
    return [(text.body, text.state, text.attempts) for text in carrier.phones.texts(phone)]


async def test_callbacks_go_where_the_account_says(carrier: Carrier, gateway: Gateway) -> None:
    for kind in CallbackType:
        carrier.addresses.put(kind, f"http://elsewhere/{kind}")
    picture = Media("https://example.net/cat.png", "cat.png", "image/png", 0)
    carrier.type_text(ALICE, OURS, "start", ())
    carrier.type_text(ALICE, OURS, "", (picture,))
    carrier.send(to(BOB))
    carrier.send(SendRequest(OURS, BOB, "hi", is_mms=True))
    await deliver(carrier)
    assert set(gateway.received) == {f"http://elsewhere/{k}" for k in CallbackType}


async def test_a_text_without_a_callback_address_is_kept_and_can_be_resent(
    carrier: Carrier, gateway: Gateway
) -> None:
    carrier.addresses.remove(CallbackType.SMS)
    text = carrier.type_text(ALICE, OURS, "start", ())
    await deliver(carrier)
    assert gateway.received == []
    assert states(carrier, ALICE) == [("start", TextState.NOT_ACCEPTED, 0)]
    assert carrier.records.find(text.id) is not None

    carrier.addresses.put(CallbackType.SMS, "http://elsewhere/texts")
    carrier.resend(text.id)
    await deliver(carrier)
    assert gateway.received == ["http://elsewhere/texts"]
    assert states(carrier, ALICE) == [("start", TextState.ACCEPTED, 1)]


async def test_without_an_account_address_only_named_ones_get_receipts(
    carrier: Carrier, gateway: Gateway
) -> None:
    carrier.addresses.remove(CallbackType.SMS_RECEIPT)
    carrier.send(to(ALICE))
    carrier.send(SendRequest(OURS, BOB, "hi", receipt_url="http://elsewhere/dlr"))
    await deliver(carrier)
    assert gateway.received == ["http://elsewhere/dlr"] * 2


@pytest.mark.parametrize("words", ["STOP PLEASE", "stopall", "STOP.", "end"])
async def test_no_other_words_block(carrier: Carrier, words: str) -> None:
    carrier.type_text(ALICE, OURS, words, ())
    assert carrier.send(to(ALICE)).to_number == ALICE


async def test_the_carrier_answers_stop_and_unstop_once_each(
    carrier: Carrier, gateway: Gateway
) -> None:
    for word in (" Stop\n", "STOP", "UNSTOP"):
        carrier.type_text(ALICE, OURS, word, ())
    await deliver(carrier)
    received = [text for text in carrier.phones.texts(ALICE) if text.side is Side.RECEIVED]
    expected = [REPLIES[OptOutWord.STOP], REPLIES[OptOutWord.UNSTOP]]
    assert [text.body for text in received] == expected
    assert {text.peer for text in received} == {OURS}
    assert len(gateway.received) == 3
    assert carrier.send(to(ALICE)).to_number == ALICE


async def test_only_unstop_to_the_number_lifts_its_block_and_start_to_a_toll_free_one(
    carrier: Carrier,
) -> None:
    def refused() -> set[str]:
        senders = set()
        for number in (OURS, TOLL_FREE):
            try:
                carrier.check(SendRequest(number, ALICE, "hi"))
            except RecipientOptedOut:
                senders.add(number)
        return senders

    for to, word, expected in (
        (OURS, "stop", {OURS}),
        (TOLL_FREE, "STOP", {OURS, TOLL_FREE}),
        (OURS, "start", {OURS, TOLL_FREE}),
        (TOLL_FREE, "Start", {OURS}),
        (TOLL_FREE, "unstop", {OURS}),
        (OURS, "unstop", set()),
    ):
        carrier.type_text(ALICE, to, word, ())
        assert refused() == expected, (to, word)


async def test_a_phone_that_is_taken_away_is_forgotten_whole(carrier: Carrier) -> None:
    carrier.type_text(ALICE, OURS, "STOP", ())
    carrier.remove_phone(ALICE)
    await deliver(carrier)
    carrier.phones.add(ALICE)
    assert carrier.phones.texts(ALICE) == []
    assert carrier.send(to(ALICE)).to_number == ALICE
    with pytest.raises(NoSuchPhone):
        carrier.remove_phone("+13605550133")


async def test_a_full_courier_refuses_and_leaves_no_trace(
    carrier: Carrier, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "WAITING_LIMIT", 0)
    with pytest.raises(CallbackQueueFull):
        carrier.send(to(ALICE))
    with pytest.raises(CallbackQueueFull):
        carrier.type_text(BOB, OURS, "STOP", ())
    assert states(carrier, ALICE) == states(carrier, BOB) == []
    assert list(carrier.records.between(clock.now(), clock.now())) == []
    monkeypatch.undo()
    assert carrier.send(to(BOB)).to_number == BOB


async def test_a_phone_keeps_its_newest_texts(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phones_module, "TEXTS_PER_PHONE", 2)
    first, *_ = [carrier.type_text(ALICE, OURS, body, ()) for body in ("1", "2", "3")]
    assert [text.body for text in carrier.phones.texts(ALICE)] == ["2", "3"]
    await deliver(carrier)
    assert [text.body for text in carrier.phones.texts(ALICE)] == ["2", "3"]
    with pytest.raises(NoSuchText):
        carrier.resend(first.id)
