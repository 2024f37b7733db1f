import httpx
from integration.simulator.running_simulator import (
    ALICE,
    ALSO_OURS,
    BOB,
    OURS,
    Simulator,
    assert_error,
)

CAROL = "+13605550133"
JSON = {"content-type": "application/json"}
FAULTS = "/simulator/faults"
TEXTS = f"/simulator/phones/{ALICE}/texts"


def assert_problem(response: httpx.Response, status: int) -> None:
    """One problem, which does not repeat what was sent."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


async def test_phones_are_listed_added_and_taken_away(simulator: Simulator) -> None:
    added = await simulator.http.post("/simulator/phones", json={"number": CAROL[1:]})
    assert (added.status_code, added.json()) == (201, {"number": CAROL})
    listed = (await simulator.http.get("/simulator/phones")).json()
    assert listed == {"phones": [ALICE, BOB, CAROL], "masked_numbers": [OURS, ALSO_OURS]}
    assert (await simulator.http.delete(f"/simulator/phones/{ALICE}")).status_code == 204
    listed = (await simulator.http.get("/simulator/phones")).json()
    assert listed["phones"] == [BOB, CAROL]


async def test_a_thread_is_told_oldest_first_from_the_phones_side(simulator: Simulator) -> None:
    text_id = await simulator.type_text("start")
    await simulator.deliver()
    await simulator.send(body="your code")
    sent, received = await simulator.texts()
    assert set(sent) == {
        "id", "direction", "peer", "body", "media", "state", "attempts", "last_status",
        "next_attempt", "time"
    }  # fmt: skip
    assert (sent["id"], sent["direction"], sent["peer"]) == (text_id, "sent", OURS)
    assert (sent["body"], sent["state"]) == ("start", "accepted")
    assert (received["direction"], received["peer"]) == ("received", OURS)
    assert (received["body"], received["state"]) == ("your code", "received")


async def test_a_page_from_elsewhere_types_nothing(simulator: Simulator) -> None:
    """A browser asks before it sends JSON to another site; what required no asking is refused."""
    content = b'{"to": "+12065550100", "body": "hi"}'
    for headers in ({}, {"content-type": "text/plain"}):
        response = await simulator.http.post(TEXTS, content=content, headers=headers)
        assert_problem(response, 422)
    assert await simulator.texts() == []


async def test_settings_change_one_by_one(simulator: Simulator) -> None:
    expected = {"callback_shape": "jsonapi", "receipt_shape": "wrapped", "handset_receipts": False}
    for name, value in [("callback_shape", "flat-mdr2"), ("receipt_shape", "unwrapped")]:
        expected[name] = value
        changed = await simulator.http.put("/simulator/settings", json={name: value})
        assert changed.json() == expected
    assert (await simulator.http.get("/simulator/settings")).json() == expected


async def test_strange_characters_break_nothing(simulator: Simulator) -> None:
    for escape in (b"\\ud800", b"\\u0000", b"\\udc00\\ud83d"):
        content = b'{"to": "+12065550100", "body": "a' + escape + b'b"}'
        response = await simulator.http.post(TEXTS, content=content, headers=JSON)
        assert response.status_code == 202, escape
    await simulator.deliver()
    assert [text["state"] for text in await simulator.texts()] == ["accepted"] * 3


WRONG_TEXTS = [
    b"", b"\xff\xfe", b"[]", b"[" * 60_000, b'{"to": "911"}',
    b'{"to": "+12065550199", "body": "hi"}', b'{"to": "+12065550100", "body": null}',
    b'{"to": "+12065550100", "body": "' + b"a" * 20_001 + b'"}',
    b'{"to": "+12065550100", "body": "", "media": [{}]}',
]  # fmt: skip


async def test_a_text_of_the_wrong_form_is_a_problem(simulator: Simulator) -> None:
    for body in WRONG_TEXTS:
        response = await simulator.http.post(TEXTS, content=body, headers=JSON)
        assert response.status_code == 422, body[:80]
        assert_problem(response, 422)
    assert await simulator.texts() == []


PROBLEMS: list[tuple[str, str, object, int]] = [
    ("POST", "/simulator/phones", {"number": "911"}, 422),
    ("GET", f"/simulator/phones/{CAROL}/texts", None, 404),
    ("POST", f"/simulator/phones/{CAROL}/texts", {"to": OURS, "body": "hi"}, 404),
    ("DELETE", f"/simulator/phones/{CAROL}", None, 404),
    ("POST", "/simulator/texts/unknown/resend", None, 404),
    ("PUT", "/simulator/settings", {"callback_shape": "xml"}, 422),
    ("PUT", "/simulator/settings", {"handset_receipts": "yes"}, 422),
    ("POST", FAULTS, {}, 422),
    ("POST", FAULTS, {"kind": "explode"}, 422),
    ("POST", FAULTS, {"kind": "slow"}, 422),
    ("POST", FAULTS, {"kind": "slow", "seconds": 0}, 422),
    ("POST", FAULTS, {"kind": "slow", "seconds": True}, 422),
    ("POST", FAULTS, {"kind": "reset", "seconds": 1}, 422),
    ("POST", FAULTS, {"kind": "reset", "count": 0}, 422),
    ("POST", FAULTS, {"kind": "reset", "match": {"sender": OURS}}, 422),
    ("POST", FAULTS, {"kind": "status", "status": 200}, 422),
    ("POST", FAULTS, {"kind": "receipts_failing", "status_code": 4}, 422),
    ("DELETE", "/simulator/faults/unknown", None, 404),
    ("PUT", f"/simulator/opt-outs/{CAROL}/{OURS}", None, 404),
    ("PUT", f"/simulator/opt-outs/{ALICE}/{BOB}", None, 422),
    ("GET", "/simulator/media/unknown/cat.png", None, 404),
    ("GET", "/simulator/nothing", None, 404),
    ("DELETE", "/simulator/settings", None, 405),
]


async def test_what_cannot_be_done_is_a_problem(simulator: Simulator) -> None:
    for method, path, json, status in PROBLEMS:
        response = await simulator.http.request(method, path, json=json)
        assert response.status_code == status, (method, path, json)
        assert_problem(response, status)


async def test_a_text_that_was_received_cannot_be_handed_in_again(simulator: Simulator) -> None:
    text_id = (await simulator.send()).json()["data"]["id"]
    assert_problem(await simulator.http.post(f"/simulator/texts/{text_id}/resend"), 409)


async def test_a_huge_body_is_refused(simulator: Simulator) -> None:
    response = await simulator.http.post(
        "/simulator/phones", content=b" " * 1_000_000, headers=JSON
    )
    assert_problem(response, 413)


async def test_faults_are_listed_with_what_is_left_of_them(simulator: Simulator) -> None:
    match = {"to": ALICE}
    with_digits = {"to": ALICE[1:]}
    first = await simulator.fault("status", status=503, count=3, match=with_digits)
    second = await simulator.fault("hang", seconds=5, count=None, match={"body": "no"})
    await simulator.fault("receipts_never")
    await simulator.send()
    await simulator.send(to=BOB)
    assert (await simulator.http.get(FAULTS)).json() == {
        "faults": [
            {"id": first, "kind": "status", "left": 2, "match": match, "status": 503,
             "retry_after": None},
            {"id": second, "kind": "hang", "left": None, "match": {"body": "no"}, "seconds": 5.0},
        ],
        "struck": {"status": 1, "receipts_never": 1},
    }  # fmt: skip


async def test_faults_are_removed_one_by_one_and_all_at_once(simulator: Simulator) -> None:
    first, *others = [await simulator.fault("reset", count=None) for _ in range(3)]
    assert (await simulator.http.delete(f"{FAULTS}/{first}")).status_code == 204
    listed = (await simulator.http.get(FAULTS)).json()["faults"]
    assert [fault["id"] for fault in listed] == others
    assert (await simulator.http.delete(FAULTS)).status_code == 204
    assert (await simulator.http.get(FAULTS)).json()["faults"] == []
    assert (await simulator.send()).status_code == 202


async def test_a_phone_can_be_opted_out_and_in_without_a_text(simulator: Simulator) -> None:
    url = f"/simulator/opt-outs/{ALICE}/{OURS}"
    assert (await simulator.http.put(url)).status_code == 204
    assert "1110" in assert_error(await simulator.send(), 400, "Bad Request")
    assert (await simulator.send(**{"from": ALSO_OURS})).status_code == 202
    assert (await simulator.send(to=BOB)).status_code == 202
    assert (await simulator.http.delete(url)).status_code == 204
    assert (await simulator.send()).status_code == 202
    assert [text["body"] for text in await simulator.texts()] == ["hi", "hi"]
