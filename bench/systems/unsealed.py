"""The conversation service without encryption at rest: `python -m bench.systems.unsealed`.

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
from conversation_service.store.encryption.key_ring import Key, KeyRing
from runtime.logging.setup import configure_logs
from runtime.settings.base import load_settings
from runtime.shutdown import run


class ClearRing(KeyRing):
    """Puts the current key's id in front, so that readers find what they look for, and no more."""

    def seal(self, plain: bytes, record: str) -> bytes:
        """What it was given, in clear."""
        return self.current.prefix + plain

    def open(self, sealed: bytes, record: str) -> bytes:
        """What was sealed here, for whatever record; raises InvalidTag for anything else."""
        if not self.is_current(sealed):
            raise InvalidTag
        return sealed.removeprefix(self.current.prefix)

    def key_of(self, sealed: bytes, record: str) -> Key | None:
        """The current one, if it was sealed here."""
        return self.current if self.is_current(sealed) else None


class ClearVault(Cipher):
    """Hashes names as the product's vault does, and seals nothing."""

    def __init__(self, secret: str, former: Sequence[str] = (), *, is_locked: bool = False) -> None:
        """See Vault; former keys open nothing, since nothing was ever sealed."""
        super().__init__(secret, former, is_locked=is_locked)
        self.ring = ClearRing(secret)


def no_secret() -> bytes:
    """Instead of drawing one: words of a conversation without a secret lie under the vault."""
    return b""


def main() -> None:
    """Serves as `python -m conversation_service` does, from the same settings."""
    settings = load_settings(Settings)
    configure_logs("conversation_service", settings.log_level)
    # The product has no seam here, and needs none.
    text_keys.generate = no_secret
    vault = ClearVault(settings.state_key.get_secret_value(), is_locked=True)
    run(serve(settings, read_pools(settings.pools_file), vault))


if __name__ == "__main__":
    main()
