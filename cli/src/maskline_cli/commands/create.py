"""`maskline conversations create|join`: creates and joins conversations."""

from typing import Annotated, Literal

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.conversations import conversation_details
from maskline_cli.output.render import show
from maskline_cli.values.arguments import (
    About,
    ConsentReference,
    Labels,
    MaskedNumberOption,
    OtherPhone,
    Phone,
    RequestId,
    UniqueName,
)
from maskline_cli.values.parsers import labels

Code = Annotated[str, typer.Argument(metavar="CODE", help="The join code, in any case.")]

Sticky = Annotated[
    Literal["prefer", "avoid"] | None,
    typer.Option(help="Whether to reuse the pair's last number. Default: the pool's setting."),
]

AreaCodeOf = Annotated[
    Literal["first", "second"] | None,
    typer.Option(help="The participant whose area code is preferred."),
]

AllowReserved = Annotated[
    bool, typer.Option("--allow-reserved", help="Allows reserved numbers to be selected.")
]

Silent = Annotated[
    bool, typer.Option("--silent", help="Sends no first message to people who know the pool.")
]


def create(
    context: typer.Context,
    phone: Phone,
    request_id: RequestId,
    label: Labels,
    other_phone: OtherPhone = None,
    masked_number: MaskedNumberOption = None,
    unique_name: UniqueName = "",
    sticky: Sticky = None,
    area_code_of: AreaCodeOf = None,
    allow_reserved: AllowReserved = False,
    silent: Silent = False,
    consent_reference: ConsentReference = "",
    about: About = "",
) -> None:
    """Creates a conversation of two people, or of one, who gets a join code for the other."""
    client = client_of(context)
    people = [phone] if other_phone is None else [phone, other_phone]
    request = pb.CreateConversationRequest(
        request_id=request_id,
        pool_id=client.pool,
        participants=[pb.ParticipantSpec(phone_number=number) for number in people],
        masked_number=masked_number or "",
        selection=number_selection(sticky, area_code_of, allow_reserved),
        unique_name=unique_name,
        silent=silent,
        labels=labels(label),
        consent_reference=consent_reference,
        about=about,
    )
    response = client.call(client.conversations.CreateConversation, request)
    code = [("join code", response.join_code)] if response.join_code else []
    show(client.options, response, conversation_details(response.conversation, *code))


def join(
    context: typer.Context,
    code: Code,
    phone: Phone,
    request_id: RequestId,
    consent_reference: ConsentReference = "",
    about: About = "",
) -> None:
    """Joins a second person to the conversation of a code."""
    client = client_of(context)
    request = pb.JoinConversationRequest(
        request_id=request_id,
        pool_id=client.pool,
        join_code=code,
        phone_number=phone,
        consent_reference=consent_reference,
        about=about,
    )
    response = client.call(client.conversations.JoinConversation, request)
    show(client.options, response, conversation_details(response.conversation))


def number_selection(
    sticky: str | None, area_code_of: str | None, allow_reserved: bool
) -> selection_pb.NumberSelection:
    """The options as the contract's NumberSelection."""
    preference = f"{sticky.upper()}_STICKY" if sticky else "UNSPECIFIED"
    participant = f"{area_code_of.upper()}_PARTICIPANT" if area_code_of else "UNSPECIFIED"
    return selection_pb.NumberSelection(
        preference=selection_pb.NumberPreference.Value(f"NUMBER_PREFERENCE_{preference}"),
        area_code_of=selection_pb.AreaCodeOf.Value(f"AREA_CODE_OF_{participant}"),
        allow_reserved=allow_reserved,
    )
