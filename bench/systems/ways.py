"""In which ways Maskline is started for a measurement."""

import json
from dataclasses import asdict, dataclass
from typing import Self

CONVERSATION_SERVICE = "conversation_service"


@dataclass(frozen=True, slots=True)
class Variant:
    """How one differs from what `make run` starts."""

    # Of one length for those that are compared: it stands in every text.
    name: str
    # The module that is started as the conversation service.
    conversation: str = CONVERSATION_SERVICE
    # Mutual TLS with roles on every gRPC link, and TLS to Redis where `redis_server` speaks it.
    is_encrypted: bool = False
    # The program of the Redis server; the embedded one without.
    redis_server: str = ""

    @property
    def encrypts_redis(self) -> bool:
        """Whether the link to Redis is TLS: the embedded server does not speak it."""
        return self.is_encrypted and bool(self.redis_server)

    def told(self) -> str:
        """For the command line of a process."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, told: str) -> Self:
        """What `told` gave."""
        return cls(**json.loads(told))


AS_IT_IS, UNSEALED, ENCRYPTED = "as-it-is", "unsealed", "with-tls"


def variants(redis_server: str) -> tuple[Variant, Variant, Variant]:
    """Sealed, with links in clear; not sealed; sealed, with encrypted links. All on one server."""
    return (
        Variant(AS_IT_IS, redis_server=redis_server),
        Variant(UNSEALED, "bench.systems.unsealed", redis_server=redis_server),
        Variant(ENCRYPTED, is_encrypted=True, redis_server=redis_server),
    )
