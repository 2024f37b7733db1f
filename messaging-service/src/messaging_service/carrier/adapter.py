"""A carrier as the service uses it: what it offers, and the parts that talk to it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from messaging_service.carrier.port import Carrier, CarrierAccount, CarrierRecords
from messaging_service.config.settings import Settings
from messaging_service.limits.rate_limiter import RateLimiter
from messaging_service.model.send_tokens import SendTokens
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a carrier offers. The service uses what there is; False is always safe."""

    # Inbound messages can be listed, to find those whose callbacks were lost.
    inbound_records: bool = False
    # Outbound messages can be listed, to resolve uncertain sends.
    outbound_records: bool = False
    # The receipts of each attempt give back its send token.
    receipt_per_attempt: bool = False
    # A send that is repeated with the same message id is carried out once.
    idempotent_send: bool = False
    # The carrier itself answers STOP and the like with a confirmation.
    answers_stop: bool = False


@dataclass(frozen=True, slots=True)
class CarrierAdapter:
    """Everything about one carrier; None for records that it does not offer."""

    # For people.
    name: str
    capabilities: Capabilities
    carrier: Carrier
    account: CarrierAccount
    records: CarrierRecords | None = None

    @property
    def inbound_records(self) -> CarrierRecords | None:
        """The records of received messages, if the carrier has them."""
        return self.records if self.capabilities.inbound_records else None

    @property
    def outbound_records(self) -> CarrierRecords | None:
        """The records of sent messages, if the carrier has them."""
        return self.records if self.capabilities.outbound_records else None


@dataclass(frozen=True, slots=True)
class CarrierParts:
    """What every adapter is made from."""

    settings: Settings
    clock: Clock
    limiter: RateLimiter
    tokens: SendTokens


OpenCarrier = Callable[[CarrierParts], AbstractAsyncContextManager[CarrierAdapter]]
