"""Every Redis key of this service.

A key's hash tag is its own id, as no script touches keys of two ids. The rate limiter's keys share
one slot, because one message counts against several of them at once.
"""

from datetime import timedelta

_PREFIX = "maskline:v1:messaging"


def keep_ms(retention: timedelta) -> int:
    """The ledger's retention in milliseconds, as its scripts take it."""
    return retention // timedelta(milliseconds=1)


def message(message_id: str) -> str:
    """Hash: the record of a message."""
    return f"{_PREFIX}:{{{message_id}}}:message"


def attempt(attempt_id: str) -> str:
    """String: the message id of an attempt."""
    return f"{_PREFIX}:{{{attempt_id}}}:attempt"


def carrier(carrier_message_id: str) -> str:
    """String: the message id that a carrier's id is bound to."""
    return f"{_PREFIX}:{{{carrier_message_id}}}:carrier"


def parked(carrier_message_id: str) -> str:
    """List: receipts that came before the carrier's id was bound to a message."""
    return f"{_PREFIX}:{{{carrier_message_id}}}:parked"


def rate(name: str) -> str:
    """String: the GCRA state of one of the account's rates."""
    return f"{_PREFIX}:{{pace}}:rate:{name}"


def brake(name: str) -> str:
    """Hash: until when and how much 429 answers slow all replicas down."""
    return f"{_PREFIX}:{{pace}}:brake:{name}"


def turns(name: str) -> str:
    """Hash: what each pool has taken of one of the account's rates while others waited."""
    return f"{_PREFIX}:{{pace}}:turns:{name}"


def waiting(name: str) -> str:
    """Sorted set: the pools that wait for one of the account's rates."""
    return f"{_PREFIX}:{{pace}}:waiting:{name}"


def budget(span: str, pool: str) -> str:
    """Hash: segments of a pool in the current minute or day, which is numbered since 1970."""
    return f"{_PREFIX}:{{pace}}:budget:{span}:{pool}"


def write_check() -> str:
    """String: written by the health check; expires."""
    return f"{_PREFIX}:{{write-check}}:write-check"


def media(message_id: str) -> str:
    """String: the outcome of each file of a message, as JSON."""
    return f"{_PREFIX}:{{{message_id}}}:media"


def media_file(storage_id: str) -> str:
    """String: an encrypted file. The storage id does not reveal the token that decrypts it."""
    return f"{_PREFIX}:{{{storage_id}}}:file"
