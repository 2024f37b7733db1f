"""What is asked of the carrier about our own account there. Nothing of it is kept."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A number that the account owns, in E.164. `is_messaging_enabled` is None when untold."""

    phone_number: str = field(repr=False)
    type: str = ""
    is_messaging_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class NumbersPage:
    """Numbers in the carrier's order; `next_offset` is None on the last page.

    `skipped` counts the entries that are no number anyone could read.
    """

    numbers: tuple[AccountNumber, ...]
    next_offset: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class CallbackSetting:
    """Where one type of callback goes. An address may hold a secret, so its repr shows none."""

    callback_type: str
    expected_url: str
    url: str = field(default="", repr=False)
    api_version: str = ""


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """Whether the carrier takes our keys, and if so, where it sends callbacks."""

    is_authorized: bool
    callbacks: tuple[CallbackSetting, ...] = ()


class Account(Protocol):
    """Reads; each is safe to repeat. Both raise CarrierRateLimited and CarrierUnavailable."""

    async def list_numbers(self, page: Page) -> NumbersPage:
        """One page of numbers. Raises CarrierAccountRefused and CarrierRefused too."""
        ...

    async def check(self) -> AccountCheck:
        """How the account is set up. What the carrier refuses is part of the answer."""
        ...
