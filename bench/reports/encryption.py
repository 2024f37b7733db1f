"""The table of the cost of encryption."""

from bench.measuring.encryption import Encryption
from bench.measuring.stats import Spread
from bench.measuring.stats import ratios as ratios_of
from bench.reports.comparison import NAME, WIDTH, ratio_line, ratios
from bench.systems.variants import AS_IT_IS, ENCRYPTED, UNSEALED

# The default against the variant without encryption at rest; encrypted links against the default.
PAIRS = ((AS_IT_IS, UNSEALED), (ENCRYPTED, AS_IT_IS))


def lines(encryption: Encryption) -> list[tuple[str, list[Spread]]]:
    """Every figure, with both ratios."""
    sizes = encryption.conversation_bytes
    size = [ratios_of([sizes[ours]], [sizes[theirs]]) for ours, theirs in PAIRS]
    return [*ratios(encryption.results, PAIRS), ("bytes a live conversation", size)]


def table(encryption: Encryption) -> list[str]:
    """The heading and one line for each figure."""
    redis = (
        f"mutual TLS: gRPC links with roles, and Redis ({encryption.redis_server})"
        if encryption.redis_server
        else "mutual TLS: gRPC links with roles. NOT Redis: the embedded server does not support "
        "TLS, and no valkey-server or redis-server with TLS is on the PATH"
    )
    return [
        "The cost of encryption as ratios (1: none). Medians of the rounds' ratios (range).",
        "at rest: the default against the same without encryption at rest",
        f"{redis}; against the default",
        "",
        f"{'':{NAME}}{'encryption at rest':{WIDTH}}mutual TLS",
        *(ratio_line(name, spreads) for name, spreads in lines(encryption)),
    ]
