"""Pictures are decoded by processes with limits; none of them holds up another picture."""

import asyncio
import sys
import time
from pathlib import Path

import pytest
from integration.messaging.media.conftest import jpeg

from messaging_service.media import decoder
from messaging_service.media.decoder import PictureDecoder
from messaging_service.model.media import UnsupportedFile

ROOM = 700_000

# Programs in place of the decoder.
HANGS = "import time; time.sleep(60)"
DIES = "import os; os.abort()"
READS_AND_DIES = "import sys, os; sys.stdin.buffer.read(); os._exit(3)"
DIES_IN_THE_RESULT = "import os; os.write(1, b'image/png\\nhalf'); os.abort()"
FLOODS = "import os\nwhile True: os.write(1, b'x' * 65536)"
LIES = "import sys; sys.stdin.buffer.read(); print('text/html'); print('<p>')"
# It sets its limits as the decoder does, then exceeds one.
LIMITED = "from messaging_service.media import decoder_process; decoder_process._limit(); "
TAKES_MEMORY = LIMITED + "b'x' * decoder_process.MEMORY_LIMIT_BYTES"
SHOWS_VARIABLES = (
    "import os, sys; sys.stdin.buffer.read(); "
    "print('refused', sorted(set(os.environ) - {'LC_CTYPE'}))"
)


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def test_a_picture_is_decoded_in_another_process() -> None:
    media = await PictureDecoder().strip_metadata(jpeg(), ROOM)
    assert media.content_type == "image/jpeg"
    with pytest.raises(UnsupportedFile, match="no picture"):
        await PictureDecoder().strip_metadata(b"\xff\xd8\xff broken", ROOM)


@pytest.mark.parametrize(
    "code", [HANGS, DIES, READS_AND_DIES, DIES_IN_THE_RESULT, FLOODS, LIES, TAKES_MEMORY]
)
@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_a_process_that_fails_in_any_way_refuses_its_picture(code: str, size: int) -> None:
    seconds = 1.0 if code in (HANGS, FLOODS) else 20.0
    failing = PictureDecoder(wall_seconds=seconds, command=program(code))
    with pytest.raises(UnsupportedFile):
        await failing.strip_metadata(b"x" * size, ROOM)


async def test_a_picture_gets_another_process_if_the_first_one_never_read_it(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "started"
    dies_once = (
        f"import os, pathlib, runpy; mark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists():\n mark.touch(); os._exit(3)\n"
        "runpy.run_module('messaging_service.media.decoder_process', run_name='__main__')"
    )
    # Larger than a pipe holds, so that the first process cannot end with a picture in it.
    picture = jpeg() + bytes(2_000_000)
    media = await PictureDecoder(command=program(dies_once)).strip_metadata(picture, ROOM)
    assert media.content_type == "image/jpeg"
    assert mark.exists()


async def test_the_process_gets_none_of_the_services_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MESSAGING_FLOWROUTE_SECRET_KEY", "hunter2")
    showing = PictureDecoder(command=program(SHOWS_VARIABLES))
    with pytest.raises(UnsupportedFile, match=r"^\['MALLOC_ARENA_MAX'\]$"):
        await showing.strip_metadata(b"", ROOM)


async def test_pictures_that_hang_leave_the_event_loop_free_and_delay_others_little() -> None:
    hanging = PictureDecoder(wall_seconds=0.3, command=program(HANGS))
    start, longest_pause = time.monotonic(), 0.0
    pictures = [
        asyncio.create_task(hanging.strip_metadata(b"x", ROOM))
        for _ in range(2 * decoder.PROCESSES)
    ]
    while not all(picture.done() for picture in pictures):
        before = time.monotonic()
        await asyncio.sleep(0)
        longest_pause = max(longest_pause, time.monotonic() - before)
    assert time.monotonic() - start < 5.0
    assert longest_pause < 0.2
    assert all(isinstance(picture.exception(), UnsupportedFile) for picture in pictures)


async def test_a_process_is_killed_when_nobody_waits_for_it_any_more() -> None:
    hanging = PictureDecoder(command=program(HANGS))
    waiting = [
        asyncio.create_task(hanging.strip_metadata(b"x", ROOM)) for _ in range(decoder.PROCESSES)
    ]
    await asyncio.sleep(0.1)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    # Their places are free again.
    async with asyncio.timeout(1):
        async with hanging._slots, hanging._slots:
            pass
