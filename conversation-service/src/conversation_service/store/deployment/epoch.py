"""How far this deployment has got, as Redis has it: steps counted by each observer."""

from dataclasses import dataclass
from datetime import datetime

from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.storage import Storage, run_script


@dataclass(frozen=True, slots=True)
class Position:
    """The epoch, which changes when a restore is accepted, and an observer's steps in it."""

    epoch: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class EpochStatus:
    """What Redis has. It is behind if it is older than what some observer has seen."""

    is_behind: bool
    position: Position
    # When any observer last found it current; None if none ever has.
    time: datetime | None


class Epochs:
    """The epoch of the whole deployment. An observer is a state directory."""

    def __init__(self, storage: Storage) -> None:
        self._scripts = storage.scripts
        self._key = storage.keys.epoch

    async def advance(self, observer: str, seen: Position) -> EpochStatus:
        """Counts one step of this observer, unless Redis is behind what was seen."""
        return await self._run("advance_epoch", (observer, seen.epoch, seen.step))

    async def begin(self, observer: str, seen: Position) -> EpochStatus:
        """Begins a new epoch with what Redis has now."""
        return await self._run("begin_epoch", (observer, seen.epoch))

    async def _run(self, script: str, arguments: tuple[str | int, ...]) -> EpochStatus:
        reply = await run_script(self._scripts, script, (self._key,), arguments)
        status, epoch, step, time = (item.decode() for item in reply)
        position = Position(int(epoch), int(step))
        return EpochStatus(status == "behind", position, _time(time))


def _time(ms: str) -> datetime | None:
    return from_ms(int(ms)) if int(ms) else None
