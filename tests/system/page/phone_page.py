"""The page of phones as a person sees and uses it."""

import base64
import struct
import zlib
from dataclasses import dataclass

from integration.simulator.running_simulator import ALICE, OURS, Simulator
from playwright.async_api import BrowserContext, Locator, Page, expect

from support.eventually import PATIENCE_SECONDS

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass(frozen=True)
class PhonePage:
    """One open page, and the phone that the tests look at."""

    page: Page
    simulator: Simulator
    phone: Locator

    @classmethod
    async def load(
        cls, context: BrowserContext, simulator: Simulator, *, connection: str = "Live"
    ) -> "PhonePage":
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        await page.goto(f"http://127.0.0.1:{simulator.port}/")
        await expect(page.locator("#connection")).to_have_text(connection)
        phone = page.get_by_role("region", name=f"Phone {ALICE}")
        await expect(phone).to_be_visible()
        return cls(page, simulator, phone)

    @property
    def draft(self) -> Locator:
        return self.phone.locator(".draft")

    @property
    def number(self) -> Locator:
        return self.phone.locator("select.masked")

    @property
    def texts(self) -> Locator:
        return self.phone.locator(".text")

    @property
    def mark(self) -> Locator:
        return self.phone.locator(".new-texts")

    async def open(self, number: str) -> None:
        await self.number.select_option(number)

    async def receive(self, body: str, number: str = OURS, **more: object) -> None:
        """A text from one of the account's numbers arrives on the phone."""
        response = await self.simulator.send(body=body, **{"from": number, **more})
        assert response.status_code == 202, response.text

    async def receive_many(self, count: int = 20) -> None:
        """More texts than the thread shows at once."""
        for index in range(count):
            await self.receive(f"text {index}")
        await expect(self.texts).to_have_count(count)
        await expect(self.texts.last).to_be_in_viewport(ratio=1)

    async def scroll_up(self) -> None:
        """As the wheel of a mouse does."""
        await self.phone.locator(".scroller").hover()
        await self.page.mouse.wheel(0, -300)
        await expect(self.texts.last).not_to_be_in_viewport()

    async def position(self) -> float:
        position: float = await self.phone.locator(".scroller").evaluate("it => it.scrollTop")
        return position

    async def distance_from_end(self) -> float:
        distance: float = await self.phone.locator(".scroller").evaluate(
            "it => it.scrollHeight - it.scrollTop - it.clientHeight"
        )
        return distance


def picture(width: int = 200, height: int = 200) -> dict[str, str]:
    """A grey PNG as the simulator takes it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )
    content = base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()
    return {"content": content, "mime_type": "image/png", "file_name": "grey.png"}
