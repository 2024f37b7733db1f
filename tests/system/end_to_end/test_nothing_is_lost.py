"""What a person would call lost: an outage of the edge, a carrier that says nothing, a picture."""

import io

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from devstack.stack import Stack
from support.conversations import MASKED
from support.eventually import eventually
from support.phones import Phone


async def connect(alice: Phone, bob: Phone) -> None:
    """From `start` to `join`."""
    await alice.text(MASKED, "start")
    [code] = await alice.received(1)
    await bob.text(MASKED, f"join {code.removeprefix('Your code is ')[:6]}")
    await bob.received(1)
    await alice.received(2)


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
