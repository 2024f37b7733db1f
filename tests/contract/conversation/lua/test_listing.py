"""Lists of conversations: a page costs a page, whatever the filter and however many there are."""

from typing import cast

import pytest

from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.participants import Route
from conversation_service.store.conversations.types import Committed
from support.builders.conversations import ALICE, BOB, MASKED, OTHER_MASKED, PEOPLE

from .repository_harness import Harness

MANY = 1_000
# Two records of a page and three lists of ids have some 2 kB; all records have half a megabyte.
PAGE_BYTES = 8_000

FILTERS = [
    (None, ""),
    *((state, "") for state in State),
    *((state, number) for state in (None, *State) for number in (MASKED, OTHER_MASKED)),
    (None, "+12065550102"),
]


async def add_waiting(harness: Harness, number: int) -> None:
    """As many people on MASKED who wait for somebody."""
    numbers = [f"+1{200 + index // 100}55501{index % 100:02}" for index in range(number)]
    routes = [Route(MASKED, PEOPLE.person("main", one)) for one in numbers]
    changes = (harness.starting(route, f"C{index}") for index, route in enumerate(routes))
    outcomes = await harness.store.commit([harness.commit_of(change) for change in changes])
    assert outcomes == [Committed()] * number


async def output_bytes(harness: Harness) -> int:
    stats = await harness.redis.info("stats")
    return cast("int", stats["total_net_output_bytes"])


@pytest.mark.parametrize("is_old", [True, False])
async def test_a_page_reads_a_page_whatever_the_filter(harness: Harness, is_old: bool) -> None:
    """The rare ones among many others, which a scan would read, are the newest or the oldest."""
    if not is_old:
        await add_waiting(harness, MANY)
        harness.clock.move(seconds=1)
    over = await harness.end(await harness.started(Route(OTHER_MASKED, ALICE), "A"))
    harness.clock.move(seconds=1)
    waiting = await harness.started(Route(OTHER_MASKED, BOB), "B")
    if is_old:
        harness.clock.move(seconds=1)
        await add_waiting(harness, MANY)
    overhead = -await output_bytes(harness) + await output_bytes(harness)
    for state, number in FILTERS:
        before = await output_bytes(harness)
        conversations, _ = await harness.store.page(2, "", [state] if state else (), number)
        read = await output_bytes(harness) - before - overhead
        assert read < PAGE_BYTES, (state, number)
        assert all(_matches(item, state, number) for item in conversations)
        if number == OTHER_MASKED:
            expected = {State.ENDED: [over], State.WAITING: [waiting], None: [waiting, over]}
            assert conversations == expected.get(state, [])


def _matches(conversation: Conversation, state: State | None, number: str) -> bool:
    return state in (None, conversation.state) and number in ("", conversation.masked_number)


async def test_a_conversation_moves_from_list_to_list(harness: Harness) -> None:
    async def listed() -> list[State]:
        return [state for state in State for _ in (await harness.store.page(9, "", [state]))[0]]

    async def listed_on_its_number() -> list[State]:
        pages = [(state, await harness.store.page(9, "", [state], MASKED)) for state in State]
        return [state for state, page in pages for _ in page.conversations]

    active = await harness.connected()
    assert await listed() == await listed_on_its_number() == [State.ACTIVE]
    over = await harness.end(active)
    assert await listed() == await listed_on_its_number() == [State.ENDED]
    await harness.store.purge([over])
    assert await listed() == await listed_on_its_number() == []
