"""The allow-list of origins that files are fetched from. No I/O.

Callbacks are not signed, so anybody who reaches the gateway could name any URL.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Presigned URLs with a session token were seen with about 1,500 characters.
URL_LIMIT = 4096

_DEFAULT_PORTS = {"https": 443, "http": 80}

_ORIGIN = re.compile(r"(https?)://(\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(\d{1,5}))?")

# Of ASCII: without the flag, "\u017f" would match "s" and other scripts' digits r"\d".
_FLAGS = re.ASCII | re.IGNORECASE

# DNS: a label has at most 63 characters and a name 253.
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_LIMIT = 253

# So narrow that no two URL parsers disagree about the host: no user, no escapes, no IPv6.
_URL = re.compile(rf"(https?)://({_LABEL}(?:\.{_LABEL})*)(?::(\d{{1,5}}))?/[!-~]*", _FLAGS)


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a port, and a host or all hosts below it."""

    scheme: str
    host: str
    port: int
    is_wildcard: bool

    def matches(self, scheme: str, host: str, port: int) -> bool:
        """Whether a URL with these parts has this origin."""
        if (scheme, port) != (self.scheme, self.port):
            return False
        return host.endswith(f".{self.host}") if self.is_wildcard else host == self.host


def parse_origins(value: str) -> tuple[Origin, ...]:
    """The origins of a comma-separated list. Raises ValueError, which repeats none of it."""
    return tuple(_origin(entry.strip()) for entry in value.split(",") if entry.strip())


def validated_origins(value: str) -> str:
    """The list itself if it can be parsed; raises ValueError otherwise."""
    parse_origins(value)
    return value


def is_allowed(url: str, allowed: Sequence[Origin]) -> bool:
    """Whether a file may be fetched from the URL."""
    match = _URL.fullmatch(url) if len(url) <= URL_LIMIT else None
    if not match:
        return False
    scheme, host, port = match[1].lower(), match[2].lower(), match[3]
    return len(host) <= HOST_LIMIT and any(
        origin.matches(scheme, host, int(port) if port else _DEFAULT_PORTS[scheme])
        for origin in allowed
    )


def _origin(text: str) -> Origin:
    match = _ORIGIN.fullmatch(text)
    if not match:
        raise ValueError('give origins such as "https://*.example.com" with commas between them')
    scheme, wildcard, host, port = match.groups()
    if wildcard and (scheme != "https" or "." not in host):
        raise ValueError('"*." needs https and a host of at least two labels')
    return Origin(scheme, host, int(port or _DEFAULT_PORTS[scheme]), bool(wildcard))
