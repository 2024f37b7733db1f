"""The conversation service without encryption at rest: `python -m bench.unsealed`.

No setting of the product does this, and none should: it is here so that what sealing costs can be
measured beside it. Names are hashed as always: they are the opaque ids that callers see, too.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag

from conversation_service.__main__ import serve
from conversation_service.app.pools_file import read_pools
from conversation_service.app.settings import Settings
from conversation_service.store.encryption import conversation_keys as text_keys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeyRing
from runtime.logging.setup import configure_logs
from runtime.settings.base import load_settings
from runtime.shutdown import run


class ClearRing(KeyRing):
    """Puts the current key's id in front, so that readers find what they look for, and no more."""

    def encrypt(self, plain: bytes, record: str) -> bytes:
        """The value itself, not encrypted."""
        return self.current.prefix + plain

    def decrypt(self, encrypted: bytes, record: str) -> bytes:
        """A value of this ring, of whatever record; raises InvalidTag for anything else."""
        if not self.is_current(encrypted):
            raise InvalidTag
        return encrypted.removeprefix(self.current.prefix)


class ClearVault(Cipher):
    """Hashes as the product's cipher does, and encrypts nothing."""

    def __init__(
        self, secret: str, former: Sequence[str] = (), *, blind_index_key: bytes = b""
    ) -> None:
        """Former keys decrypt nothing, as nothing was ever encrypted."""
        super().__init__(secret, former, blind_index_key=blind_index_key)
        self.ring = ClearRing(secret)


def no_secret() -> bytes:
    """Instead of a data key: bodies of a conversation without one are under the state key."""
    return b""


def main() -> None:
    """Serves as `python -m conversation_service` does, from the same settings."""
    settings = load_settings(Settings)
    configure_logs("conversation_service", settings.log_level)
    # The product has no seam here, and needs none.
    text_keys.generate = no_secret
    vault = ClearVault(settings.state_key.get_secret_value())
    run(serve(settings, read_pools(settings.pools_file), vault))


if __name__ == "__main__":
    main()
