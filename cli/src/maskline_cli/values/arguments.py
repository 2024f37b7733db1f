"""Arguments and options shared by several commands."""

import uuid
from typing import Annotated

import typer

from maskline_cli.values.parsers import phone_number

# Programs that need more use events.
MAX_LIMIT = 100_000

Phone = Annotated[
    str,
    typer.Argument(
        metavar="PHONE",
        parser=phone_number,
        help='The person\'s number in E.164 ("+" and country code); "-" reads it from standard '
        "input.",
    ),
]

OtherPhone = Annotated[
    str | None,
    typer.Argument(metavar="PHONE", parser=phone_number, help="The other person's number."),
]

MaskedNumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", parser=phone_number, help="A masked number.")
]

MaskedNumberOption = Annotated[
    str | None,
    typer.Option("--number", metavar="NUMBER", parser=phone_number, help="A masked number."),
]

PoolId = Annotated[str, typer.Argument(metavar="POOL", help="The pool's id.")]

ConversationId = Annotated[str, typer.Argument(metavar="ID", help="The conversation's id.")]

MessageId = Annotated[str, typer.Argument(metavar="ID", help="The message's id.")]

Settings = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE...",
        help='Settings, such as lifecycle.idle_timeout=3d or templates.help="..."; an empty value '
        "restores the default.",
    ),
]

UniqueName = Annotated[
    str, typer.Option("--name", help="The conversation's unique name.", show_default=False)
]

ConsentReference = Annotated[
    str,
    typer.Option(
        "--consent-reference",
        help="How you know that the people agreed, for staff.",
        show_default=False,
    ),
]

About = Annotated[
    str,
    typer.Option(
        "--about",
        help="What it is about, shown in the first message: up to 30 characters.",
        show_default=False,
    ),
]

Labels = Annotated[
    list[str],
    typer.Option(
        "--label",
        metavar="KEY=VALUE",
        help="A label; may be repeated.",
        default_factory=list,
        show_default=False,
    ),
]

OnBehalfOf = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="first|second|PARTICIPANT_ID",
        help="The participant on whose behalf to act.",
        show_default=False,
    ),
]

Limit = Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="The most items to list.")]

RequestId = Annotated[
    str,
    typer.Option(
        metavar="UUID",
        default_factory=lambda: str(uuid.uuid4()),
        show_default="a new one",
        help="Idempotency key: a change repeated with the same id is made once.",
    ),
]
