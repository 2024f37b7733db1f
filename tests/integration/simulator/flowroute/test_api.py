import json
import re

import httpx
import pytest
from integration.simulator.running_simulator import (
    ALICE,
    ALSO_OURS,
    JSON_API,
    KEYS,
    OURS,
    Simulator,
    assert_error,
)

from simulator import records as records_module
from simulator.callbacks import sender as sender_module
from simulator.flowroute.send_request import MAX_BODY_CHARACTERS
from support.clock import ManualClock

WRONG_FIELDS: list[tuple[str, object]] = [
    ("to", None), ("to", "911"), ("to", 14255550111), ("from", "nobody"), ("body", None),
    ("body", 7), ("body", "\ud800"), ("body", "a" * (MAX_BODY_CHARACTERS + 1)),
    ("media_urls", "https://example.net/1.jpg"), ("media_urls", ["ftp://example.net/1"]),
    ("media_urls", ["https://example.net/1.jpg"] * 11), ("dlr_callback", "http://[::1"),
    ("dlr_callback", "javascript:alert(1)"), ("is_mms", "maybe"),
]  # fmt: skip


async def post(
    simulator: Simulator, content: bytes, headers: dict[str, str] = JSON_API
) -> httpx.Response:
    url = "/v2.2/messages"
    return await simulator.http.post(url, content=content, headers=headers, auth=KEYS)


@pytest.mark.parametrize("version", ["v2.1", "v2.2"])
@pytest.mark.parametrize("shape", ["flat", "json_api"])
async def test_both_shapes_and_versions_are_accepted(
    simulator: Simulator, version: str, shape: str
) -> None:
    attributes = {"to": ALICE, "from": OURS, "body": "a" * 161}
    wrapped = {"data": {"type": "message", "attributes": attributes}}
    response = await simulator.http.post(
        f"/{version}/messages",
        content=json.dumps(attributes if shape == "flat" else wrapped),
        headers=JSON_API,
        auth=KEYS,
    )
    assert response.status_code == 202
    data = response.json()["data"]
    assert re.fullmatch(r"mdr2-[0-9a-f]{32}", data["id"])
    assert data["type"] == "message"
    collection = f"http://127.0.0.1:{simulator.port}/{version}/messages"
    assert data["links"] == {"self": f"{collection}/{data['id']}"}
    price = {
        "base_rate": "0.0040",
        "charged_cost": "0.0080",
        "segment_count": 2,
        "surcharge_rate": "0.0000",
    }
    assert data.get("attributes") == ({"price_details": price} if version == "v2.2" else None)


async def test_without_the_keys_nothing_is_shown(simulator: Simulator) -> None:
    for method, path in (
        ("POST", "/v2.2/messages"),
        ("GET", "/v2.2/messages"),
        ("GET", "/v2.1/messages/mdr2-0"),
        ("GET", "/v2/numbers"),
        ("PUT", "/v2.2/messages/sms_callback"),
    ):
        for value in ("", "Basic", "Basic bm9ib2R5Om5vYm9keQ==", "Basic \u00e9",
                      "Bearer c2ltdWxhdG9yOnNpbXVsYXRvcg=="):  # fmt: skip
            headers = httpx.Headers({"authorization": value} if value else {}, encoding="latin-1")
            response = await simulator.http.request(method, path, headers=headers)
            assert response.status_code == 401, (method, path, value)
            assert_error(response, 401, "Unauthorized")
            assert response.headers["www-authenticate"].startswith("Basic")


async def test_a_number_that_is_not_ours_is_forbidden(simulator: Simulator) -> None:
    response = await simulator.send(**{"from": "+12065550199"})
    assert "'from'" in assert_error(response, 403, "Forbidden")
    assert await simulator.texts() == []


async def test_what_does_not_exist_is_not_found(simulator: Simulator) -> None:
    for path in ("/v2.2/messages/mdr2-unknown", "/v2.2/media", "/v2/messages"):
        assert_error(await simulator.http.get(path, auth=KEYS), 404, "Not Found")


