"""Who is behind a number."""

from functools import lru_cache

from conversation_service.domain.phone import Person
from conversation_service.store.vault import Vault

# People who text just now: as many as a busy minute brings. It only saves hashing.
REMEMBERED = 8192


class People:
    """Gives each person of a pool an id that says nothing about their number."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.person = lru_cache(maxsize=REMEMBERED)(self._person)

    def person_id(self, phone_number: str) -> str:
        """The same for the same number in all pools."""
        return self._vault.blind("person", phone_number)

    def known_as(self, pool: str, person_id: str) -> Person:
        """A person of a pool of whom no number is known."""
        return Person(self._vault.blind("participant", pool, person_id), person_id=person_id)

    def _person(self, pool: str, phone_number: str) -> Person:
        """The same id for the same number in the same pool, always."""
        known = self.known_as(pool, self.person_id(phone_number))
        return Person(known.participant_id, phone_number, known.person_id)
