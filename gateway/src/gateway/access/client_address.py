"""The address of a client, which rate limits and lists of allowed networks use."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

ClientAddress = IPv4Address | IPv6Address

ClientNetwork = IPv4Network | IPv6Network

# Longer than any address with its zone and port; longer strings are not parsed or cached.
MAX_CHARACTERS = 80

# Addresses of recent clients are parsed once.
CACHE_SIZE = 4096

# A home or a machine has a whole /64, so limits per IPv6 address would not limit it.
LIMITED_BYTES = 8


def client_address(
    peer: str | None, forwarded: Sequence[bytes], trusted_proxies: int
) -> ClientAddress | None:
    """The client's address, or None if it cannot be determined.

    `peer` is the other end of the connection. Behind n trusted proxies it is the last proxy, and
    the client is the n-th entry from the right of `forwarded`, the values of X-Forwarded-For: each
    proxy appends the address that called it. Entries further left may be forged.
    """
    if trusted_proxies == 0:
        return parse_address(peer or "")
    entries = b",".join(forwarded).rsplit(b",", trusted_proxies)[-trusted_proxies:]
    return parse_address(entries[0].decode("latin-1")) if len(entries) == trusted_proxies else None


def parse_address(text: str) -> ClientAddress | None:
    """An address in any form that proxies write, some with a port; None if it is none."""
    return _parse(text.strip()) if len(text) <= MAX_CHARACTERS else None


def is_among(address: ClientAddress, networks: Sequence[ClientNetwork]) -> bool:
    """Whether one of the networks contains the address."""
    return any(address in network for network in networks)


def limit_key(address: ClientAddress) -> bytes:
    """The key of a client's rate limit: an IPv4 address, or a /64 of IPv6."""
    return address.packed[:LIMITED_BYTES]


@lru_cache(maxsize=CACHE_SIZE)
def _parse(text: str) -> ClientAddress | None:
    try:
        address = ip_address(_without_port(text))
    except ValueError:
        return None
    # The form of IPv4 clients on a socket for both families.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, colon, _ = text.partition(":")
    return host if colon and "." in host else text
