from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio.connection import Connection
from redis.exceptions import DataError
from redis.typing import EncodableT

from runtime.redis.client import RedisAccess, open_redis
from runtime.redis.packing import PackingConnection, PlainConnection
from support.net.certificates import Authority

COMMANDS: tuple[tuple[EncodableT, ...], ...] = (
    ("EVALSHA", "0" * 40, 1, "{é}:message", b"\x00\xff\r\n", -7, 1.5, ""),
    ("SCRIPT LOAD", "return 1 + 1"),
    (b"CONFIG GET", b"max memory"),
    ("PING",),
    ("SET", "key", "a" * 100_000),
)


def test_commands_are_packed_as_by_redis_py() -> None:
    ours, theirs = PlainConnection(), Connection()
    for command in COMMANDS:
        assert b"".join(ours.pack_command(*command)) == b"".join(theirs.pack_command(*command))
    packed = b"".join(theirs.pack_commands(COMMANDS))
    assert ours.pack_commands(COMMANDS) == [packed]


@pytest.mark.parametrize("argument", [None, True, ["list"]])
def test_an_argument_without_a_form_of_its_own_is_refused(argument: EncodableT) -> None:
    with pytest.raises(DataError):
        PlainConnection().pack_command("SET", "key", argument)


def test_connections_with_and_without_tls_pack_so(tmp_path: Path) -> None:
    authority = Authority().files(tmp_path, "redis.example").authority
    plain = open_redis("redis://127.0.0.1:1/0")
    encrypted = open_redis(RedisAccess(SecretStr("rediss://127.0.0.1:1/0"), authority=authority))
    for client in (plain, encrypted):
        assert issubclass(client.connection_pool.connection_class, PackingConnection)
