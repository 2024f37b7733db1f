"""`maskline`, or `python -m maskline_cli`: runs one command line."""

import json
import sys
from collections.abc import Sequence

import typer

from maskline_cli.app import app
from maskline_cli.connection.client import CallFailed
from maskline_cli.connection.failures import EX_SOFTWARE, Failure, failure_of
from maskline_cli.connection.options import hoist_global_options, wants_json
from maskline_cli.values.parsers import scrub_phone_numbers
from runtime.logging.setup import raised_at

EX_USAGE = 2


def main() -> None:
    """Exits with the command's status and never prints a traceback."""
    sys.exit(run(hoist_global_options(sys.argv[1:])))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit status."""
    try:
        # Without standalone mode typer returns the code of an Exit, or the command's result.
        status: int | None = app(arguments, prog_name="maskline", standalone_mode=False)
        return status or 0
    except CallFailed as failed:
        failure = failure_of(failed)
    except typer.TyperException as error:
        failure = _usage_failure(error)
    except Exception as error:
        failure = _unexpected_failure(error)
    output = json.dumps(failure.as_json()) if wants_json(arguments) else failure.as_text()
    print(output, file=sys.stderr)
    return failure.exit_status


def _usage_failure(error: typer.TyperException) -> Failure:
    # typer repeats the arguments, which may contain a phone number.
    message = scrub_phone_numbers(error.format_message())
    if error.exit_code != EX_USAGE:
        return Failure("FAILED_PRECONDITION", message, error.exit_code)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "maskline"
    return Failure("USAGE", message, EX_USAGE, hint=f"See `{path} --help`.")


def _unexpected_failure(error: Exception) -> Failure:
    # The place helps; the error's message may contain a number or a body.
    message = f"Internal error in maskline: {type(error).__name__} at {raised_at(error)}"
    return Failure("FAULT", message, EX_SOFTWARE)


if __name__ == "__main__":
    main()
