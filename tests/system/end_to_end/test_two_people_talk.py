"""Two people talk through all processes; parts are killed, and nothing is lost."""

import asyncio
import io

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from devstack.stack import Stack
from support.builders.conversations import MASKED, OTHER_MASKED
from support.eventually import eventually
from support.fakes.phones import Phone

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOINED = "Maskline demo: you are connected."
OTHER_JOINED = "The other person has joined."
ENDED = "This conversation has ended."
SHAPES = ("flat-mdr1", "flat-mdr2", "jsonapi")


async def code_of(phone: Phone, received: int = 1) -> str:
    invitation = (await phone.received(received))[-1]
    assert invitation.startswith("Maskline demo: your code is ")
    return invitation.removeprefix("Maskline demo: your code is ")[:6]


async def connect(alice: Phone, bob: Phone) -> None:
    await alice.text(MASKED, "Start")
    await bob.text(MASKED, f"Join {await code_of(alice)}")
    assert (await bob.received(1))[0].startswith(JOINED)
    assert (await alice.received(2))[1].startswith(OTHER_JOINED)


async def test_alice_starts_bob_joins_they_talk_and_bob_ends(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    await alice.text(MASKED, "hello Bob")
    assert (await bob.received(2))[1] == "hello Bob"
    await bob.text(MASKED, "hello Alice, 5 € & 😀\nstart the car")
    assert (await alice.received(3))[2] == "hello Alice, 5 € & 😀\nstart the car"
    await bob.text(MASKED, "End")
    assert (await alice.received(4))[3].startswith(ENDED)
    assert (await bob.received(3))[2].startswith(ENDED)
    await bob.text(MASKED, "still there?")
    assert (await bob.received(4))[3].startswith("That conversation has ended")
    assert len(await alice.texts("received")) == 4
    await nobody_saw_a_number(alice, bob)


async def test_every_shape_of_callback_is_understood(
    stack: Stack, carrier: httpx.AsyncClient, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    for received, shape in enumerate(SHAPES, start=2):
        settings = {"callback_shape": shape, "receipt_shape": "unwrapped"}
        (await carrier.put("/simulator/settings", json=settings)).raise_for_status()
        await alice.text(MASKED, f"in the shape {shape}")
        assert (await bob.received(received))[-1] == f"in the shape {shape}"


async def test_one_callback_sent_five_times_relays_once(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    text_id = await alice.text(MASKED, "only once")
    await alice.accepted(text_id)
    for _ in range(4):
        await alice.resend(text_id)
    last = await alice.text(MASKED, "the last word")
    await alice.accepted(last)
    assert (await bob.received(3))[1:] == ["only once", "the last word"]


async def test_a_text_acknowledged_before_a_kill_arrives_once(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    """SIGKILL between commit and send: nothing can be sent while the messaging service is dead."""
    await connect(alice, bob)
    await stack.kill("messaging_service")
    text_id = await alice.text(MASKED, "said before the kill")
    await alice.accepted(text_id)
    await stack.kill("conversation_service")
    await stack.start("messaging_service")
    await stack.start("conversation_service")
    assert (await bob.received(2))[1] == "said before the kill"
    await alice.resend(text_id)
    await alice.text(MASKED, "said afterwards")
    assert (await bob.received(3))[1:] == ["said before the kill", "said afterwards"]


async def test_a_text_said_while_the_service_is_down_comes_again_and_arrives_once(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    await stack.kill("conversation_service")
    await alice.text(MASKED, "said into the dark")

    async def resent() -> bool:
        [*_, text] = await alice.texts("sent")
        return text.state == "resending"

    await eventually(resent)
    await stack.start("conversation_service")
    assert (await bob.received(2))[1] == "said into the dark"


@pytest.mark.slow
async def test_a_conversation_outlives_a_restart_of_everything(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    await stack.stop_all()
    await stack.start_all()
    await alice.text(MASKED, "where were we?")
    assert (await bob.received(2))[1] == "where were we?"
    await bob.text(MASKED, "end")
    assert (await alice.received(3))[2].startswith(ENDED)


async def test_redis_killed_and_started_again_loses_nothing_it_acknowledged(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    await stack.kill("messaging_service")
    await alice.accepted(await alice.text(MASKED, "written to disk"))
    await stack.kill("valkey")
    await stack.start("valkey")
    await stack.start("messaging_service")
    assert (await bob.received(2))[1] == "written to disk"


async def test_two_conversations_of_one_person_on_two_numbers_stay_apart(
    stack: Stack, alice: Phone, bob: Phone, carol: Phone
) -> None:
    await connect(alice, bob)
    await alice.text(OTHER_MASKED, "start")
    await carol.text(OTHER_MASKED, f"join {await code_of(alice, 3)}")
    await carol.received(1)
    await alice.text(OTHER_MASKED, "for Carol")
    await alice.text(MASKED, "for Bob")
    assert (await carol.received(2))[1] == "for Carol"
    assert (await bob.received(2))[1] == "for Bob"
    assert {one.peer for one in await bob.texts("received")} == {MASKED}
    assert {one.peer for one in await carol.texts("received")} == {OTHER_MASKED}


async def test_texts_of_a_long_outage_of_the_gateway_arrive_once_and_in_order(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    await stack.kill("gateway")
    said = ["one", "two", "three"]
    for body in said:
        await alice.text(MASKED, body)

    async def given_up() -> bool:
        return [one.state for one in await alice.texts("sent")][1:] == ["not_accepted"] * 3

    await eventually(given_up)
    await stack.start("gateway")
    await alice.text(MASKED, "four")
    assert sorted((await bob.received(5))[1:]) == sorted([*said, "four"])
    assert [one for one in (await bob.received(5))[1:] if one in said] == said


async def test_a_text_whose_answer_was_lost_arrives_once_and_before_the_next(
    stack: Stack, carrier: httpx.AsyncClient, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    for kind in ("accept_then_reset", "receipts_never"):
        await carrier.post("/simulator/faults", json={"kind": kind})
    for body in ("was it taken?", "the next"):
        await alice.text(MASKED, body)
    assert (await bob.received(3))[1:] == ["was it taken?", "the next"]


async def test_a_picture_arrives_without_what_identifies_its_sender(
    stack: Stack, carrier: httpx.AsyncClient, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    told, drawn = PngInfo(), io.BytesIO()
    told.add_text("Author", "somebody-known")
    Image.new("RGB", (64, 48), "green").save(drawn, "PNG", pnginfo=told)
    await alice.text(MASKED, "look", drawn.getvalue())
    await bob.received(2)
    [address] = (await bob.texts("received"))[1].media_urls
    picture = (await carrier.get(address)).content
    assert Image.open(io.BytesIO(picture)).size == (64, 48)
    assert b"somebody-known" in drawn.getvalue()
    assert b"somebody-known" not in picture
    assert "somebody" not in address


BAD_CALLBACKS = [
    ("/api/message", b"{broken", 400),
    ("/api/message", b"", 400),
    ("/api/message", b"[]", 400),
    ("/api/message", b'{"to":"nobody","from":"14255550111","body":"x","id":"mdr1-1"}', 400),
    ("/api/message", b'{"to":"12065550199","from":"14255550111","body":"x","id":"mdr1-2"}', 404),
    ("/api/message", b'{"to":"12065550100","from":"14255550111","body":"x"}', 400),
    ("/api/message", b"x" * 1_000_000, 413),
    ("/api/receipt", b"{}", 400),
    ("/api/receipt", b'{"id":"mdr2-1","type":"delivery_receipt"}', 200),
    ("/api/receipt/attempt/made-up", b'{"id":"mdr2-1","type":"delivery_receipt"}', 404),
]


async def test_bad_input_gets_a_clear_answer_and_leaves_no_trace(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.urls.gateway_url) as client:
        for path, body, status in BAD_CALLBACKS:
            response = await client.post(path, content=body)
            assert response.status_code == status, body[:40]
            assert "4255550111" not in response.text
            if status >= 400:
                assert response.headers["content-type"] == "application/problem+json"
        assert (await client.get("/readyz")).status_code == 200


async def test_odd_words_arrive_as_they_were_said(stack: Stack, alice: Phone, bob: Phone) -> None:
    await connect(alice, bob)
    odd = ["\u0645\u0631\u062d\u0628\u0627", "\U0001f600 " * 3, "x" * 1400]
    await say_in_turn(alice, *odd)
    assert (await bob.received(1 + len(odd)))[1:] == odd


async def test_curly_quotes_arrive_straight(stack: Stack, alice: Phone, bob: Phone) -> None:
    await connect(alice, bob)
    await alice.text(MASKED, "\u201cq\u201d")
    assert (await bob.received(2))[1:] == ['"q"']


async def test_words_that_cannot_be_sent_are_answered_and_not_passed_on(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await connect(alice, bob)
    await say_in_turn(alice, "a\x00b", "plain")
    assert (await bob.received(2))[1:] == ["plain"]
    assert (await alice.received(3))[-1].startswith("Not sent: ")


async def say_in_turn(phone: Phone, *bodies: str) -> None:
    """Each is accepted before the next is said."""
    for body in bodies:
        await phone.text(MASKED, body)
        await asyncio.gather(*(phone.accepted(one.text_id) for one in await phone.texts("sent")))


async def nobody_saw_a_number(alice: Phone, bob: Phone) -> None:
    for phone, other in ((alice, bob), (bob, alice)):
        for text in await phone.texts("received"):
            assert text.peer == MASKED
            assert other.number[1:] not in text.body
