"""The variants of Maskline that are measured."""

import json
from dataclasses import asdict, dataclass
from typing import Self

CONVERSATION_SERVICE, MESSAGING_SERVICE = "conversation_service", "messaging_service"

# The file of the counted calls, in the folder of a deployment.
CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Variant:
    """Differences from the deployment of `make run`."""

    # Compared variants have names of one length, since the name is part of every body.
    name: str
    # The module to start as the conversation service.
    conversation: str = CONVERSATION_SERVICE
    # Mutual TLS with roles on every gRPC link, and TLS to Redis if `redis_server` is set.
    is_encrypted: bool = False
    # A Redis server with TLS; empty for the embedded one.
    redis_server: str = ""
    # Counts the calls of both gRPC services in a file.
    counts_calls: bool = False
    # The interpreter of the checkout to run; empty for this one.
    python: str = ""

    @property
    def encrypts_redis(self) -> bool:
        """Whether the link to Redis is TLS, which the embedded server does not support."""
        return self.is_encrypted and bool(self.redis_server)

    def to_json(self) -> str:
        """A command line argument of `bench.systems.maskline`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        return cls(**json.loads(text))


AS_IT_IS, UNSEALED, ENCRYPTED = "as-it-is", "unsealed", "with-tls"


def variants(redis_server: str) -> tuple[Variant, Variant, Variant]:
    """The default, without encryption at rest, and with encrypted links; on the same server."""
    return (
        Variant(AS_IT_IS, redis_server=redis_server),
        Variant(UNSEALED, "bench.systems.unsealed", redis_server=redis_server),
        Variant(ENCRYPTED, is_encrypted=True, redis_server=redis_server),
    )
