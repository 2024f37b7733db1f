"""Phone numbers in the two forms that Flowroute uses: with and without a plus."""

import re

# E.164: 8 to 15 digits. Without a plus at least ten, so that short codes are refused.
_DIALLED = re.compile(r"\+[1-9][0-9]{7,14}|[1-9][0-9]{9,14}")
_NORTH_AMERICAN_DIGITS = 10
_TOLL_FREE = re.compile(r"\+18(?:00|88|77|66|55|44|33)")


def to_e164(dialled: str) -> str:
    """The number as `+` and digits; ten bare digits are North American. Raises ValueError."""
    if not _DIALLED.fullmatch(dialled):
        raise ValueError("must be a phone number such as +12065550100")
    if dialled.startswith("+"):
        return dialled
    return f"+1{dialled}" if len(dialled) == _NORTH_AMERICAN_DIGITS else f"+{dialled}"


def to_digits(number: str) -> str:
    """The number without its plus, as callbacks and message records carry it."""
    return number.removeprefix("+")


def number_type(number: str) -> str:
    """Flowroute's `number_type` of one of our numbers."""
    return "toll-free" if _TOLL_FREE.match(number) else "longcode"
