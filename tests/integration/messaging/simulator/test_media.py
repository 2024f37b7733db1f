"""The messaging service fetches files that a phone of the simulator sends."""

import base64
from io import BytesIO

import httpx
from PIL import Image
from pydantic import SecretStr
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media.relay import MediaRelay
from messaging_service.model.message import Attachment, OutboundMessage
from support.messaging_service import ALICE, MASKED

MARK = b"SECRET-MARK-47.6N-122.3W"


async def send_picture(simulator: httpx.AsyncClient, phone: str) -> str:
    """The URL at which the simulator offers a picture with metadata that the phone has sent."""
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    output = BytesIO()
    Image.new("RGB", (32, 16), (250, 0, 0)).save(output, "JPEG", exif=exif)
    picture = {
        "content": base64.b64encode(output.getvalue()).decode(),
        "mime_type": "image/jpeg",
        "file_name": "my own name.jpg",
    }
    path = f"/simulator/phones/{phone}/texts"
    answer = await simulator.post(path, json={"to": MASKED, "body": "", "media": [picture]})
    assert answer.is_success, answer.text
    texts = (await simulator.get(path)).json()["texts"]
    return str(simulator.base_url.join(texts[0]["media"][0]["url"]))


async def relay(redis: Redis, simulator: httpx.AsyncClient, url: str) -> tuple[list[bytes], int]:
    """The files of a message with one file that are passed on, and how many are refused."""
    origin = str(simulator.base_url).rstrip("/")
    settings = Settings(media_origins=origin, ledger_key=SecretStr("test-ledger-key-one"))
    attachments = (Attachment(url, "image/jpeg"),)
    message = OutboundMessage("m1", "main", MASKED, ALICE, "", attachments=attachments)
    async with MediaRelay(redis, settings) as media:
        prepared = await media.prepare(message)
        files = [await media.get(url.rpartition("/")[2]) for url in prepared.urls]
    assert "name" not in str(prepared.urls)
    return [file.content for file in files], prepared.refused


async def test_a_picture_of_a_phone_is_passed_on_without_its_metadata(
    redis: Redis, simulator: httpx.AsyncClient, phone: str
) -> None:
    url = await send_picture(simulator, phone)
    assert MARK in (await simulator.get(url)).content
    [content], refused = await relay(redis, simulator, url)
    assert MARK not in content
    assert Image.open(BytesIO(content)).size == (32, 16)
    assert refused == 0


async def test_a_picture_whose_url_has_expired_is_refused(
    redis: Redis, simulator: httpx.AsyncClient, phone: str
) -> None:
    await simulator.post("/simulator/faults", json={"kind": "media_expired"})
    url = await send_picture(simulator, phone)
    assert (await simulator.get(url)).status_code == 403
    assert await relay(redis, simulator, url) == ([], 1)
