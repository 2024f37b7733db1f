"""Runs Maskline for the benchmark: `python -m bench.systems.maskline WAY FOLDER CARRIER_URL ADDRESSES`."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.systems.certificates import Certificates
from bench.systems.ways import CONVERSATION_SERVICE, Variant
from devstack.data_dir import DataDirectory
from devstack.health import redis_answers
from devstack.ports import Ports
from devstack.processes import (
    Environment,
    ServiceProcess,
    ServiceUrls,
    embedded_redis,
    services,
    urls_of,
)
from devstack.redis_url import embedded_url
from devstack.supervisor import Supervisor
from devstack.valkey import server_command
from runtime.shutdown import stop_requested
from support.ports import free_port

PARTS = ("valkey", "simulator", "messaging_service", "conversation_service", "gateway")


class Deployment:
    """The parts of one Maskline."""

    def __init__(self, way: Variant, folder: DataDirectory, carrier_url: str) -> None:
        self._way = way
        self._folder = folder
        self._ports = Ports(**{part: free_port() for part in PARTS})
        self._tls_port = free_port()
        self._certificates = Certificates.made(folder.path) if way.is_encrypted else None
        self._person = {**os.environ, **self._settings(carrier_url)}

    @property
    def addresses(self) -> dict[str, str]:
        """Where the driver gets in, and where Redis is asked in clear how much it holds."""
        return {
            "gateway_url": self._urls.gateway_url,
            "redis_url": embedded_url(self._ports.valkey),
        }

    def parts(self) -> list[ServiceProcess]:
        """In the order of starting."""
        return [self._redis(), *map(self._in_this_way, services(*self._told))]

    @property
    def _told(self) -> tuple[ServiceUrls, DataDirectory, Environment]:
        return self._urls, self._folder, self._person

    @property
    def _urls(self) -> ServiceUrls:
        encrypted = f"rediss://127.0.0.1:{self._tls_port}/0"
        return urls_of(self._ports, encrypted if self._way.encrypts_redis else None)

    def _redis(self) -> ServiceProcess:
        port = self._ports.valkey
        if not self._way.redis_server:
            return embedded_redis(port, self._folder, self._person)
        _, *options = server_command(port, self._folder.valkey, durable=True)
        command = (self._way.redis_server, *options, *self._redis_tls())
        check = partial(redis_answers, embedded_url(port))
        return ServiceProcess("valkey", command, self._person, check)

    def _redis_tls(self) -> tuple[str, ...]:
        if self._certificates is None:
            return ()
        return self._certificates.redis_options(self._tls_port)

    def _in_this_way(self, part: ServiceProcess) -> ServiceProcess:
        if part.name != CONVERSATION_SERVICE:
            return part
        return replace(part, command=(sys.executable, "-m", self._way.conversation))

    def _settings(self, carrier_url: str) -> dict[str, str]:
        return dict(self._each_setting(carrier_url))

    def _each_setting(self, carrier_url: str) -> Iterator[tuple[str, str]]:
        yield "MESSAGING_FLOWROUTE_URL", carrier_url
        # The carrier's pace is not what is measured.
        yield "MESSAGING_SMS_PER_SECOND", "100000"
        if self._certificates is not None:
            yield from self._certificates.link_settings()
            if self._way.encrypts_redis:
                yield from self._certificates.redis_settings()


async def main(way: Variant, folder: Path, carrier_url: str, addresses: Path) -> None:
    """Writes where it is reached once it is, and stays until SIGTERM."""
    stop, data = stop_requested(), DataDirectory(folder)
    with data.locked():
        data.make_keys()
        deployment = Deployment(way, data, carrier_url)
        supervisor = Supervisor(deployment.parts(), data, budget=None, tell=print)
        try:
            await supervisor.start_all()
            partial_file = addresses.with_suffix(".partial")
            partial_file.write_text(json.dumps(deployment.addresses))
            partial_file.rename(addresses)
            await stop.wait()
        finally:
            await supervisor.stop_all()


if __name__ == "__main__":
    asyncio.run(main(Variant.read(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
