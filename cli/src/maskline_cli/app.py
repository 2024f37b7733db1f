"""The commands and the global options."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from maskline_cli.commands import (
    conversations,
    dead_letters,
    doctor,
    erasure,
    keys,
    messages,
    numbers,
    opt_outs,
    pools,
    send,
    start,
    watch,
)
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


# Typer's own tracebacks would print local variables.
app = typer.Typer(pretty_exceptions_enable=False)
app.callback()(connect)

_pools = typer.Typer(help="Pools of masked numbers, and their settings.")
_pools.command("list")(pools.list_pools)
_pools.command("show")(pools.show_pool)
_pools.command("create")(pools.create_pool)
_pools.command("set")(pools.set_pool)
_pools.command("advice")(pools.show_advice)
_pools.command("sync")(pools.sync)
app.add_typer(_pools, name="pools")

_numbers = typer.Typer(help="The masked numbers of the pool.")
_numbers.command("list")(numbers.list_numbers)
_numbers.command("add")(numbers.add_number)
_numbers.command("drain")(numbers.drain_number)
_numbers.command("remove")(numbers.remove_number)
app.add_typer(_numbers, name="numbers")

_conversations = typer.Typer(help="Conversations of the pool.")
_conversations.command("list")(conversations.list_conversations)
_conversations.command("show")(conversations.show_conversation)
_conversations.command("start")(start.start)
_conversations.command("open")(start.open_conversation)
_conversations.command("join")(start.join)
_conversations.command("pause")(conversations.pause)
_conversations.command("resume")(conversations.resume)
_conversations.command("reopen")(conversations.reopen)
_conversations.command("messages")(messages.list_messages)
app.add_typer(_conversations, name="conversations")

app.command("timeline")(messages.timeline)
app.command("watch")(watch.watch)
app.command("send")(send.send)
app.command("end")(send.end)

_opt_outs = typer.Typer(help="Opt-outs, in the whole deployment.")
_opt_outs.command("get")(opt_outs.get_opt_out)
_opt_outs.command("add")(opt_outs.add_opt_out)
_opt_outs.command("remove")(opt_outs.remove_opt_out)
app.add_typer(_opt_outs, name="opt-outs")

_people = typer.Typer(help="People: whose number is it, and erasure of their data.")
_people.command("lookup")(erasure.look_up)
_people.command("erase")(erasure.erase)
_people.command("erasure")(erasure.get_erasure)
app.add_typer(_people, name="people")

_dead = typer.Typer(help="Dead letters: messages of the pool that could not be processed.")
_dead.command("list")(dead_letters.list_dead_letters)
_dead.command("replay")(dead_letters.replay)
_dead.command("drop")(dead_letters.drop)
app.add_typer(_dead, name="dead")

_keys = typer.Typer(help="The keys that encrypt the deployment's state.")
_keys.command("status")(keys.status)
_keys.command("rotate")(keys.rotate)
app.add_typer(_keys, name="keys")

_restore = typer.Typer(help="An older copy of Redis that was restored.")
_restore.command("accept")(doctor.accept_restore)
app.add_typer(_restore, name="restore")

app.command("doctor")(doctor.doctor)
