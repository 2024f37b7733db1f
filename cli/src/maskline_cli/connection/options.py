"""The global options, which may stand anywhere on the command line."""

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
    """What one run of the command line was told for all commands."""

    target: str
    gateway_url: str
    pool: str
    as_json: bool
    timeout_seconds: float
    credentials: Credentials = ANONYMOUS


def hoist_global_options(arguments: Sequence[str]) -> list[str]:
    """The same arguments with the global options in front; what follows "--" stays."""
    front: list[str] = []
    rest: list[str] = []
    pending = iter(arguments)
    for argument in pending:
        if argument in FLAGS or argument.startswith(_JOINED):
            front.append(argument)
        elif argument in WITH_VALUE:
            front += [argument, *islice(pending, 1)]
        elif argument == "--":
            rest += [argument, *pending]
        else:
            rest.append(argument)
    return front + rest


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether hoisted arguments ask for JSON: they may be wrong in every other respect."""
    before_words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in before_words
