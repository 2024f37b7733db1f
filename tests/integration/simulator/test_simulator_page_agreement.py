"""The page and the control side speak of the same things."""

import re
from importlib.resources import files

import pytest
from integration.simulator.running_simulator import RunningSimulator

from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.receipts import ReceiptShape
from simulator.phones import TextState

WEB = files("simulator.page") / "web"
NAMES = sorted(file.name for file in WEB.iterdir() if file.is_file())
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@pytest.mark.parametrize("name", NAMES)
async def test_each_file_is_served_whole_with_its_type_and_the_policy(
    simulator: RunningSimulator, name: str
) -> None:
    response = await simulator.http.get("/" if name == "index.html" else f"/{name}")
    assert response.content == (WEB / name).read_bytes()
    assert response.headers["content-type"] == TYPES[name.rpartition(".")[2]]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("field", "choices"), [("callback_shape", CallbackShape), ("receipt_shape", ReceiptShape)]
)
def test_every_shape_can_be_chosen_on_the_page(
    field: str, choices: type[CallbackShape] | type[ReceiptShape]
) -> None:
    page = (WEB / "index.html").read_text()
    [select] = re.findall(rf'<select name="{field}">(.*?)</select>', page, re.DOTALL)
    assert set(re.findall(r'<option value="([^"]+)"', select)) == set(choices)


def test_every_state_of_a_text_has_words_on_the_page() -> None:
    script = (WEB / "phone.js").read_text()
    [states] = re.findall(r"const states = \{(.*?)\n\};", script, re.DOTALL)
    assert set(re.findall(r"^  (\w+):", states, re.MULTILINE)) == set(TextState)


async def test_every_call_that_the_page_makes_is_one_the_control_side_takes(
    simulator: RunningSimulator,
) -> None:
    """A wrong number is refused with 422, which an unknown path or method would not be."""
    script = (WEB / "api.js").read_text()
    calls = re.findall(r'ask\("(\w+)", (?:"([^"]+)"|`([^`]+)`|(phone\(number\)))', script)
    assert len(calls) == script.count('ask("')
    for method, plain, template, phone in calls:
        path = plain or template or phone
        path = re.sub(r"\$\{phone\(number\)\}|^phone\(number\)$", "/phones/911", path)
        path = re.sub(r"\$\{[^}]+\}", "unknown", path)
        response = await simulator.http.request(method, f"/simulator{path}")
        assert response.status_code != 405, path
        assert response.is_success or "Not Found" not in response.json()["detail"], path


async def test_the_page_speaks_of_media_as_the_control_side_does(
    simulator: RunningSimulator,
) -> None:
    script = (WEB / "media.js").read_text()
    sent = set(re.findall(r"\b(content|file_name|mime_type)\b(?=:| }|,)", script))
    attachment = {"content": "", "file_name": "cat.png", "mime_type": "image/png"}
    assert sent == set(attachment)
    await simulator.type_text("", media=[attachment])
    [text] = await simulator.texts()
    assert isinstance(text["media"], list)
    read = set(re.findall(r"\bmedia\.(\w+)", script))
    assert {"url"} < read <= set(text["media"][0])


async def test_the_page_follows_the_events_that_are_told(simulator: RunningSimulator) -> None:
    script = (WEB / "main.js").read_text()
    followed = set(re.findall(r"^    (\w+): (?:load|afterLoad)", script, re.MULTILINE))
    feed = simulator.carrier.feed
    start = feed.last
    await simulator.http.post("/simulator/phones", json={"number": "+13605550133"})
    await simulator.type_text("start")
    await simulator.http.put("/simulator/settings", json={})
    await simulator.http.delete("/simulator/phones/+13605550133")
    assert followed == {"reset"} | {event.kind for event in feed.after(start)}
