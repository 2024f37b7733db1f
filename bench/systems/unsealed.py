"""The conversation service without encryption at rest: `python -m bench.systems.unsealed`.

No setting of the product does this: it is only for measuring the cost of encryption. Blind-index
names are hashed as in the product, as they are also the opaque ids that callers see.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag

from conversation_service.__main__ import serve
from conversation_service.app.pools_file import read_pools
from conversation_service.app.settings import Settings
from conversation_service.store.encryption import conversation_keys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeyRing
from runtime.logging.setup import configure_logs
from runtime.settings.base import load_settings
from runtime.shutdown import run


class ClearRing(KeyRing):
    """Only puts the current key's id in front of a value."""

    def encrypt(self, plain: bytes, record: str) -> bytes:
        """The value itself, not encrypted."""
        return self.current.prefix + plain

    def decrypt(self, encrypted: bytes, record: str) -> bytes:
        """A value of this ring, for any record; raises InvalidTag for other values."""
        if not self.is_current(encrypted):
            raise InvalidTag
        return encrypted.removeprefix(self.current.prefix)


class ClearCipher(Cipher):
    """Hashes as the product's cipher does, and encrypts nothing."""

    def __init__(
        self, secret: str, former: Sequence[str] = (), *, blind_index_key: bytes = b""
    ) -> None:
        """Former keys decrypt nothing, as nothing was ever encrypted."""
        super().__init__(secret, former, blind_index_key=blind_index_key)
        self.ring = ClearRing(secret)


def no_data_key() -> bytes:
    """A conversation without a data key encrypts its bodies under the state key."""
    return b""


def main() -> None:
    """Serves as `python -m conversation_service` does, from the same settings."""
    settings = load_settings(Settings)
    configure_logs("conversation_service", settings.log_level)
    # The product has no hook for this.
    conversation_keys.generate = no_data_key
    cipher = ClearCipher(settings.state_key.get_secret_value())
    run(serve(settings, read_pools(settings.pools_file), cipher))


if __name__ == "__main__":
    main()
