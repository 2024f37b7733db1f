"""Runs one command line in this process, in a thread beside the scripted deployment."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from unittest.mock import patch

from maskline_cli.__main__ import run
from maskline_cli.connection.options import hoist_global_options
from support.services.cli_process import ZONE, Ended, inherited_environment


async def maskline(target: str, *arguments: str, stdin: str = "", **settings: str) -> Ended:
    environment = inherited_environment() | ZONE | {"MASKLINE_TARGET": target, **settings}
    return await asyncio.to_thread(_run, arguments, stdin, environment)


def _run(arguments: tuple[str, ...], stdin: str, environment: dict[str, str]) -> Ended:
    out, err = StringIO(), StringIO()
    content = BytesIO(stdin.encode(errors="surrogateescape"))
    typed = TextIOWrapper(content, "utf-8", errors="surrogateescape")
    with (
        _environment(environment),
        patch.object(sys, "stdin", typed),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = run(hoist_global_options(arguments))
    return Ended(status, out.getvalue(), err.getvalue())


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    try:
        with patch.dict(os.environ, values, clear=True):
            time.tzset()
            yield
    finally:
        time.tzset()
