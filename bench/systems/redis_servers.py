"""Finds a Redis server with TLS."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.systems.certificates import Certificates
from bench.systems.processes import listens, start, wait_until
from support.net.ports import free_port

PROGRAMS = ("valkey-server", "redis-server")


def with_tls() -> str:
    """The first server on the PATH with TLS; empty if there is none."""
    installed = (shutil.which(program) for program in PROGRAMS)
    return next((program for program in installed if program and supports_tls(program)), "")


def supports_tls(program: str) -> bool:
    """Starts the program with a TLS port: a build without TLS exits at once."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory, ExitStack() as resources:
        options = Certificates.create(Path(directory)).redis_options(port)
        server = start(resources, program, "--port", "0", "--save", "", *options)
        wait_until(lambda: listens(port) or server.poll() is not None, program)
        return server.poll() is None
