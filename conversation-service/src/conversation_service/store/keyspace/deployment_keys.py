"""The Redis keys that all pools share. Each docstring begins with the key's type."""

from dataclasses import dataclass

from conversation_service.store.keyspace.keys import PREFIX


@dataclass(frozen=True, slots=True)
class DeploymentKeys:
    """Keys that all pools share. No pool can have a slash in its name."""

    @property
    def pools(self) -> str:
        """set: the names of all pools."""
        return self._key("pools")

    @property
    def numbers(self) -> str:
        """hash: the pool that owns a masked number (hashed)."""
        return self._key("numbers")

    @property
    def blind_index_key(self) -> str:
        """string: the blind-index key (encrypted)."""
        return self._key("blind-index-key")

    @property
    def epoch(self) -> str:
        """hash: how far the deployment got: epoch, time (ms), pending; steps by observer."""
        return self._key("epoch")

    def restore_request(self, request: str) -> str:
        """string: result of an operator's request (hashed) to accept a restored copy."""
        return self._key(f"restore-request:{request}")

    def opt_out(self, person_id: str) -> str:
        """string: when, how and by what a person opted out; the note of an import."""
        return self._key(f"opt-out:{person_id}")

    def opt_out_request(self, request: str) -> str:
        """string: fingerprint of a change (hashed), the opt-out after it, "" for a whole import."""
        return self._key(f"opt-out-request:{request}")

    def number_lookups(self, caller: str) -> str:
        """counter: numbers that a caller has looked up; expires a minute after the first."""
        return self._key(f"number-lookups:{caller}")

    @property
    def write_check(self) -> str:
        """string: written by the health check; expires."""
        return self._key("write-check")

    def erasure(self, erasure_id: str) -> str:
        """string: times, counts, fingerprint; a line break; until it is done, who (encrypted)."""
        return self._key(f"erasure:{erasure_id}")

    @property
    def pending_erasures(self) -> str:
        """zset: ids of erasures that are not complete, scored with their begin (ms)."""
        return self._key("pending-erasures")

    def erasure_lease(self, erasure_id: str) -> str:
        """string: token of the task that carries out an erasure; expires."""
        return self._key(f"erasure-lease:{erasure_id}")

    @property
    def reconciliation(self) -> str:
        """hash: since when lost messages are looked for, and when they were last (ms)."""
        return self._key("reconciliation")

    @property
    def reconciliation_lease(self) -> str:
        """string: fencing token of the replica that looks for lost messages."""
        return self._key("reconciliation-lease")

    @property
    def reconciliation_fence(self) -> str:
        """counter: the last fencing token of that lease."""
        return self._key("reconciliation-fence")

    def _key(self, rest: str) -> str:
        return f"{PREFIX}:{{deployment/}}:{rest}"
