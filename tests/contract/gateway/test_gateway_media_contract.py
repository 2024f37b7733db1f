"""Each answer that the document gives for a file is given."""

import json

import httpx
import pytest

from gateway.app import create_app
from gateway.callbacks.endpoints import BodyLimits
from gateway.problems import MediaNotFound, ServiceUnavailable
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import media_pb2

PATH = "/media/{media_token}"
OUTCOMES: dict[str, Exception | None] = {
    "200": None,
    "404": MediaNotFound(),
    "500": ZeroDivisionError("hunter2"),
    "503": ServiceUnavailable("Not now."),
}


class Shelf:
    """Has one file, or ends every call the same way."""

    def __init__(self, raises: Exception | None) -> None:
        self._raises = raises

    async def get_media(self, media_token: str) -> media_pb2.GetMediaResponse:
        if self._raises:
            raise self._raises
        return media_pb2.GetMediaResponse(content_type="image/png", content=b"pixels")

    async def receive_message(self, message: pb.InboundMessage) -> None:
        raise AssertionError("no callback is sent here")

    async def receive_receipt(self, receipt: pb.DeliveryReceipt) -> None:
        raise AssertionError("no callback is sent here")

    async def is_serving(self) -> bool:
        return True


@pytest.mark.parametrize("status", OUTCOMES)
async def test_a_file_gets_each_documented_answer(status: str) -> None:
    app = create_app(Shelf(OUTCOMES[status]), BodyLimits(max_bytes=1, seconds=1))
    document = json.loads(json.dumps(app.openapi()))["paths"][PATH]["get"]["responses"]
    assert set(document) == set(OUTCOMES)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/media/token.png")
    assert str(answer.status_code) == status
    assert "hunter2" not in answer.text
    [media_type] = document[status]["content"]
    given = answer.headers["content-type"]
    assert given == ("image/png" if media_type == "*/*" else media_type)
