"""Redis keys by meaning, with everything personal replaced by its blind index."""

from functools import lru_cache, partial

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.participants import Person, Route
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys

# The people who text in a busy minute, the routes that they text on and the numbers of both; the
# caches only save hashing.
CACHED_PEOPLE = 8192

# The commands that are being executed: each is named when it is loaded, and when it is committed.
CACHED_COMMANDS = 1024

# 48 bits: enough to notice that an id was used again, in a record that each text leaves behind.
FINGERPRINT_LENGTH = 8


class BlindIndexKeys:
    """The keys of one pool that are named by a blind index."""

    def __init__(self, keys: Keys, cipher: Cipher) -> None:
        self._keys = keys
        self._cipher = cipher
        self.number = lru_cache(maxsize=CACHED_PEOPLE)(self._number)
        self._route = lru_cache(maxsize=CACHED_PEOPLE)(partial(cipher.blind_index, "route"))
        self._command = lru_cache(maxsize=CACHED_COMMANDS)(partial(cipher.blind_index, "command"))

    def route(self, route: Route) -> str:
        """The conversation on a route."""
        return self._keys.route(self._route(route.masked_number, route.person.participant_id))

    def carrier_block(self, route: Route) -> str:
        """Whether the carrier delivers nothing on a route."""
        hashed = self._route(route.masked_number, route.person.participant_id)
        return self._keys.carrier_block(hashed)

    def code(self, code: str) -> str:
        """The conversation that a join code leads to."""
        return self._keys.code(self._cipher.blind_index("code", code))

    def unique_name(self, unique_name: str) -> str:
        """The live conversation with a unique name."""
        return self._keys.name(self._cipher.blind_index("name", unique_name))

    def name_history(self, unique_name: str) -> str:
        """The ended conversations with a unique name."""
        return self._keys.name_history(self._cipher.blind_index("name", unique_name))

    def sender_limits(self, person: Person) -> str:
        """A person's rate limits."""
        return self._keys.sender_limits(person.participant_id)

    def introduced(self, person: Person) -> str:
        """Whether a person was told who texts and how to opt out."""
        return self._keys.introduced(person.participant_id)

    def code_attempts(self, masked_number: str) -> str:
        """Wrong codes on a number."""
        return self._keys.code_attempts(self.number(masked_number))

    def last_number(self, first: Person, second: Person) -> str:
        """The number that two people used last, in whichever order they are named."""
        pair = sorted((first.participant_id, second.participant_id))
        return self._keys.last_number(self._cipher.blind_index("pair", *pair))

    def idempotency(self, key: IdempotencyKey) -> str:
        """The idempotency record of a command."""
        return self._keys.idempotency(self.command(key))

    def command(self, key: IdempotencyKey) -> str:
        """The hash that names a command."""
        return self._command(key.kind, key.request_id)

    def fingerprint(self, key: IdempotencyKey) -> str:
        """The hash of a command's fields, which may be words.

        The id is one of them: it is stored nowhere, so that nobody can try words, not even with the
        keys.
        """
        fields = (key.request_id, *key.fingerprint_fields)
        return self._cipher.blind_index("fingerprint", *fields)[:FINGERPRINT_LENGTH]

    def conversations(self, masked_number: str, state: str) -> str:
        """The conversations in a state on a number; on all numbers if it is empty."""
        number = self.number(masked_number) if masked_number else ""
        return self._keys.conversations(state, number)

    def _number(self, masked_number: str) -> str:
        """The hash of a masked number."""
        return self._cipher.blind_index("number", masked_number)


class PersonIds:
    """Opaque ids of people: one per pool (participant id), one for the deployment (person id)."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self.person = lru_cache(maxsize=CACHED_PEOPLE)(self._person)

    def person_id(self, phone_number: str) -> str:
        """The same for the same number in all pools."""
        return self._cipher.blind_index("person", phone_number)

    def participant_of(self, pool: str, person_id: str) -> Person:
        """The participant of a pool with this person id, whose number is not known."""
        participant_id = self._cipher.blind_index("participant", pool, person_id)
        return Person(participant_id, person_id=person_id)

    def _person(self, pool: str, phone_number: str) -> Person:
        """The participant of a pool with this number."""
        participant = self.participant_of(pool, self.person_id(phone_number))
        return Person(participant.participant_id, phone_number, participant.person_id)
