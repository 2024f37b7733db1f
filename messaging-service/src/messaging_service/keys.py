"""Every key of the ledger. The braces are the key's own id: no script touches two of them."""

_PREFIX = "maskline:v1:messaging"


def message(message_id: str) -> str:
    """Hash: what is known of a text."""
    return f"{_PREFIX}:{{{message_id}}}:message"


def attempt(send_token: str) -> str:
    """String: the text that an attempt was for, by the token in its receipts' address."""
    return f"{_PREFIX}:{{{send_token}}}:attempt"


def carrier(carrier_message_id: str) -> str:
    """String: the text that the carrier knows by this id."""
    return f"{_PREFIX}:{{{carrier_message_id}}}:carrier"
