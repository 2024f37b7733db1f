"""Phone numbers in E.164, and the digits that a carrier writes without a plus."""

import re

# ITU-T E.164: a country code, 8 to 15 digits. In North America (+1): an area code and an exchange
# that begin with 2 to 9 and are no service code such as 911, and four digits.
_NATIONAL = r"[2-9](?!11)[0-9]{2}[2-9](?!11)[0-9]{2}[0-9]{4}"
_E164 = re.compile(rf"\+(?:1{_NATIONAL}|[2-9][0-9]{{7,14}})")

_NORTH_AMERICAN = re.compile(_NATIONAL)


def e164_of(written: str, *, is_own: bool = False) -> str:
    """The number with its plus; empty if it is none, or if its country is not certain.

    Ten digits without a plus may lack the 1 of North America, or begin with another country code:
    +65 9555 0123 is +1 659 555 0123 without its 1. Only a number of our own account is certain.
    """
    if written.startswith("+"):
        return written if _E164.fullmatch(written) else ""
    if _NORTH_AMERICAN.fullmatch(written):
        return f"+1{written}" if is_own else ""
    return f"+{written}" if _E164.fullmatch(f"+{written}") else ""
