"""Every key of the ledger and of the pace.

The braces are a key's own id: no script touches two of them. The pace's keys share one slot, for a
text is counted under several of them at once.
"""

from datetime import timedelta

_PREFIX = "maskline:v1:messaging"


def keep_ms(retention: timedelta) -> int:
    """The ledger's retention as its scripts take it."""
    return retention // timedelta(milliseconds=1)


def message(message_id: str) -> str:
    """Hash: what is known of a text."""
    return f"{_PREFIX}:{{{message_id}}}:message"


def attempt(attempt_id: str) -> str:
    """String: the text that an attempt was for. Its receipts' address is signed, its id is not."""
    return f"{_PREFIX}:{{{attempt_id}}}:attempt"


def carrier(carrier_message_id: str) -> str:
    """String: the text that the carrier knows by this id."""
    return f"{_PREFIX}:{{{carrier_message_id}}}:carrier"


def parked(carrier_message_id: str) -> str:
    """List: receipts that came before the text was known by this id."""
    return f"{_PREFIX}:{{{carrier_message_id}}}:parked"


def rate(name: str) -> str:
    """String: up to when one of the account's rates is used up."""
    return f"{_PREFIX}:{{pace}}:rate:{name}"


def brake() -> str:
    """Hash: how often, and until when, the carrier's 429 has slowed all replicas down."""
    return f"{_PREFIX}:{{pace}}:brake"


def budget(span: str, number: int, pool: str) -> str:
    """String: the segments of a pool in one minute or day, numbered from 1970 on."""
    return f"{_PREFIX}:{{pace}}:budget:{span}:{number}:{pool}"


def media(message_id: str) -> str:
    """String: what became of each file of a text, as JSON."""
    return f"{_PREFIX}:{{{message_id}}}:media"


def media_file(name: str) -> str:
    """String: an encrypted file; its name does not tell the address that opens it."""
    return f"{_PREFIX}:{{{name}}}:file"
