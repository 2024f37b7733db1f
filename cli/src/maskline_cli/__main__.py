"""`maskline`, or `python -m maskline_cli`: one command, and an exit status."""

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
    """Ends the process with the command's exit status; no traceback is ever printed."""
    sys.exit(run(hoist_global_options(sys.argv[1:])))


def run(arguments: Sequence[str]) -> int:
    """Carries out one command line and answers its exit status."""
    try:
        # Out of standalone mode typer answers with the code of an Exit, or what a command returns.
        status: int | None = app(arguments, prog_name="maskline", standalone_mode=False)
        return status or 0
    except CallFailed as failed:
        failure = failure_of(failed)
    except typer.TyperException as error:
        failure = _misuse(error)
    except Exception as error:
        failure = _fault(error)
    shown = json.dumps(failure.as_json()) if wants_json(arguments) else failure.as_text()
    print(shown, file=sys.stderr)
    return failure.exit_status


def _misuse(error: typer.TyperException) -> Failure:
    # What typer says repeats what was typed, and that may be somebody's number.
    message = scrub_phone_numbers(error.format_message())
    if error.exit_code != EX_USAGE:
        return Failure("FAILED_PRECONDITION", message, error.exit_code)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "maskline"
    return Failure("USAGE", message, EX_USAGE, hint=f"See `{path} --help`.")


def _fault(error: Exception) -> Failure:
    # Where it was raised helps; what it says may hold a number or a text.
    message = f"maskline has a fault: {type(error).__name__} at {raised_at(error)}"
    return Failure("FAULT", message, EX_SOFTWARE)


if __name__ == "__main__":
    main()
