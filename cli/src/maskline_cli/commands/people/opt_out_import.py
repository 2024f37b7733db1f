"""`maskline people import-opt-outs`: opts out everybody in a file."""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

import grpc
import typer
from google.protobuf.timestamp_pb2 import Timestamp

from maskline.admin.v1 import person_pb2 as pb
from maskline_cli.connection.client import CallFailed, Client, client_of
from maskline_cli.connection.failures import item_failure
from maskline_cli.output.render import show, table
from maskline_cli.values.arguments import RequestId

# The contract's largest list.
BATCH = 1000

OptOutFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.csv",
        exists=True,
        dir_okay=False,
        readable=True,
        help="A line for each person: the number in E.164 and, after a comma, when they opted out "
        "(ISO 8601, UTC if it names no zone), which may be missing.",
    ),
]

Note = Annotated[
    str,
    typer.Option(help="Where the list comes from, without a phone number.", show_default=False),
]


class UnreadableFile(typer.TyperException):
    """The file is not a list of opt-outs; the exit status is 1."""


@dataclass(frozen=True, slots=True)
class Line:
    """An opt-out and its line in the file."""

    number: int
    opt_out: pb.ImportedOptOut


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line that was not imported; it is named by its number alone."""

    number: int
    reason: str
    message: str


def import_opt_outs(
    context: typer.Context, file: OptOutFile, request_id: RequestId, note: Note = ""
) -> None:
    """Opts out everybody in a file; the exit status is 1 if a line was not imported.

    It may be repeated. With the same --request-id, whoever has opted in since stays so.
    """
    client, lines = client_of(context), list(_lines(file))
    batches = [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]
    opted_out, opted_in, failed = 0, 0, list[FailedLine]()
    for index, batch in enumerate(batches):
        results = _import(client, f"{request_id}-{index}", batch, note, request_id)
        for line, result in zip(batch, results, strict=True):
            if result.HasField("opt_out"):
                opted_out += result.opt_out.opted_out
                opted_in += not result.opt_out.opted_out
            else:
                failed.append(_failed(line, result))
        print(f"{index * BATCH + len(batch)} of {len(lines)} lines", file=sys.stderr)
    _show(client, opted_out, opted_in, failed)
    if failed:
        raise typer.Exit(1)


def _lines(file: Path) -> Iterator[Line]:
    """Skips empty lines and a heading."""
    with file.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        try:
            for row in reader:
                cells = [value.strip() for value in row]
                is_heading = reader.line_num == 1 and not any(map(str.isdigit, cells[0]))
                if any(cells) and not is_heading:
                    yield Line(reader.line_num, _opt_out(cells))
        except (ValueError, csv.Error):
            # Its text may contain a phone number.
            problem = "not a number and a time, with a comma between them"
            raise UnreadableFile(f"{file.name}, line {reader.line_num}: {problem}") from None


def _opt_out(cells: Sequence[str]) -> pb.ImportedOptOut:
    phone_number, time = (*cells, "")[:2]
    if not time:
        return pb.ImportedOptOut(phone_number=phone_number)
    parsed = datetime.fromisoformat(time)
    stamp = Timestamp()
    stamp.FromDatetime(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    return pb.ImportedOptOut(phone_number=phone_number, opt_out_time=stamp)


def _import(
    client: Client, batch_id: str, batch: Sequence[Line], note: str, request_id: str
) -> Sequence[pb.ImportOptOutResult]:
    request = pb.ImportOptOutsRequest(
        request_id=batch_id, opt_outs=[line.opt_out for line in batch], note=note
    )
    try:
        return client.call(client.people.ImportOptOuts, request).results
    except CallFailed as failed:
        # The command is repeated with its own id, not with that of a batch.
        error = cast("grpc.RpcError", failed.call)
        raise CallFailed(error, failed.target, request_id) from None


def _failed(line: Line, result: pb.ImportOptOutResult) -> FailedLine:
    failure = item_failure(result.error)
    return FailedLine(line.number, failure.reason, failure.message)


def _show(client: Client, opted_out: int, opted_in: int, failed: Sequence[FailedLine]) -> None:
    rows = [(str(line.number), f"{line.message} ({line.reason})") for line in failed]
    counts = [("", f"{opted_out} people are opted out")]
    if opted_in:
        counts.append(("", f"{opted_in} people have opted in since and stay so"))
    document = {
        "opted_out_count": opted_out,
        "opted_in_count": opted_in,
        "failed": [
            {"line": line.number, "reason": line.reason, "message": line.message} for line in failed
        ],
    }
    show(client.options, document, table(("line", "result"), [*rows, *counts]))
