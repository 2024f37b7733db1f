"""Which addresses files are fetched from. Callbacks are not signed: anybody could name any."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Presigned addresses with a session token were seen with about 1,500 characters.
URL_LIMIT = 4096

_DEFAULT_PORTS = {"https": 443, "http": 80}

_ORIGIN = re.compile(r"(https?)://(\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(\d{1,5}))?")

# So narrow that no two parsers can take another host out of it: no user, no escape, no IPv6.
_URL = re.compile(r"(https?)://([a-z0-9.-]+)(?::(\d{1,5}))?/[!-~]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host or all hosts below it, and a port."""

    scheme: str
    host: str
    port: int
    is_wildcard: bool

    def holds(self, scheme: str, host: str, port: int) -> bool:
        """Whether an address lies there."""
        if (scheme, port) != (self.scheme, self.port):
            return False
        return host.endswith(f".{self.host}") if self.is_wildcard else host == self.host


def origins(listed: str) -> tuple[Origin, ...]:
    """Reads a list with commas; raises ValueError without repeating any of it."""
    return tuple(_origin(one.strip()) for one in listed.split(",") if one.strip())


def checked_origins(listed: str) -> str:
    """The same list, if it can be read; raises ValueError otherwise."""
    origins(listed)
    return listed


def is_allowed(url: str, allowed: Sequence[Origin]) -> bool:
    """Whether a file may be fetched from there."""
    found = _URL.fullmatch(url) if len(url) <= URL_LIMIT else None
    if not found:
        return False
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    return any(
        origin.holds(scheme, host, int(port) if port else _DEFAULT_PORTS[scheme])
        for origin in allowed
    )


def _origin(text: str) -> Origin:
    found = _ORIGIN.fullmatch(text)
    if not found:
        raise ValueError('give origins such as "https://*.example.com" with commas between them')
    scheme, wildcard, host, port = found.groups()
    if wildcard and (scheme != "https" or "." not in host):
        raise ValueError('"*." needs https and at least two names behind it')
    return Origin(scheme, host, int(port or _DEFAULT_PORTS[scheme]), bool(wildcard))
