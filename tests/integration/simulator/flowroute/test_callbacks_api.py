"""`/messages/{callback_type}` as Flowroute's clients use it: the account's callback addresses."""

import json

import pytest
from integration.simulator.running_simulator import (
    JSON_API,
    KEYS,
    Simulator,
    assert_error,
    running_simulator,
)

from support.clock import ManualClock

TYPES = ("sms_callback", "mms_callback", "sms_dlr_callback", "mms_dlr_callback")
TOKEN = "a-token-of-the-gateway-that-is-in-use"
ADDRESS = "https://relay.example/api/message?x=1"


async def attributes(simulator: Simulator, kind: str) -> dict[str, str]:
    response = await simulator.http.get(f"/v2.2/messages/{kind}", auth=KEYS)
    assert response.status_code == 200
    data = response.json()["data"]
    assert set(data) == {"type", "attributes"}
    assert data["type"] == "callback"
    content: dict[str, str] = data["attributes"]
    return content


@pytest.mark.parametrize(("tokens", "end"), [("", ""), (f"{TOKEN},{'x' * 32}", f"/{TOKEN}")])
async def test_at_the_start_callbacks_are_set_to_where_they_really_go(
    clock: ManualClock, tokens: str, end: str
) -> None:
    async with running_simulator(clock, callback_token=tokens) as simulator:
        for kind, what in zip(TYPES, ("message", "message", "receipt", "receipt"), strict=True):
            assert await attributes(simulator, kind) == {
                "api_version": "v2.2",
                "callback_url": f"{simulator.gateway.url}/api/{what}{end}",
                "product": kind[:3],
            }
        await simulator.type_text("start")
        await simulator.send()
        await simulator.deliver()
        paths = {callback.path for callback in simulator.gateway.received}
        assert paths == {f"/api/message{end}", f"/api/receipt{end}"}


async def test_an_address_is_set_in_both_shapes_and_versions(simulator: Simulator) -> None:
    for number, version in enumerate(("v2.1", "v2.2", "v2.1", "v2.2")):
        flat = {"callback_url": f"{ADDRESS}&n={number}"}
        content = json.dumps(flat if number < 2 else {"data": {"attributes": flat}})
        url = f"/{version}/messages/mms_callback"
        response = await simulator.http.put(url, content=content, headers=JSON_API, auth=KEYS)
        assert (response.status_code, response.content) == (204, b"")
        changed = (await attributes(simulator, "mms_callback"))["callback_url"]
        assert changed == flat["callback_url"]


@pytest.mark.parametrize("kind", [*TYPES, "dlr_callback"])
async def test_an_address_that_is_taken_away_is_not_found_until_it_is_set_again(
    simulator: Simulator, kind: str
) -> None:
    """The older name `dlr_callback` means the receipts of texts."""
    url = f"/v2.2/messages/{kind}"
    for _ in range(2):
        response = await simulator.http.delete(url, auth=KEYS)
        assert (response.status_code, response.content) == (204, b"")
    assert_error(await simulator.http.get(url, auth=KEYS), 404, "Not Found")
    await simulator.http.put(url, json={"callback_url": ADDRESS}, auth=KEYS)
    changed = [t for t in TYPES if (await attributes(simulator, t))["callback_url"] == ADDRESS]
    assert changed == ["sms_dlr_callback" if kind == "dlr_callback" else kind]


async def test_the_version_shows_the_shape_of_the_callbacks(simulator: Simulator) -> None:
    await simulator.http.put("/simulator/settings", json={"callback_shape": "flat-mdr1"})
    assert (await attributes(simulator, "sms_callback"))["api_version"] == "v2"
    # An MMS has but one shape.
    assert (await attributes(simulator, "mms_callback"))["api_version"] == "v2.2"
    text_id = await simulator.type_text("start")
    await simulator.deliver()
    [callback] = simulator.gateway.received
    assert text_id.startswith("mdr1-")
    assert json.loads(callback.content)["id"] == text_id


async def test_what_is_no_address_is_refused_and_changes_nothing(simulator: Simulator) -> None:
    before = await attributes(simulator, "sms_callback")
    for content, status, title in (
        ({}, 422, "Unprocessable Entity"),
        ({"callback_url": "ftp://relay.example"}, 422, "Unprocessable Entity"),
        ([], 400, "Bad Request"),
    ):
        response = await simulator.http.put("/v2.2/messages/sms_callback", json=content, auth=KEYS)
        assert_error(response, status, title)
    assert await attributes(simulator, "sms_callback") == before


async def test_a_message_id_is_no_callback_type_nor_the_reverse(simulator: Simulator) -> None:
    message = (await simulator.send()).json()["data"]["id"]
    response = await simulator.http.get(f"/v2.2/messages/{message}", auth=KEYS)
    assert response.json()["data"]["type"] == "message"
    for path in (f"/v2.2/messages/{message}", "/v2.2/messages/voice_callback"):
        response = await simulator.http.put(path, json={"callback_url": ADDRESS}, auth=KEYS)
        assert_error(response, 405, "Method Not Allowed")
    response = await simulator.http.post("/v2.2/messages/sms_callback", json={}, auth=KEYS)
    assert_error(response, 405, "Method Not Allowed")