async def test_only_json_is_a_supported_media_type(simulator: Simulator) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = await post(simulator, b"{}", {"content-type": content_type})
        assert_error(response, 415, "Unsupported Media Type")


async def test_what_is_no_json_object_is_a_bad_request(simulator: Simulator) -> None:
    for body in (b"", b"\xff", b'"text"', b"[]", b"[" * 60_000):
        assert_error(await post(simulator, body), 400, "Bad Request")


async def test_a_field_of_the_wrong_form_is_named_and_not_repeated(simulator: Simulator) -> None:
    for name, value in WRONG_FIELDS:
        fields = {"to": ALICE, "from": OURS, "body": "hi", name: value}
        for content in (fields, {"data": {"attributes": fields}}):
            response = await post(simulator, json.dumps(content).encode())
            assert response.status_code == 422, (name, value)
            detail = assert_error(response, 422, "Unprocessable Entity")
            assert f"'{name}'" in detail, (name, value)
            assert str(value) not in detail
    assert await simulator.texts() == []


async def test_numbers_may_lack_their_prefix_and_flags_may_be_words(simulator: Simulator) -> None:
    for changes in ({"to": ALICE[1:]}, {"to": ALICE[2:]}, {"from": OURS[1:]}, {"is_mms": "true"}):
        assert (await simulator.send(**changes)).status_code == 202, changes
    assert [text["peer"] for text in await simulator.texts()] == [OURS] * 4


async def test_a_huge_body_is_refused(simulator: Simulator) -> None:
    response = await post(simulator, b" " * 1_000_000)
    assert_error(response, 413, response.json()["errors"][0]["title"])


async def test_a_send_after_stop_is_refused_with_1110_until_unstop(simulator: Simulator) -> None:
    await simulator.type_text("stop")
    assert "1110" in assert_error(await simulator.send(), 400, "Bad Request")
    assert (await simulator.send(**{"from": ALSO_OURS})).status_code == 202
    await simulator.type_text("UNSTOP")
    assert (await simulator.send()).status_code == 202


async def test_too_many_waiting_receipts_are_a_passing_failure(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "WAITING_LIMIT", 0)
    assert_error(await simulator.send(), 503, "Service Unavailable")


async def test_an_outbound_record_is_the_logged_sample(
    simulator: Simulator, clock: ManualClock
) -> None:
    moment = f"{clock.now():%Y-%m-%dT%H:%M:%S}.00Z"

    def receipt(level: int, status: str, code: int | None, description: str) -> dict[str, object]:
        fields = {"level": level, "status": status, "status_code": code, "timestamp": moment}
        return {**fields, "status_code_description": description}

    message_id = (await simulator.send()).json()["data"]["id"]
    response = await simulator.http.get(f"/v2.2/messages/{message_id}", auth=KEYS)
    assert response.json() == {
        "data": {
            "attributes": {
                "body": "hi",
                "status": "message buffered",
                "direction": "outbound",
                "amount_nanodollars": 4_000_000,
                "to": "14255550111",
                "from": "12065550100",
                "message_encoding": 0,
                "timestamp": moment,
                "delivery_receipts": [
                    receipt(2, "message buffered", 1003, "Message accepted by Carrier"),
                    receipt(1, "smsc submit", None, "Message has been sent"),
                ],
                "amount_display": "$0.0040",
                "is_mms": False,
                "message_type": "longcode",
            },
            "type": "message",
            "id": message_id,
        }
    }


async def test_records_are_listed_newest_first_in_pages(
    simulator: Simulator, clock: ManualClock
) -> None:
    start = f"{clock.now():%Y-%m-%dT%H:%M:%S}.00Z"
    made = []
    for number in range(3):
        made.append(await simulator.type_text(f"in {number}"))
        clock.move(seconds=1)
        made.append((await simulator.send(body=f"out {number}")).json()["data"]["id"])
        clock.move(seconds=1)
    url, pages = f"/v2.2/messages?start_date={start}&limit=4", []
    while url:
        page = (await simulator.http.get(url, auth=KEYS)).json()
        pages.append([(m["id"], m["attributes"]["direction"]) for m in page["data"]])
        url = page["links"].get("next", "")
    newest_first = list(zip(reversed(made), ["outbound", "inbound"] * 3, strict=True))
    assert pages == [newest_first[:4], newest_first[4:]]


