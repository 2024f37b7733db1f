"""Nothing that a deployment leaves behind holds a number or a word of its people."""

import asyncio
from pathlib import Path

from leaks import story
from leaks.deployment import deployment
from leaks.marked import leaks

# Some of what is left; that these have something in them shows that the search looks at them.
SEARCHED = (".log", "dump.rdb", ".incr.aof", "/metrics", "refusal")


async def left_behind(folder: Path, log_level: str, *, with_commands: bool) -> dict[str, bytes]:
    """Everything that can be read after the whole story."""
    async with deployment(folder, log_level) as one:
        await story.people_talk(one)
        await story.sending_fails(one)
        await story.callbacks_are_bad(one)
        await story.clients_ask(one)
        if with_commands:
            await story.operators_look(one)
        await story.people_leave(one)
        return await one.left()


def holds_nothing(places: dict[str, bytes]) -> None:
    for part in SEARCHED:
        assert [place for place, content in places.items() if part in place and content], part
    assert leaks(places) == {}


async def test_what_is_told_at_the_most_talkative_holds_no_number_and_no_word(
    tmp_path: Path,
) -> None:
    holds_nothing(await left_behind(tmp_path, "debug", with_commands=True))


async def test_what_is_told_at_every_other_level_holds_no_number_and_no_word(
    tmp_path: Path,
) -> None:
    levels = ("info", "warning", "error")
    stories = (left_behind(tmp_path / level, level, with_commands=False) for level in levels)
    for places in await asyncio.gather(*stories):
        holds_nothing(places)
