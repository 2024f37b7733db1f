"""Connections that write commands with hiredis: redis-py's own packing takes most of its time."""

from collections.abc import Callable, Iterable
from typing import cast

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection
from redis.exceptions import DataError
from redis.typing import EncodableT

# The stubs list tuples of one element only.
_pack = cast("Callable[[tuple[EncodableT, ...]], bytes]", hiredis.pack_command)


class PackingConnection(AbstractConnection):
    """Base of connections. They take strings, bytes and numbers; strings are sent as UTF-8."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        """A command as Redis reads it. Raises DataError for an argument of another type."""
        return [_packed(args)]

    def pack_commands(self, commands: Iterable[Iterable[EncodableT]]) -> list[bytes]:
        """The commands of a pipeline, as one string of bytes."""
        return [b"".join(map(_packed, commands))]


class PlainConnection(PackingConnection, Connection):
    """A connection over TCP."""


def _packed(command: Iterable[EncodableT]) -> bytes:
    name, *arguments = command
    # redis-py's own commands may have two words, which Redis reads as two arguments.
    words = name.split() if isinstance(name, str | bytes) else (name,)
    try:
        return _pack((*words, *arguments))
    except TypeError as error:
        raise DataError("give strings, bytes and numbers") from error
