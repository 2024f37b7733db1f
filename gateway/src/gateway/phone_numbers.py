"""Phone numbers in every form that the carrier writes them in.

Real callbacks hold 11 digits without "+", the docs show E.164 with "+", and one logged payload
holds a JSON number.
"""

import re

from gateway.problems import Unreadable

_SEPARATORS = " .-()"
_WITHOUT_SEPARATORS = str.maketrans("", "", _SEPARATORS)
_E164_DIGITS = re.compile(r"[1-9][0-9]{7,14}")
_NORTH_AMERICAN_DIGITS = 10


def to_e164(value: object, field: str) -> str:
    """The number in E.164 with "+". Raises Unreadable, naming `field`, when it is none.

    Ten digits are a North American number without its country code, unless a "+" says that the
    country code is there.
    """
    written = _written(value).strip()
    digits = written.removeprefix("+").translate(_WITHOUT_SEPARATORS)
    if len(digits) == _NORTH_AMERICAN_DIGITS and not written.startswith("+"):
        digits = f"1{digits}"
    if not _E164_DIGITS.fullmatch(digits):
        raise Unreadable(f"{field} is not a phone number. Send it in E.164, digits with a +.")
    return f"+{digits}"


def _written(value: object) -> str:
    """The number as text; empty for a bool, a fraction, a negative or anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return ""
