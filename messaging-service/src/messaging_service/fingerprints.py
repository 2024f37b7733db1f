"""Recognises a repeated text without keeping it."""

from hashlib import blake2b, sha256

from messaging_service.domain import Text

# 128 bits: two texts of one id never meet by chance.
_SIZE = 16


class Fingerprints:
    """Keyed, so that nobody can try numbers or texts against a copy of the ledger."""

    def __init__(self, key: str) -> None:
        # A key of any length becomes one of the length that BLAKE2b takes.
        self._keyed = blake2b(key=sha256(key.encode()).digest(), digest_size=_SIZE)

    def of(self, text: Text) -> bytes:
        """A digest of the text's own fields. The id is among them: equal texts look different."""
        digest = self._keyed.copy()
        fields = (text.message_id, text.pool, text.from_number, text.to_number, text.body)
        files = (attachment.url for attachment in text.attachments)
        for field in map(str.encode, (*fields, *files)):
            # The length in front keeps two fields from passing for two others.
            digest.update(len(field).to_bytes(4, "big"))
            digest.update(field)
        return digest.digest()
