"""Runs Maskline for the benchmark.

`python -m bench.systems.maskline VARIANT FOLDER CARRIER_URL ADDRESSES`
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.systems.certificates import Certificates
from bench.systems.variants import CALLS, CONVERSATION_SERVICE, MESSAGING_SERVICE, Variant
from devstack.data_dir import DataDirectory
from devstack.health import redis_answers
from devstack.ports import Ports
from devstack.processes import ServiceProcess, ServiceUrls, embedded_redis, services, urls_of
from devstack.redis_url import embedded_url, next_database
from devstack.supervisor import Supervisor
from devstack.valkey import server_command
from runtime.shutdown import stop_requested
from support.net.ports import free_port

SERVICES = ("valkey", "simulator", "messaging_service", "conversation_service", "gateway")


class Deployment:
    """The processes of one deployment."""

    def __init__(self, variant: Variant, folder: DataDirectory, carrier_url: str) -> None:
        self._variant = variant
        self._folder = folder
        self._ports = Ports(**{service: free_port() for service in SERVICES})
        self._tls_port = free_port()
        self._certificates = Certificates.create(folder.path) if variant.is_encrypted else None
        self._environment = {**os.environ, **dict(self._settings(carrier_url))}

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of the gateway and of both Redis databases, the latter without TLS."""
        redis_url = embedded_url(self._ports.valkey)
        return {
            "gateway_url": self._urls.gateway_url,
            "redis_url": redis_url,
            "ledger_url": next_database(redis_url),
        }

    def processes(self) -> list[ServiceProcess]:
        """The processes in the order of starting."""
        standard = services(self._urls, self._folder, self._environment)
        return [self._redis(), *map(self._adapted, standard)]

    @property
    def _urls(self) -> ServiceUrls:
        encrypted = f"rediss://127.0.0.1:{self._tls_port}/0"
        return urls_of(self._ports, encrypted if self._variant.encrypts_redis else None)

    def _redis(self) -> ServiceProcess:
        port = self._ports.valkey
        if not self._variant.redis_server:
            return embedded_redis(port, self._folder, self._environment)
        _, *options = server_command(port, self._folder.valkey, durable=True)
        command = (self._variant.redis_server, *options, *self._redis_tls())
        check = partial(redis_answers, embedded_url(port))
        return ServiceProcess("valkey", command, self._environment, check)

    def _redis_tls(self) -> tuple[str, ...]:
        if self._certificates is None:
            return ()
        return self._certificates.redis_options(self._tls_port)

    def _adapted(self, process: ServiceProcess) -> ServiceProcess:
        if process.name not in (CONVERSATION_SERVICE, MESSAGING_SERVICE):
            return process
        is_conversation = process.name == CONVERSATION_SERVICE
        module = self._variant.conversation if is_conversation else process.name
        counted = ("bench.systems.counted", str(self._folder.path / CALLS))
        wrapper = counted if self._variant.counts_calls else ()
        return replace(process, command=(sys.executable, "-m", *wrapper, module))

    def _settings(self, carrier_url: str) -> Iterator[tuple[str, str]]:
        yield "MESSAGING_FLOWROUTE_URL", carrier_url
        # The account's rate limit is not measured.
        yield "MESSAGING_SMS_PER_SECOND", "100000"
        if self._certificates is not None:
            yield from self._certificates.link_settings()
            if self._variant.encrypts_redis:
                yield from self._certificates.redis_settings()


async def main(variant: Variant, folder: Path, carrier_url: str, addresses: Path) -> None:
    """Writes its addresses to a file after the start, and runs until SIGTERM."""
    stop, data = stop_requested(), DataDirectory(folder)
    with data.locked():
        data.make_keys()
        deployment = Deployment(variant, data, carrier_url)
        supervisor = Supervisor(deployment.processes(), data, budget=None, notify=print)
        try:
            await supervisor.start_all()
            partial_file = addresses.with_suffix(".partial")
            partial_file.write_text(json.dumps(deployment.addresses))
            partial_file.rename(addresses)
            await stop.wait()
        finally:
            await supervisor.stop_all()


if __name__ == "__main__":
    asyncio.run(
        main(Variant.from_json(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    )
