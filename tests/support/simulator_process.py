"""The simulator as the process that `make run` starts."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from runtime.tls import shared_client_context
from support.eventually import PATIENCE_SECONDS
from support.ports import free_port

KEYS = ("simulator", "simulator")


@contextmanager
def simulator_process(gateway_url: str, **settings: str) -> Iterator[str]:
    """The URL of a simulator on a free port, once it answers."""
    listen = f"127.0.0.1:{free_port()}"
    environment = {"SIMULATOR_LISTEN": listen, "SIMULATOR_GATEWAY_URL": gateway_url, **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"],
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_answers(process, f"http://{listen}/v2/numbers")
        yield f"http://{listen}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def simulator_client(url: str) -> httpx.AsyncClient:
    """A client with the account's keys."""
    return httpx.AsyncClient(base_url=url, auth=KEYS, verify=shared_client_context())


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(auth=KEYS, verify=shared_client_context()) as http:
        while not _answers(http, url):
            assert process.poll() is None, "the simulator ended"
            assert time.monotonic() < deadline, "the simulator does not answer"
            # Another process does not say when it listens: it has to be asked.
            time.sleep(0.02)


def _answers(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(url).is_success
    except httpx.TransportError:
        return False
