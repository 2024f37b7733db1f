"""Recognises a repeated text without keeping it."""

from hashlib import blake2b, sha256

from messaging_service.model.message import OutboundMessage

# 128 bits: two texts of one id never meet by chance.
_SIZE = 16


class Fingerprints:
    """Keyed, so that nobody can try numbers or texts against a copy of the ledger."""

    def __init__(self, key: str, *former: str) -> None:
        """`former` keys are those under which a text may have been taken before."""
        # A key of any length becomes one of the length that BLAKE2b takes.
        self._keyed = [
            blake2b(key=sha256(one.encode()).digest(), digest_size=_SIZE) for one in (key, *former)
        ]

    def of(self, text: OutboundMessage) -> tuple[bytes, ...]:
        """Digests of the text's own fields, one under each key, the current one's first.

        The id is among the fields: equal texts look different.
        """
        fields = (text.message_id, text.pool, text.from_number, text.to_number, text.body)
        files = (attachment.url for attachment in text.attachments)
        written = b"".join(map(_written, (*fields, *files)))
        return tuple(_digest(keyed, written) for keyed in self._keyed)


def _written(field: str) -> bytes:
    """The length in front keeps two fields from passing for two others."""
    encoded = field.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def _digest(keyed: blake2b, written: bytes) -> bytes:
    digest = keyed.copy()
    digest.update(written)
    return digest.digest()
