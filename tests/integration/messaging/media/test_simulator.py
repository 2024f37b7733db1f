"""Files that a phone of the simulator sends, as the messaging service fetches them."""

import base64
from collections.abc import AsyncIterator
from io import BytesIO

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media.relay import MediaRelay
from messaging_service.model.message import Attachment, OutboundMessage
from support.messaging_service import ALICE, MASKED
from support.ports import free_port
from support.simulator_process import simulator

MARK = b"SECRET-MARK-47.6N-122.3W"


@pytest.fixture
async def carrier() -> AsyncIterator[httpx.AsyncClient]:
    """The simulator, with nobody to take its callbacks: they are not what is looked at here."""
    async with (
        simulator(f"http://127.0.0.1:{free_port()}") as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        await http.post("/simulator/phones", json={"number": ALICE})
        yield http


async def typed(carrier: httpx.AsyncClient) -> str:
    """Where the simulator offers a picture that a phone has sent."""
    told = Image.Exif()
    told[0x010E] = MARK.decode()
    written = BytesIO()
    Image.new("RGB", (32, 16), (250, 0, 0)).save(written, "JPEG", exif=told)
    picture = {
        "content": base64.b64encode(written.getvalue()).decode(),
        "mime_type": "image/jpeg",
        "file_name": "my own name.jpg",
    }
    path = f"/simulator/phones/{ALICE}/texts"
    answer = await carrier.post(path, json={"to": MASKED, "body": "", "media": [picture]})
    assert answer.is_success, answer.text
    texts = (await carrier.get(path)).json()["texts"]
    # Shown as a path on the simulator itself; the callback names it whole.
    return str(carrier.base_url.join(texts[0]["media"][0]["url"]))


async def offered(redis: Redis, carrier: httpx.AsyncClient, url: str) -> tuple[list[bytes], int]:
    """The files that are passed on of a text with one file, and how many are not."""
    origin = str(carrier.base_url).rstrip("/")
    settings = Settings(media_origins=origin, ledger_key=SecretStr("test-ledger-key-one"))
    text = OutboundMessage(
        "m1", "main", MASKED, ALICE, "", attachments=(Attachment(url, "image/jpeg"),)
    )
    async with MediaRelay(redis, settings) as room:
        prepared = await room.prepare(text)
        files = [await room.get(one.rpartition("/")[2]) for one in prepared.urls]
    assert "name" not in str(prepared.urls)
    return [file.content for file in files], prepared.refused


async def test_a_picture_of_a_phone_comes_through_without_its_marks(
    redis: Redis, carrier: httpx.AsyncClient
) -> None:
    url = await typed(carrier)
    assert MARK in (await carrier.get(url)).content
    [content], refused = await offered(redis, carrier, url)
    assert MARK not in content
    assert Image.open(BytesIO(content)).size == (32, 16)
    assert refused == 0


async def test_a_picture_whose_address_has_expired_is_refused(
    redis: Redis, carrier: httpx.AsyncClient
) -> None:
    await carrier.post("/simulator/faults", json={"kind": "media_expired"})
    url = await typed(carrier)
    assert (await carrier.get(url)).status_code == 403
    assert await offered(redis, carrier, url) == ([], 1)
