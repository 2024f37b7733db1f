"""Which key holds what: keys by meaning, with everything personal hashed."""

from functools import lru_cache

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.participants import Person, Route
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys

# Two pools full of numbers; it only saves hashing.
REMEMBERED_NUMBERS = 2048


class BlindIndexKeys:
    """The keys of one pool, by what they are about."""

    def __init__(self, keys: Keys, vault: Cipher) -> None:
        self.keys = keys
        self._vault = vault
        self.number = lru_cache(maxsize=REMEMBERED_NUMBERS)(self._number)

    def route(self, line: Route) -> str:
        """What is on a line."""
        known_as = line.person.participant_id
        return self.keys.route(self._vault.blind("line", line.masked_number, known_as))

    def code(self, code: str) -> str:
        """Where a code leads."""
        return self.keys.code(self._vault.blind("code", code))

    def name(self, unique_name: str) -> str:
        """Which live conversation has a name."""
        return self.keys.name(self._vault.blind("name", unique_name))

    def conduct(self, person: Person) -> str:
        """What a person has lately done."""
        return self.keys.conduct(person.participant_id)

    def blocks(self, person: Person) -> str:
        """Whom a person must not meet."""
        return self.keys.blocks(person.participant_id)

    def tries(self, masked_number: str) -> str:
        """Wrong codes on a number."""
        return self.keys.tries(self.number(masked_number))

    def last_number(self, one: Person, other: Person) -> str:
        """Which number two people used last, whoever is named first."""
        pair = sorted((one.participant_id, other.participant_id))
        return self.keys.last_number(self._vault.blind("pair", *pair))

    def receipt(self, receipt: IdempotencyKey) -> str:
        """The receipt of an intent."""
        return self.keys.receipt(self.intent(receipt))

    def intent(self, receipt: IdempotencyKey) -> str:
        """The hash of an intent's name."""
        return self._vault.blind("receipt", receipt.kind, receipt.request_id)

    def fingerprint(self, receipt: IdempotencyKey) -> str:
        """The hash of an intent's fields."""
        return self._vault.blind("fingerprint", *receipt.fields)

    def _number(self, masked_number: str) -> str:
        """The hash of a masked number."""
        return self._vault.blind("number", masked_number)


# People who text just now: as many as a busy minute brings. It only saves hashing.
REMEMBERED = 8192


class PersonIds:
    """Gives each person of a pool an id that says nothing about their number."""

    def __init__(self, vault: Cipher) -> None:
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
