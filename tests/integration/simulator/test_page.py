"""The page of phones."""

import re
from importlib.resources import files

import pytest
from integration.simulator.running_simulator import RunningSimulator

WEB = files("simulator.page") / "web"
SCRIPTS = sorted(file.name for file in WEB.iterdir() if file.name.endswith(".js"))


async def test_nothing_on_the_page_may_come_from_elsewhere_or_be_inline(
    simulator: RunningSimulator,
) -> None:
    response = await simulator.http.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_every_file_that_the_page_names_is_served(simulator: RunningSimulator) -> None:
    page = (await simulator.http.get("/")).text
    named = set(re.findall(r'(?:src|href)="([^"]+)"', page))
    assert {"/main.js", "/page.css"} <= named
    for path in named:
        response = await simulator.http.get(path)
        assert response.status_code == 200, path
        assert "content-security-policy" in response.headers


async def test_every_module_that_a_script_imports_is_served(simulator: RunningSimulator) -> None:
    imported = set()
    for script in SCRIPTS:
        source = (await simulator.http.get(f"/{script}")).text
        imported |= set(re.findall(r'from "\./([^"]+)"', source))
    assert imported
    assert imported <= set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_writes_markup(script: str) -> None:
    source = (WEB / script).read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    page = (WEB / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", page)


@pytest.mark.parametrize("path", ["/../settings.py", "/%2e%2e/settings.py", "/nothing.js"])
async def test_no_other_file_is_served(simulator: RunningSimulator, path: str) -> None:
    assert (await simulator.http.get(path)).status_code == 404
