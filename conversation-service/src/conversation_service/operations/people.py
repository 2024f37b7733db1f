"""Who is behind a number."""

from conversation_service.domain.phone import Person
from conversation_service.store.vault import Vault


class People:
    """Gives each person of a pool an id that says nothing about their number."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def person(self, pool: str, phone_number: str) -> Person:
        """The same id for the same number in the same pool, always."""
        return Person(phone_number, self._vault.blind("participant", pool, phone_number))
