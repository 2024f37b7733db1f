"""Between the contract's messages about the account and what the carrier is asked."""

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

# The contract's limit of a page, and the carrier's.
PAGE_LIMIT = 200

# The offset of the next page. No account comes near a thousand million numbers.
_PAGE_TOKEN = re.compile(r"[0-9]{1,9}")


def to_page(request: pb.ListAccountNumbersRequest) -> Page:
    """The page to ask for. Raises InvalidArgument."""
    violations = list(_page_violations(request))
    if violations:
        raise InvalidArgument(violations)
    return Page(
        limit=min(request.page_size or PAGE_LIMIT, PAGE_LIMIT),
        offset=int(request.page_token or 0),
    )


def from_numbers(page: NumbersPage) -> pb.ListAccountNumbersResponse:
    """One page of numbers, and the way to the next one."""
    return pb.ListAccountNumbersResponse(
        numbers=map(_from_number, page.numbers),
        next_page_token="" if page.next_offset is None else str(page.next_offset),
    )


def from_check(check: AccountCheck) -> pb.CheckAccountResponse:
    """How the account is set up."""
    return pb.CheckAccountResponse(
        is_authorized=check.is_authorized, callbacks=map(_from_callback, check.callbacks)
    )


def _page_violations(request: pb.ListAccountNumbersRequest) -> Iterator[FieldViolation]:
    if request.page_size < 0:
        yield FieldViolation("page_size", f"give between 0 and {PAGE_LIMIT}")
    if request.page_token and not _PAGE_TOKEN.fullmatch(request.page_token):
        yield FieldViolation("page_token", "give the next_page_token of the page before")


def _from_number(number: AccountNumber) -> pb.AccountNumber:
    return pb.AccountNumber(
        phone_number=number.phone_number,
        type=number.type,
        is_messaging_enabled=number.is_messaging_enabled,
    )


def _from_callback(callback: CallbackSetting) -> pb.CallbackSetting:
    return pb.CallbackSetting(
        callback_type=callback.callback_type,
        url=callback.url,
        expected_url=callback.expected_url,
        api_version=callback.api_version,
    )
