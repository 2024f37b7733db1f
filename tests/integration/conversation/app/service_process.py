"""`python -m conversation_service` as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

from conversation_service.app.application import SERVICE_NAMES
from support.builders.conversation_calls import CALL_SECONDS

POOLS = Path(__file__).parents[4] / "deploy" / "pools.toml"


class ServiceProcess:
    """A process and what it has logged so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._output = b""

    async def target(self) -> str:
        """Waits for the log line of a serving process; fails if the process ends instead."""
        assert self.process.stdout
        async for line in self.process.stdout:
            self._output += line
            entry = json.loads(line)
            if entry["event"] == "serving":
                return f"127.0.0.1:{entry['port']}"
        raise AssertionError(await self.ended())

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        """Sends the signal; returns all output."""
        self.process.send_signal(how)
        return await self.ended()

    async def ended(self) -> str:
        """Waits for the end; returns all output."""
        output, errors = await self.process.communicate()
        return (self._output + output + errors).decode()


async def start(**environment: str) -> ServiceProcess:
    """With the pools file of the repository and a free port, unless set otherwise."""
    defaults = {
        "PATH": os.environ["PATH"],
        "CONVERSATION_POOLS_FILE": str(POOLS),
        "CONVERSATION_LISTEN": "127.0.0.1:0",
    }
    command = (sys.executable, "-m", "conversation_service")
    return ServiceProcess(
        await asyncio.create_subprocess_exec(
            *command, env=defaults | environment, stdout=PIPE, stderr=PIPE
        )
    )


@asynccontextmanager
async def serving(**environment: str) -> AsyncIterator[tuple[ServiceProcess, grpc.aio.Channel]]:
    """A process whose services all report that they serve; the caller ends it."""
    service = await start(**environment)
    async with grpc.aio.insecure_channel(await service.target()) as channel:
        await _healthy(channel)
        yield service, channel


async def _healthy(channel: grpc.aio.Channel) -> None:
    watch = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    for name in ("", *SERVICE_NAMES):
        call = watch(health_pb2.HealthCheckRequest(service=name), timeout=CALL_SECONDS)
        async for response in call:
            if response.status == health_pb2.HealthCheckResponse.SERVING:
                break
        call.cancel()
