"""Where a request comes from: the address that limits and lists of sources go by."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

SourceAddress = IPv4Address | IPv6Address

SourceNetwork = IPv4Network | IPv6Network

# The longest address with its zone and port is shorter; what is not read is not kept either.
MAX_WRITTEN_CHARACTERS = 80

# Whoever calls now; an address is read once while its caller is busy.
READ_LIMIT = 4096

# A home or a machine has a whole /64: limits by single addresses would not limit it.
LIMITED_BYTES = 8


def source_of(
    peer: str | None, forwarded: Sequence[bytes], trusted_proxies: int
) -> SourceAddress | None:
    """The caller's address, or None when nobody can tell.

    `peer` is the other end of the connection. Behind n trusted proxies it is the last of them, and
    the caller is the n-th from the right of `forwarded`, the values of X-Forwarded-For: each proxy
    adds the address that called it. What stands further left anybody may have written.
    """
    if trusted_proxies == 0:
        return read_address(peer or "")
    entries = b",".join(forwarded).rsplit(b",", trusted_proxies)[-trusted_proxies:]
    return read_address(entries[0].decode("latin-1")) if len(entries) == trusted_proxies else None


def read_address(written: str) -> SourceAddress | None:
    """An address in one of the ways that proxies write it, some with a port; None if it is none."""
    return _read(written.strip()) if len(written) <= MAX_WRITTEN_CHARACTERS else None


def is_among(source: SourceAddress, networks: Sequence[SourceNetwork]) -> bool:
    """Whether one of the networks holds the address."""
    return any(source in network for network in networks)


def limited_as(source: SourceAddress) -> bytes:
    """What is limited as one: an IPv4 address, or all of a /64 of IPv6."""
    return source.packed[:LIMITED_BYTES]


@lru_cache(maxsize=READ_LIMIT)
def _read(written: str) -> SourceAddress | None:
    try:
        address = ip_address(_without_port(written))
    except ValueError:
        return None
    # A socket that listens on both families writes IPv4 callers so.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(written: str) -> str:
    if written.startswith("["):
        return written[1:].partition("]")[0]
    host, colon, _ = written.partition(":")
    return host if colon and "." in host else written
