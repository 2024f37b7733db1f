"""Which Redis server the ways of running Maskline are compared on."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.systems.certificates import Certificates
from bench.systems.processes import listens, start, wait_until
from support.ports import free_port

PROGRAMS = ("valkey-server", "redis-server")


def with_tls() -> str:
    """The first server on the PATH that speaks TLS; empty if there is none.

    Builds without TLS do not say so beforehand: each is tried.
    """
    found = (shutil.which(program) for program in PROGRAMS)
    return next((program for program in found if program and speaks_tls(program)), "")


def speaks_tls(program: str) -> bool:
    """Whether it listens on a TLS port, or ends."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        options = Certificates.made(Path(name)).redis_options(port)
        server = start(held, program, "--port", "0", "--save", "", *options)
        wait_until(lambda: listens(port) or server.poll() is not None, program)
        return server.poll() is None
