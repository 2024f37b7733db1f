"""Whatever the gateway's OpenAPI document allows or forbids, the gateway does as it says."""

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from fuzz.amounts import IS_LONG, TIMES
from fuzz.gateway.responses import answering

from support.services.running_gateway import RunningGateway, running_gateway

EXAMPLES = 40
CONFORMS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# That a body is an object does not make it a callback, so what fits may be refused: there is no
# check that it is taken.
WHEN_WELL = (*CONFORMS, "not_a_server_error", "negative_data_rejection", "unsupported_method")
# The document takes any object. This one can be read, so that what stands behind is asked.
READABLE = {
    "type": "object",
    "required": ["id", "from", "to"],
    "properties": {
        "id": {"type": "string", "pattern": "^mdr2-[0-9a-f]{32}$"},
        "type": {"enum": ["message", "delivery_receipt"]},
        "from": {"enum": ["14255550111", "+14255550122"]},
        "to": {"enum": ["12065550100", 12065550101]},
        "body": {"type": ["string", "null"]},
        "status_code": {"enum": [1003, "1004", None]},
    },
}


async def test_a_gateway_that_is_well_answers_as_its_document_says(tmp_path: Path) -> None:
    async with (
        answering(is_well=True) as target,
        running_gateway(target, serves_openapi=True) as gateway,
    ):
        await _conforms(gateway, await _document(gateway), WHEN_WELL, tmp_path)


async def test_whatever_stands_behind_answers_the_gateway_answers_as_its_document_says(
    tmp_path: Path,
) -> None:
    async with (
        answering(is_well=False) as target,
        running_gateway(target, serves_openapi=True) as gateway,
    ):
        document = await _document(gateway)
        for operations in document["paths"].values():
            for media_type in _bodies(operations):
                media_type["schema"] = READABLE
        await _conforms(gateway, document, CONFORMS, tmp_path, "--mode", "positive")


async def _document(gateway: RunningGateway) -> dict[str, Any]:
    document: dict[str, Any] = (await gateway.http.get("/openapi.json")).json()
    return document


def _bodies(operations: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The bodies of the POST of a path, by media type; none if it has no POST."""
    content = operations.get("post", {}).get("requestBody", {}).get("content", {})
    return cast("dict[str, dict[str, Any]]", content).values()


async def _conforms(
    gateway: RunningGateway,
    document: dict[str, Any],
    checks: tuple[str, ...],
    folder: Path,
    *more: str,
) -> None:
    written = folder / "openapi.json"
    written.write_text(json.dumps(document))
    url = f"http://127.0.0.1:{gateway.port}"
    options = ["--url", url, "--checks", ",".join(checks), *more]
    status, told = await _schemathesis(written, *options)
    assert status == 0, told
    assert (await gateway.http.get("/readyz")).status_code == 200


async def _schemathesis(document: Path, *options: str) -> tuple[int, str]:
    """As a process: it has threads, settings and warnings of its own."""
    amount = ["--max-examples", str(EXAMPLES * TIMES), "--request-timeout", "30"]
    amount += [] if IS_LONG else ["--generation-deterministic"]
    command = ["run", str(document), "--phases", "examples,coverage,fuzzing", *amount, *options]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", *command, "--no-color"),
        cwd=document.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode(errors="replace")
