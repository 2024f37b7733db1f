"""The messaging service as a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from support.messaging_service import PATIENCE_SECONDS, Messaging, talking_to
from support.ports import free_port


class MessagingProcess:
    """A child process and how to talk to it."""

    def __init__(self, process: Process, port: int, messaging: Messaging) -> None:
        self.process = process
        self._port = port
        self.messaging = messaging

    async def kill(self) -> None:
        """Sends SIGKILL."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> str:
        """Sends SIGTERM; returns the output that was not read yet."""
        self.process.terminate()
        return await self.ended()

    async def refuses_connections(self) -> bool:
        """Whether its server has stopped."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionRefusedError:
            return True
        writer.close()
        return False

    async def ended(self) -> str:
        """Waits for its end; returns the output that was not read yet."""
        output, _ = await asyncio.wait_for(self.process.communicate(), PATIENCE_SECONDS)
        return output.decode()


@asynccontextmanager
async def messaging_process(settings: Mapping[str, str]) -> AsyncIterator[MessagingProcess]:
    """A running process, killed at the end if it still runs."""
    port = free_port()
    process = await start({"MESSAGING_LISTEN": f"127.0.0.1:{port}", **settings})
    try:
        async with talking_to(f"127.0.0.1:{port}") as messaging:
            yield MessagingProcess(process, port, messaging)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def start(settings: Mapping[str, str]) -> Process:
    """Starts it with these settings as its only environment."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "messaging_service"),
        env=inherited | dict(settings),
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
