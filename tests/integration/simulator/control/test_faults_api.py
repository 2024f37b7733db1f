"""`/simulator/faults` and `/simulator/opt-outs`."""

from integration.simulator.running_simulator import (
    ALICE,
    ALSO_OURS,
    BOB,
    OURS,
    Simulator,
    assert_error,
)

FAULTS = "/simulator/faults"


async def test_faults_are_listed_with_what_is_left_of_them(simulator: Simulator) -> None:
    match = {"to": ALICE}
    first = await simulator.fault("status", status=503, count=3, match=match)
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
