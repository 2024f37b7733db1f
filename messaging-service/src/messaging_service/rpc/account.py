"""Maps the account's RPCs to and from protobuf."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from maskline.messaging.v1 import carrier_pb2 as pb
from messaging_service.carrier.adapter import CarrierAdapter
from messaging_service.carrier.port import (
    CarrierCheck,
    CarrierNumber,
    CheckOutcome,
    NumbersPage,
    NumberType,
    Page,
)
from messaging_service.model.carrier_accounts import ONLY_ACCOUNT, check_account
from messaging_service.model.errors import InvalidArgument
from runtime.grpc.status import FieldViolation

# The limit of the contract and of the carrier.
PAGE_LIMIT = 200

# The offset of the next page; nine digits are more than any account has numbers.
_PAGE_TOKEN = re.compile(r"[0-9]{1,9}")

_PAGE_SIZE = f"give between 0 and {PAGE_LIMIT}"

_NOT_OURS = "give the next_page_token of the page before"

_OUTCOMES = {item: pb.CheckOutcome.Value(f"CHECK_OUTCOME_{item.name}") for item in CheckOutcome}

_NUMBER_TYPES = {item: pb.NumberType.Value(f"NUMBER_TYPE_{item.name}") for item in NumberType}


def page_from_proto(request: pb.ListCarrierNumbersRequest) -> Page:
    """The requested page. Raises InvalidArgument."""
    check_account(request.carrier_account_id)
    violations = list(_page_violations(request))
    if violations:
        raise InvalidArgument(violations)
    return Page(
        limit=min(request.page_size or PAGE_LIMIT, PAGE_LIMIT), offset=int(request.page_token or 0)
    )


def numbers_to_proto(page: NumbersPage) -> pb.ListCarrierNumbersResponse:
    """One page of numbers."""
    return pb.ListCarrierNumbersResponse(
        carrier_numbers=map(_number_to_proto, page.numbers),
        next_page_token="" if page.next_offset is None else str(page.next_offset),
    )


def checks_to_proto(checks: Iterable[CarrierCheck]) -> pb.CheckCarrierAccountResponse:
    """The checks of the account."""
    return pb.CheckCarrierAccountResponse(checks=map(_check_to_proto, checks))


def accounts_to_proto(
    request: pb.ListCarrierAccountsRequest, adapter: CarrierAdapter
) -> pb.ListCarrierAccountsResponse:
    """The only page of accounts. Raises InvalidArgument."""
    violations = [] if request.page_size >= 0 else [FieldViolation("page_size", _PAGE_SIZE)]
    if request.page_token:
        violations.append(FieldViolation("page_token", _NOT_OURS))
    if violations:
        raise InvalidArgument(violations)
    account = pb.CarrierAccount(
        carrier_account_id=ONLY_ACCOUNT,
        carrier=adapter.name,
        capabilities=pb.Capabilities(**asdict(adapter.capabilities)),
    )
    return pb.ListCarrierAccountsResponse(carrier_accounts=[account])


def _check_to_proto(check: CarrierCheck) -> pb.CarrierCheck:
    return pb.CarrierCheck(
        check_id=check.check_id, outcome=_OUTCOMES[check.outcome], finding=check.finding
    )


def _page_violations(request: pb.ListCarrierNumbersRequest) -> Iterator[FieldViolation]:
    if request.page_size < 0:
        yield FieldViolation("page_size", _PAGE_SIZE)
    if request.page_token and not _PAGE_TOKEN.fullmatch(request.page_token):
        yield FieldViolation("page_token", _NOT_OURS)


def _number_to_proto(number: CarrierNumber) -> pb.CarrierNumber:
    return pb.CarrierNumber(
        phone_number=number.phone_number,
        number_type=_NUMBER_TYPES[number.number_type],
        messaging_enabled=number.messaging_enabled,
        carrier_account_id=ONLY_ACCOUNT,
    )
