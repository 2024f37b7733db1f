"""Fingerprints: recognise a repeated message without storing it."""

from hashlib import blake2b, sha256

from messaging_service.model.message import OutboundMessage

# 128 bits: two messages with one id never collide by chance.
_SIZE = 16


class Fingerprints:
    """Keyed, so that numbers and bodies cannot be tried against a copy of the ledger."""

    def __init__(self, key: str, *former: str) -> None:
        """Messages that were claimed under the `former` keys are still recognised."""
        # BLAKE2b takes keys of at most 64 bytes, so a key of any length is hashed first.
        self._digests = [
            blake2b(key=sha256(secret.encode()).digest(), digest_size=_SIZE)
            for secret in (key, *former)
        ]

    def of(self, message: OutboundMessage) -> tuple[bytes, ...]:
        """Digests of the message's fields, one per key, the current key's first.

        The id is one of the fields, so equal messages have different fingerprints.
        """
        fields = (
            *(message.message_id, message.pool, message.from_number, message.to_number),
            message.body,
        )
        urls = (attachment.url for attachment in message.attachments)
        encoded = b"".join(map(_encode, (*fields, *urls)))
        return tuple(_digest(keyed, encoded) for keyed in self._digests)


def _encode(field: str) -> bytes:
    """With its length in front, so that no two lists of fields have the same encoding."""
    encoded = field.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def _digest(keyed: blake2b, encoded: bytes) -> bytes:
    digest = keyed.copy()
    digest.update(encoded)
    return digest.digest()