async def test_a_listing_keeps_to_its_dates(simulator: Simulator, clock: ManualClock) -> None:
    await simulator.send(body="before")
    clock.move(seconds=10)
    start = f"{clock.now():%Y-%m-%dT%H:%M:%S}"
    await simulator.send(body="within")
    clock.move(seconds=10)
    await simulator.send(body="after")
    end = f"{clock.now():%Y-%m-%d}T12:00:19"
    # Without a zone, as SDKs send it, it is UTC.
    for form in ("", "Z", "+00:00", ".00", ".000000Z"):
        params = {"start_date": f"{start}{form}", "end_date": f"{end}{form}"}
        page = await simulator.http.get("/v2.1/messages", params=params, auth=KEYS)
        assert [m["attributes"]["body"] for m in page.json()["data"]] == ["within"], form


async def test_a_wrong_query_is_unprocessable(simulator: Simulator) -> None:
    dated = "/v2.2/messages?start_date=2026-01-01"
    for path in (
        "/v2.2/messages",
        f"{dated}&end_date=x",
        f"{dated}T00:00",
        f"{dated}T00:00:00%2B1",
        f"{dated}&limit=0",
        "/v2/numbers?limit=201",
        "/v2/numbers?offset=-1",
    ):
        response = await simulator.http.get(path, auth=KEYS)
        assert response.status_code == 422, path
        assert_error(response, 422, "Unprocessable Entity")


async def test_old_records_are_deleted(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "MAX_RECORDS", 2)
    ids = [(await simulator.send()).json()["data"]["id"] for _ in range(3)]
    result = [await simulator.http.get(f"/v2.2/messages/{i}", auth=KEYS) for i in ids]
    assert [response.status_code for response in result] == [404, 200, 200]


async def test_our_numbers_are_listed_as_flowroute_lists_them(simulator: Simulator) -> None:
    page = (await simulator.http.get("/v2/numbers", params={"limit": 1}, auth=KEYS)).json()
    [number] = page["data"]
    assert (number["type"], number["id"]) == ("number", "12065550100")
    assert number["attributes"]["value"] == "12065550100"
    assert number["attributes"]["number_type"] == "longcode"
    assert number["attributes"]["messaging_enabled"] is True
    assert number["links"]["self"].endswith("/v2/numbers/12065550100")
    following = (await simulator.http.get(page["links"]["next"], auth=KEYS)).json()
    assert [number["id"] for number in following["data"]] == ["12065550101"]
    assert "next" not in following["links"]


async def test_a_number_is_found_by_its_digits(simulator: Simulator) -> None:
    [listed, _] = (await simulator.http.get("/v2/numbers", auth=KEYS)).json()["data"]
    response = await simulator.http.get("/v2/numbers/12065550100", auth=KEYS)
    assert response.json()["data"] == listed
    for other in ("12065550199", "+12065550100", "x"):
        missing = await simulator.http.get(f"/v2/numbers/{other}", auth=KEYS)
        assert_error(missing, 404, "Not Found")
    assert (await simulator.http.get("/v2/numbers/12065550100")).status_code == 401


async def test_numbers_match_by_digits(simulator: Simulator) -> None:
    for query, result in (
        ("starts_with=206", 2),
        ("starts_with=%2B1206", 2),
        ("starts_with=%2B44", 0),
        ("contains=5550101", 1),
        ("ends_with=100", 1),
        ("offset=2", 0),
    ):
        response = await simulator.http.get(f"/v2/numbers?{query}", auth=KEYS)
        assert len(response.json()["data"]) == result, query
