"""What a simulator finds after a restart is what the one before it had."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from simulator import phones as phones_module
from simulator.carrier import Carrier, RecipientOptedOut
from simulator.media import files as media_module
from simulator.media.files import File
from simulator.phones import TextState
from simulator.record_factory import SendRequest
from simulator.storage.data_file import DataFile, DataFileUnusable
from support.clock import ManualClock

ALICE, BOB = "+14255550111", "+14255550122"
OURS = "+12065550100"
PICTURE = File("cat.png", "image/png", b"picture")


class Restartable:
    """A carrier with a data file, and the gateway's answer to its callbacks."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.path = path
        self.clock = clock
        self.status = 200
        self.received: list[bytes] = []
        self.carrier = self._create()

    def restart(self) -> Carrier:
        self.carrier.data_file.close()
        self.carrier = self._create()
        return self.carrier

    async def deliver(self) -> None:
        while self.carrier.callback_sender.run_once():
            await self.carrier.callback_sender.wait_until_idle()

    async def _post(self, url: str, content: bytes) -> int:
        self.received.append(content)
        return self.status

    def _create(self) -> Carrier:
        return Carrier(
            numbers=[OURS],
            gateway_url="http://gateway",
            clock=self.clock,
            post=self._post,
            resend_interval=timedelta(seconds=30),
            data_file=DataFile(self.path),
        )


@pytest.fixture
def restartable(tmp_path: Path, clock: ManualClock) -> Restartable:
    made = Restartable(tmp_path / "data" / "phones.sqlite3", clock)
    for phone in (BOB, ALICE):
        made.carrier.phones.add(phone)
    return made


async def test_phones_texts_files_and_opt_outs_are_found_again(restartable: Restartable) -> None:
    carrier = restartable.carrier
    sent = carrier.type_text(ALICE, OURS, "look\0 \U0001f600", (PICTURE,))
    carrier.send(SendRequest(OURS, ALICE, "nice"))
    carrier.type_text(BOB, OURS, "STOP", ())
    await restartable.deliver()
    texts = {phone: carrier.phones.texts(phone) for phone in (BOB, ALICE)}
    restarted = restartable.restart()
    assert restarted.phones.numbers() == [BOB, ALICE]
    assert {phone: restarted.phones.texts(phone) for phone in (BOB, ALICE)} == texts
    stored = restarted.media.find(sent.media[0].url.split("/")[3])
    assert stored is not None
    assert stored.file == PICTURE
    with pytest.raises(RecipientOptedOut):
        restarted.send(SendRequest(OURS, BOB, "hi"))


async def test_a_text_that_was_not_accepted_is_tried_again_when_it_is_due(
    restartable: Restartable, clock: ManualClock
) -> None:
    restartable.status = 503
    text = restartable.carrier.type_text(ALICE, OURS, "tried", ())
    await restartable.deliver()
    restartable.carrier.type_text(ALICE, OURS, "never tried", ())
    restartable.status = 200
    clock.move(seconds=10)
    restarted = restartable.restart()
    await restartable.deliver()
    states = [(text.body, text.state) for text in restarted.phones.texts(ALICE)]
    assert states == [("tried", TextState.RESENDING), ("never tried", TextState.ACCEPTED)]
    clock.move(seconds=20)
    await restartable.deliver()
    assert {text.state for text in restarted.phones.texts(ALICE)} == {TextState.ACCEPTED}
    assert restartable.received.count(text.callback or b"") == 2


async def test_what_was_removed_or_dropped_does_not_come_back(
    restartable: Restartable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phones_module, "TEXTS_PER_PHONE", 2)
    monkeypatch.setattr(media_module, "MAX_STORED_BYTES", media_module.MIN_COUNTED_BYTES)
    carrier = restartable.carrier
    carrier.type_text(BOB, OURS, "STOP", ())
    carrier.remove_phone(BOB)
    texts = [carrier.type_text(ALICE, OURS, body, (PICTURE,)) for body in ("1", "2", "3")]
    restarted = restartable.restart()
    assert restarted.phones.numbers() == [ALICE]
    assert [text.body for text in restarted.phones.texts(ALICE)] == ["2", "3"]
    found = [restarted.media.find(text.media[0].url.split("/")[3]) for text in texts]
    assert [file is not None for file in found] == [False, False, True]
    restarted.phones.add(BOB)
    assert restarted.phones.texts(BOB) == []
    assert restarted.send(SendRequest(OURS, BOB, "hi")).to_number == BOB


def test_only_its_user_can_read_the_file(restartable: Restartable) -> None:
    modes = {file.stat().st_mode & 0o777 for file in restartable.path.parent.iterdir()}
    assert modes == {0o600}


async def test_a_file_that_cannot_be_written_stops_nothing(restartable: Restartable) -> None:
    restartable.carrier.data_file.close()
    restartable.carrier.type_text(ALICE, OURS, "hi", ())
    await restartable.deliver()
    [text] = restartable.carrier.phones.texts(ALICE)
    assert text.state is TextState.ACCEPTED


def test_a_file_that_cannot_be_used_is_refused(restartable: Restartable, tmp_path: Path) -> None:
    with pytest.raises(DataFileUnusable, match="locked"):
        DataFile(restartable.path)
    damaged, other = tmp_path / "damaged", tmp_path / "other"
    damaged.write_bytes(b"no database" * 1_000)
    with closing(sqlite3.connect(other)) as database:
        database.execute("PRAGMA user_version = 99")
    for path, reason in [
        (damaged, "not a database"),
        (other, "another version"),
        (tmp_path, "Is a directory"),
        (damaged / "below", "File exists|Not a directory"),
    ]:
        with pytest.raises(DataFileUnusable, match=reason):
            DataFile(path)
