"""Segments and price of a message, as Flowroute documents them."""

from dataclasses import dataclass

# Characters per segment (Flowroute's message length page).
ASCII_SINGLE = 160
ASCII_PART = 140
UCS2_PART = 70
ASCII_ENCODING = 0
UCS2_ENCODING = 8
# Prices seen in logged payloads, in billionths of a dollar.
SMS_NANODOLLARS = 4_000_000
MMS_NANODOLLARS = 19_500_000


@dataclass(frozen=True, slots=True)
class Price:
    """The cost of one message: its segments, each at the base rate."""

    base_nanodollars: int
    segments: int

    @property
    def nanodollars(self) -> int:
        """All segments together."""
        return self.base_nanodollars * self.segments


def message_encoding(body: str) -> int:
    """0 for pure ASCII, 8 for anything else: Flowroute's test is ASCII, not GSM-7."""
    return ASCII_ENCODING if body.isascii() else UCS2_ENCODING


def segment_count(body: str) -> int:
    """The number of segments of an SMS; an empty one has one."""
    if not body.isascii():
        utf16_units = len(body.encode("utf-16-le")) // 2
        return -(-utf16_units // UCS2_PART)
    if len(body) <= ASCII_SINGLE:
        return 1
    return -(-len(body) // ASCII_PART)


def price(body: str, *, is_mms: bool) -> Price:
    """The price of a message; an MMS is one segment, however long."""
    if is_mms:
        return Price(MMS_NANODOLLARS, 1)
    return Price(SMS_NANODOLLARS, segment_count(body))


def dollars(nanodollars: int) -> str:
    """An amount in dollars with four decimals, such as "0.0040"."""
    return f"{nanodollars / 1_000_000_000:.4f}"
