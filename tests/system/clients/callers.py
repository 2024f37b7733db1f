"""Clients that are not Python: `buf curl`, and Node with @grpc/grpc-js.

Each knows the contract from the protos alone, or from the server's reflection alone. Fields have
the names of the protos, enums those of their values; times are as each client has them.
"""

import asyncio
import base64
import json
import re
import sysconfig
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from google.rpc.error_details_pb2 import ErrorInfo

from support.eventually import PATIENCE_SECONDS

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
PROTOS = REPOSITORY / "protos"
BUF = Path(sysconfig.get_path("scripts")) / "buf"
# google/rpc/*.proto, as googleapis-common-protos installs them.
GOOGLE_PROTOS = Path(sysconfig.get_path("purelib"))

Json: TypeAlias = dict[str, Any]

_NAME = re.compile(r'^ *"\w+":', re.MULTILINE)


class Refused(Exception):
    """A call that ended with an error: its status code, and the reason of its ErrorInfo."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Caller(Protocol):
    """A client of one server."""

    async def call(self, method: str, request: Json, responses: int = 1) -> list[Json]:
        """The first responses of "package.Service/Method". Raises Refused."""
        ...


@dataclass(frozen=True)
class Buf:
    """`buf curl`, as somebody types it into a shell."""

    target: str
    has_protos: bool
    metadata: Mapping[str, str] = field(default_factory=dict)

    async def call(self, method: str, request: Json, responses: int = 1) -> list[Json]:
        schema = ("--schema", str(PROTOS)) if self.has_protos else ()
        headers = (f"--header={name}: {value}" for name, value in self.metadata.items())
        options = ("--protocol=grpc", "--http2-prior-knowledge", *schema, *headers)
        data, url = json.dumps(request), f"http://{self.target}/{method}"
        async with _running(BUF, "curl", *options, "--data", data, url) as process:
            printed = [value async for value in _values(_stream(process.stdout), responses)]
            if len(printed) == responses:
                return printed
            raise _refusal(json.loads(await _stream(process.stderr).read()))


@dataclass(frozen=True)
class Node:
    """A program with @grpc/grpc-js; `packages` is the folder of what it requires."""

    target: str
    has_protos: bool
    program: str
    packages: Path
    metadata: Mapping[str, str] = field(default_factory=dict)

    async def call(self, method: str, request: Json, responses: int = 1) -> list[Json]:
        service, _, name = method.rpartition("/")
        call = {
            "target": self.target,
            "service": service,
            "method": name,
            "request": request,
            "responses": responses,
            "metadata": dict(self.metadata),
            "details": [str(GOOGLE_PROTOS)],
        }
        if self.has_protos:
            folders = [str(PROTOS), str(PROTOS / "third_party")]
            call["protos"] = {"folders": folders, "files": _proto_files()}
        script, environment = HERE / "call.js", {"NODE_PATH": str(self.packages)}
        async with _running(self.program, script, json.dumps(call), **environment) as process:
            out, err = await process.communicate()
        printed = [json.loads(line) for line in out.decode().splitlines()]
        assert printed, err.decode()
        if error := printed[-1].get("error"):
            raise Refused(error["code"], error["reason"])
        return printed


@asynccontextmanager
async def _running(*command: str | Path, **environment: str) -> AsyncIterator[Process]:
    """A process that is killed if it has not ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def _values(stream: asyncio.StreamReader, number: int) -> AsyncIterator[Json]:
    """The first JSON objects of a stream; each ends with a line "}"."""
    lines: list[bytes] = []
    while number and (line := await stream.readline()):
        lines.append(line)
        if line.rstrip() in (b"}", b"{}"):
            # Proto JSON renames the fields.
            yield json.loads(_NAME.sub(_in_snake_case, b"".join(lines).decode()))
            lines, number = [], number - 1


def _in_snake_case(name: re.Match[str]) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name[0])


def _refusal(error: Json) -> Refused:
    """From an error as buf prints it. It shows details as bytes."""
    reasons = _reasons(error.get("details", []))
    return Refused(error["code"].upper(), next(reasons, ""))


def _reasons(details: list[Json]) -> Iterator[str]:
    for detail in details:
        if detail["type"] == ErrorInfo.DESCRIPTOR.full_name:
            padded = detail["value"] + "=" * (-len(detail["value"]) % 4)
            yield ErrorInfo.FromString(base64.b64decode(padded)).reason


def _proto_files() -> list[str]:
    return [
        str(path.relative_to(PROTOS)) for path in sorted((PROTOS / "maskline").rglob("*.proto"))
    ]


def _stream(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    assert stream is not None
    return stream
