"""The web page of phones, and its agreement with the control API."""

import re
from importlib.resources import files

import pytest
from integration.simulator.running_simulator import Simulator

from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.receipts import ReceiptShape
from simulator.phones import TextState

WEB = files("simulator.page") / "web"
SOURCES = {file.name: file.read_text() for file in WEB.iterdir() if file.is_file()}
SCRIPTS = sorted(name for name in SOURCES if name.endswith(".js"))
INDEX = SOURCES["index.html"]
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


async def test_each_file_is_served_with_its_type_and_a_strict_policy(simulator: Simulator) -> None:
    for name, source in SOURCES.items():
        response = await simulator.http.get("/" if name == "index.html" else f"/{name}")
        assert response.text == source
        assert response.headers["content-type"] == TYPES[name.rpartition(".")[2]]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-cache"
        directives = response.headers["content-security-policy"].split(";")
        policy = dict(directive.strip().split(" ", 1) for directive in directives)
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"


async def test_no_other_file_is_served(simulator: Simulator) -> None:
    for path in ("/../settings.py", "/%2e%2e/settings.py", "/nothing.js"):
        assert (await simulator.http.get(path)).status_code == 404, path


def test_every_file_that_the_page_or_a_script_uses_exists() -> None:
    used = set(re.findall(r'(?:src|href)="/([^"]+)"', INDEX))
    assert {"main.js", "page.css"} <= used
    imported = {name for s in SCRIPTS for name in re.findall(r'from "\./([^"]+)"', SOURCES[s])}
    assert imported
    assert used | imported <= set(SOURCES)


def test_the_page_and_its_scripts_contain_and_write_no_inline_code() -> None:
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", INDEX)
    writes_markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\("
    assert [name for name in SCRIPTS if re.search(writes_markup, SOURCES[name])] == []


@pytest.mark.parametrize(
    ("field", "choices"), [("callback_shape", CallbackShape), ("receipt_shape", ReceiptShape)]
)
def test_the_page_offers_every_shape(
    field: str, choices: type[CallbackShape] | type[ReceiptShape]
) -> None:
    [select] = re.findall(rf'<select name="{field}">(.*?)</select>', INDEX, re.DOTALL)
    assert set(re.findall(r'<option value="([^"]+)"', select)) == set(choices)


def test_every_state_of_a_text_has_a_label_on_the_page() -> None:
    script = SOURCES["text.js"]
    [states] = re.findall(r"const states = \{(.*?)\n\};", script, re.DOTALL)
    assert set(re.findall(r"^  (\w+):", states, re.MULTILINE)) == set(TextState)


async def test_every_call_of_the_page_exists_in_the_control_api(simulator: Simulator) -> None:
    """A wrong number gives 422; an unknown path or method would give 404 or 405."""
    script = SOURCES["api.js"]
    calls = re.findall(r'ask\("(\w+)", (?:"([^"]+)"|`([^`]+)`|(phone\(number\)))', script)
    assert len(calls) == script.count('ask("')
    for method, plain, template, phone in calls:
        path = plain or template or phone
        path = re.sub(r"\$\{phone\(number\)\}|^phone\(number\)$", "/phones/911", path)
        path = re.sub(r"\$\{[^}]+\}", "unknown", path)
        response = await simulator.http.request(method, f"/simulator{path}")
        assert response.status_code != 405, path
        assert response.is_success or "Not Found" not in response.json()["detail"], path


async def test_the_page_uses_the_media_fields_of_the_control_api(simulator: Simulator) -> None:
    script = SOURCES["media.js"]
    sent = set(re.findall(r"\b(content|file_name|mime_type)\b(?=:| }|,)", script))
    attachment = {"content": "", "file_name": "cat.png", "mime_type": "image/png"}
    assert sent == set(attachment)
    await simulator.type_text("", media=[attachment])
    [text] = await simulator.texts()
    assert isinstance(text["media"], list)
    read = set(re.findall(r"\bmedia\.(\w+)", script))
    assert {"url"} < read <= set(text["media"][0])


async def test_the_page_handles_every_kind_of_event(simulator: Simulator) -> None:
    script = SOURCES["main.js"]
    followed = set(re.findall(r"^    (\w+): (?:load|afterLoad)", script, re.MULTILINE))
    feed = simulator.carrier.feed
    start = feed.last
    await simulator.http.post("/simulator/phones", json={"number": "+13605550133"})
    await simulator.type_text("start")
    await simulator.http.put("/simulator/settings", json={})
    await simulator.http.delete("/simulator/phones/+13605550133")
    assert followed == {"reset"} | {event.kind for event in feed.after(start)}
