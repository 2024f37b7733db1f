"""The commands and the global options."""

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Annotated

import typer

from maskline_cli.commands import (
    conversations,
    create,
    dead_letters,
    doctor,
    keys,
    messages,
    numbers,
    pools,
    send,
    watch,
)
from maskline_cli.commands.people import blocks, erasure, opt_out_import, opt_outs
from maskline_cli.connection.client import Client
from maskline_cli.connection.credentials import (
    Insecure,
    TlsCa,
    TlsCertificate,
    TlsKey,
    TokenFile,
    credentials,
)
from maskline_cli.connection.options import Options

DEFAULT_TIMEOUT_SECONDS = 10.0
MAX_TIMEOUT_SECONDS = 600.0


def _print_version(is_set: bool) -> None:
    if is_set:
        print(version("maskline-cli"))
        raise typer.Exit


Target = Annotated[
    str,
    typer.Option(
        envvar="MASKLINE_TARGET", metavar="HOST:PORT", help="Address of the conversation service."
    ),
]
GatewayUrl = Annotated[
    str,
    typer.Option(
        envvar="MASKLINE_GATEWAY_URL", metavar="URL", help="URL of the gateway, for doctor."
    ),
]
Pool = Annotated[
    str, typer.Option(envvar="MASKLINE_POOL", metavar="NAME", help="The pool to work on.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Prints JSON, with times in UTC.")]
Timeout = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0.1, max=MAX_TIMEOUT_SECONDS, help="Deadline of each call."
    ),
]
Version = Annotated[
    bool,
    typer.Option(
        "--version", is_eager=True, callback=_print_version, help="Prints the version and exits."
    ),
]


def connect(
    context: typer.Context,
    target: Target = "127.0.0.1:8081",
    gateway_url: GatewayUrl = "http://127.0.0.1:8080",
    pool: Pool = "main",
    as_json: AsJson = False,
    timeout: Timeout = DEFAULT_TIMEOUT_SECONDS,
    tls_ca: TlsCa = None,
    tls_certificate: TlsCertificate = None,
    tls_key: TlsKey = None,
    token_file: TokenFile = None,
    insecure: Insecure = False,
    _version: Version = False,
) -> None:
    """Operates a Maskline deployment. Global options may stand anywhere on the command line."""
    files = (tls_certificate, tls_key, tls_ca)
    own_credentials = credentials(target, files, token_file, allow_plaintext=insecure)
    client = Client(Options(target, gateway_url, pool, as_json, timeout, own_credentials))
    context.obj = client
    context.call_on_close(client.close)
    # A closed pipe must be noticed here, where typer handles it, not at interpreter exit.
    context.call_on_close(sys.stdout.flush)


Commands = Mapping[str, Callable[..., None]]


def _add(group: typer.Typer, commands: Commands, aliases: Commands) -> None:
    """Adds commands, and their other names, which the help does not show."""
    for name, command in commands.items():
        group.command(name)(command)
    for name, command in aliases.items():
        group.command(name, hidden=True)(command)


def _group(
    name: str,
    text: str,
    commands: Commands,
    aliases: Commands | None = None,
    *,
    hidden: bool = False,
) -> None:
    group = typer.Typer(help=text)
    _add(group, commands, aliases or {})
    app.add_typer(group, name=name, hidden=hidden)


# Typer's own tracebacks would print local variables.
app = typer.Typer(pretty_exceptions_enable=False)
app.callback()(connect)

_group(
    "conversations",
    "Conversations of the pool.",
    {
        "create": create.create,
        "join": create.join,
        "show": conversations.show_conversation,
        "list": conversations.list_conversations,
        "update": conversations.update,
        "end": send.end,
        "reopen": conversations.reopen,
        "pause": conversations.pause,
        "resume": conversations.resume,
        "send": send.send,
        "messages": messages.list_messages,
        "events": messages.timeline,
    },
)
_group("messages", "Messages of the pool.", {"show": messages.show_message})
_group("events", "Events of the pool.", {"watch": watch.watch})
_group(
    "pools",
    "Pools of masked numbers, and their settings.",
    {
        "create": pools.create_pool,
        "show": pools.show_pool,
        "list": pools.list_pools,
        "set": pools.set_pool,
        "capacity": pools.show_capacity,
        "compare": pools.compare,
    },
)
_group(
    "numbers",
    "The masked numbers of the pool.",
    {
        "add": numbers.add_number,
        "show": numbers.show_number,
        "list": numbers.list_numbers,
        "set": numbers.set_number,
        "activate": numbers.activate_number,
        "drain": numbers.drain_number,
        "remove": numbers.remove_number,
    },
)
_group(
    "people",
    "People: whose number is it, their opt-outs and blocks, and erasure of their data.",
    {
        "lookup": erasure.look_up,
        "show": opt_outs.get_opt_out,
        "opt-out": opt_outs.add_opt_out,
        "opt-in": opt_outs.remove_opt_out,
        "import-opt-outs": opt_out_import.import_opt_outs,
        "blocks": blocks.list_blocks,
        "unblock": blocks.delete_block,
        "erase": erasure.erase,
        "erasure": erasure.get_erasure,
    },
)
_group(
    "dead-letters",
    "Dead letters: messages of the pool that could not be processed.",
    {
        "list": dead_letters.list_dead_letters,
        "replay": dead_letters.replay,
        "discard": dead_letters.discard,
    },
)
_group(
    "keys",
    "The keys that encrypt the deployment's state.",
    {"list": keys.list_keys, "rotate": keys.rotate},
)
_group(
    "restore",
    "An older copy of Redis that was restored.",
    {"accept": doctor.accept_restore},
)
_add(
    app,
    {"doctor": doctor.doctor},
    aliases={
        "timeline": messages.timeline,
        "watch": watch.watch,
        "send": send.send,
        "end": send.end,
    },
)
