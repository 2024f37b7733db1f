"""Maps the account's RPCs to and from protobuf."""

import re
from collections.abc import Iterator

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.carrier.port import (
    AccountCheck,
    AccountNumber,
    CallbackSetting,
    NumbersPage,
    Page,
)
from messaging_service.model.errors import InvalidArgument
from runtime.grpc.status import FieldViolation

# The limit of the contract and of the carrier.
PAGE_LIMIT = 200

# The offset of the next page; nine digits are more than any account has numbers.
_PAGE_TOKEN = re.compile(r"[0-9]{1,9}")


def page_from_proto(request: pb.ListAccountNumbersRequest) -> Page:
    """The requested page. Raises InvalidArgument."""
    violations = list(_page_violations(request))
    if violations:
        raise InvalidArgument(violations)
    return Page(
        limit=min(request.page_size or PAGE_LIMIT, PAGE_LIMIT), offset=int(request.page_token or 0)
    )


def numbers_to_proto(page: NumbersPage) -> pb.ListAccountNumbersResponse:
    """One page of numbers."""
    return pb.ListAccountNumbersResponse(
        numbers=map(_number_to_proto, page.numbers),
        next_page_token="" if page.next_offset is None else str(page.next_offset),
    )


def check_to_proto(check: AccountCheck) -> pb.CheckAccountResponse:
    """The settings of the account."""
    return pb.CheckAccountResponse(
        is_authorized=check.is_authorized, callbacks=map(_callback_to_proto, check.callbacks)
    )


def _page_violations(request: pb.ListAccountNumbersRequest) -> Iterator[FieldViolation]:
    if request.page_size < 0:
        yield FieldViolation("page_size", f"give between 0 and {PAGE_LIMIT}")
    if request.page_token and not _PAGE_TOKEN.fullmatch(request.page_token):
        yield FieldViolation("page_token", "give the next_page_token of the page before")


def _number_to_proto(number: AccountNumber) -> pb.AccountNumber:
    return pb.AccountNumber(
        phone_number=number.phone_number,
        type=number.type,
        is_messaging_enabled=number.is_messaging_enabled,
    )


def _callback_to_proto(callback: CallbackSetting) -> pb.CallbackSetting:
    return pb.CallbackSetting(
        callback_type=callback.callback_type,
        url=callback.url,
        expected_url=callback.expected_url,
        api_version=callback.api_version,
    )
