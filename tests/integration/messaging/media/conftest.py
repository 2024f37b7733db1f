"""A media relay and the store that it fetches from."""

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image
from pydantic import SecretStr
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media.relay import MediaRelay
from messaging_service.model.message import Attachment, AttachmentPolicy, OutboundMessage
from support.fakes.scripted_carrier import Answer, CarrierRequest, ScriptedCarrier, response
from support.services.messaging_service import ALICE, MASKED

GATEWAY = "https://relay.example"
MARK = b"SECRET-MARK-47.6N-122.3W"
VCARD = b"BEGIN:VCARD\r\nFN:Somebody\r\nEND:VCARD\r\n"
AMR = b"#!AMR\n" + b"\0" * 40
ONE, ANOTHER = "the one ledger key", "the other ledger key"


def jpeg(picture: Image.Image | None = None) -> bytes:
    """A picture with metadata."""
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    written = BytesIO()
    picture = picture or Image.new("RGB", (32, 16), (250, 0, 0))
    picture.save(written, "JPEG", exif=exif, quality=95)
    return written.getvalue()


class Shelf:
    """What the carrier's store has, by path; anything else is gone."""

    def __init__(self, carrier: ScriptedCarrier) -> None:
        self.files: dict[str, bytes] = {"/a": jpeg(), "/b": jpeg(), "/vcard": VCARD, "/amr": AMR}
        self.failing: set[str] = set()
        self.carrier = carrier
        carrier.script = self.answer

    async def answer(self, request: CarrierRequest) -> Answer:
        if request.path in self.failing:
            return response(503, b"")
        content = self.files.get(request.path)
        return response(404, b"") if content is None else response(200, content)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.carrier.requests]

    def text(
        self, *paths: str, policy: AttachmentPolicy = AttachmentPolicy.PICTURES, kind: str = ""
    ) -> OutboundMessage:
        """A text with these files."""
        urls = (path if "//" in path else self.carrier.url + path for path in paths)
        return OutboundMessage(
            message_id="m1",
            pool="main",
            from_number=MASKED,
            to_number=ALICE,
            body="",
            attachments=tuple(Attachment(url, kind) for url in urls),
            attachment_policy=policy,
        )


def settings_for(
    origin: str, key: str = ONE, timeout_seconds: float = 10.0, *, former: str = ""
) -> Settings:
    return Settings(
        public_url=GATEWAY,
        media_origins=origin,
        media_timeout_seconds=timeout_seconds,
        ledger_key=SecretStr(key),
        former_ledger_keys=SecretStr(former),
    )


def last_part(url: str) -> str:
    return url.rpartition("/")[2]


@pytest.fixture
def shelf(carrier: ScriptedCarrier) -> Shelf:
    return Shelf(carrier)


@pytest.fixture
async def room(redis: Redis, carrier: ScriptedCarrier) -> AsyncIterator[MediaRelay]:
    async with MediaRelay(redis, settings_for(carrier.url)) as relay:
        yield relay
