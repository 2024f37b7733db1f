"""The address of a client, behind any number of proxies."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.client_address import client_address, is_among, parse_address

PEER = "198.51.100.1"


@pytest.mark.parametrize(
    ("forwarded", "trusted_proxies", "address"),
    [
        *(([], 0, PEER), ([b"203.0.113.9"], 0, PEER), ([b"203.0.113.9"], 1, "203.0.113.9")),
        ([b"203.0.113.66, 203.0.113.9"], 1, "203.0.113.9"),
        ([b"203.0.113.66", b"203.0.113.9"], 1, "203.0.113.9"),
        ([b"203.0.113.9, 192.0.2.1"], 2, "203.0.113.9"),
        ([b"203.0.113.66,203.0.113.9", b" 192.0.2.1 "], 2, "203.0.113.9"),
        ([b"nonsense, 203.0.113.9"], 1, "203.0.113.9"),
        *(([], 1, None), ([b""], 1, None), ([b"203.0.113.9"], 2, None)),
        *(([b"203.0.113.9, unknown"], 1, None), ([b"203.0.113.9,"], 1, None)),
        ([b"\xff\xfe"], 1, None),
    ],
)
def test_the_client_is_the_address_that_called_the_outermost_trusted_proxy(
    forwarded: list[bytes], trusted_proxies: int, address: str | None
) -> None:
    expected = ip_address(address) if address else None
    assert client_address(PEER, forwarded, trusted_proxies) == expected


@given(forged=st.binary(), trusted_proxies=st.integers(1, 8))
def test_a_client_cannot_forge_the_entries_of_trusted_proxies(
    forged: bytes, trusted_proxies: int
) -> None:
    added = b", ".join([b"203.0.113.9", *[b"192.0.2.1"] * (trusted_proxies - 1)])
    address = client_address(PEER, [forged, added], trusted_proxies)
    assert address == ip_address("203.0.113.9")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        *(("203.0.113.9:4711", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9")),
        *(("2001:db8::9", "2001:db8::9"), ("[2001:db8::9]", "2001:db8::9")),
        *(("[2001:db8::9]:4711", "2001:db8::9"), ("fe80::1%eth0", "fe80::1%eth0")),
        *(("203.0.113.009", None), ("203.0.113", None), ("localhost", None)),
        *(("", None), ("[", None), ("1" * 81, None)),
    ],
)
def test_an_address_is_parsed_in_any_form_of_proxies(text: str, address: str | None) -> None:
    assert parse_address(text) == (ip_address(address) if address else None)


def test_a_list_may_hold_addresses_and_networks_of_both_kinds() -> None:
    networks = [*map(ip_network, ("52.88.246.140", "192.0.2.0/24", "2001:db8::/32"))]
    addresses = ("52.88.246.140", "192.0.2.200", "2001:db8::1", "52.88.246.141", "2001:db9::1")
    listed = [is_among(ip_address(address), networks) for address in addresses]
    assert listed == [True, True, True, False, False]
