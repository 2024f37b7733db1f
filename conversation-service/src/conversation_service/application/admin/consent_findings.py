"""What in a pool's settings carriers or the law of consent may object to."""

from collections.abc import Iterator
from datetime import timedelta

from conversation_service.domain.model.pool import Pool

# Of deploy/pools.toml.
DEMO_OPERATOR = "Maskline demo"

# A number may belong to somebody else so long after it was given up (47 CFR 52.15).
REASSIGNED_AFTER = timedelta(days=45)

# T-Mobile asks to approve a campaign of more numbers; one message from many looks like spam.
USUAL_NUMBERS = 49


def consent_findings(pool: Pool) -> Iterator[str]:
    """Each as half a sentence about the pool."""
    if pool.settings.operator_name == DEMO_OPERATOR:
        yield f'its operator_name is still "{DEMO_OPERATOR}": people must know who texts'
    if pool.settings.lifecycle.idle_timeout > REASSIGNED_AFTER:
        yield (
            f"lifecycle.idle_timeout is over {REASSIGNED_AFTER.days} days: a number may belong "
            "to somebody else by then"
        )
    if len(pool.numbers) > USUAL_NUMBERS:
        yield (
            f"{len(pool.numbers)} numbers: carriers want a campaign of more than {USUAL_NUMBERS} "
            "approved as a number pool"
        )
