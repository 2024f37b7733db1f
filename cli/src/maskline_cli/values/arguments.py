"""Arguments and options that mean the same in every command."""

import uuid
from typing import Annotated

import typer

from maskline_cli.values.parsers import phone_number

# More than anybody reads; a program that needs more reads events.
HIGHEST_LIMIT = 100_000

Phone = Annotated[
    str,
    typer.Argument(
        metavar="PHONE",
        parser=phone_number,
        help='The person\'s number, with "+" and country code; "-" reads it from standard input.',
    ),
]

OtherPhone = Annotated[
    str, typer.Argument(metavar="PHONE", parser=phone_number, help="The other person's number.")
]

MaskedNumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", parser=phone_number, help="A masked number.")
]

MaskedNumberOption = Annotated[
    str | None,
    typer.Option("--number", metavar="NUMBER", parser=phone_number, help="A masked number."),
]

PoolName = Annotated[str, typer.Argument(metavar="NAME", help="The pool's name.")]

ConversationId = Annotated[str, typer.Argument(metavar="ID", help="The conversation's id.")]

Settings = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE...",
        help='Settings, such as code_lifetime=15m or texts.help="..."; nothing after "=" gives the '
        "default again.",
    ),
]

UniqueName = Annotated[
    str, typer.Option("--name", help="The conversation's unique name.", show_default=False)
]

Speaker = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="first|second|PARTICIPANT_ID",
        help="On whose behalf.",
        show_default=False,
    ),
]

Limit = Annotated[int, typer.Option(min=1, max=HIGHEST_LIMIT, help="How many to list at the most.")]

RequestId = Annotated[
    str,
    typer.Option(
        metavar="UUID",
        default_factory=lambda: str(uuid.uuid4()),
        show_default="a new one",
        help="Stands for this change: repeated with the same id, it is made once.",
    ),
]
