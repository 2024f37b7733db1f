"""Counts segments: the unit by which carriers charge, limit rates and cap budgets."""

from messaging_service.model.message import OutboundMessage

# Flowroute, "Message Length & Concatenation": ASCII takes 160 characters, or 140 a segment if the
# body is longer; any other body is UCS-2, 70 units a segment.
ASCII_SINGLE = 160

ASCII_EACH = 140

UCS2_EACH = 70


def count(body: str) -> int:
    """The segments of a body by the carrier's rule; an empty one takes one."""
    if body.isascii():
        return 1 if len(body) <= ASCII_SINGLE else -(-len(body) // ASCII_EACH)
    # Units, as it is not documented whether the carrier splits surrogate pairs.
    units = len(body.encode("utf-16-le", "surrogatepass")) // 2
    return -(-units // UCS2_EACH)


def segments_of(message: OutboundMessage, media_count: int) -> int:
    """The segments of a message; 0 for an MMS."""
    return 0 if media_count else count(message.body)
