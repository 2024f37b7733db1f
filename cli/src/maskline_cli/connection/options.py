"""The global options, which are allowed anywhere on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from runtime.grpc.client import ANONYMOUS, Credentials

FLAGS = ("--json", "--insecure")

WITH_VALUE = (
    "--target",
    "--gateway-url",
    "--pool",
    "--timeout",
    "--tls-ca",
    "--tls-certificate",
    "--tls-key",
    "--token-file",
)

_JOINED = tuple(f"{name}=" for name in WITH_VALUE)


@dataclass(frozen=True, slots=True)
class Options:
    """The values of the global options."""

    target: str
    gateway_url: str
    pool: str
    as_json: bool
    timeout_seconds: float
    credentials: Credentials = ANONYMOUS


def hoist_global_options(arguments: Sequence[str]) -> list[str]:
    """The same arguments with the global options first; arguments after "--" stay in place."""
    global_options: list[str] = []
    others: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument in FLAGS or argument.startswith(_JOINED):
            global_options.append(argument)
        elif argument in WITH_VALUE:
            global_options += [argument, *islice(remaining, 1)]
        elif argument == "--":
            others += [argument, *remaining]
        else:
            others.append(argument)
    return global_options + others


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the arguments contain --json, even if they are invalid otherwise."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options
