"""Where a request comes from, behind any number of proxies."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.client_address import is_among, limited_as, read_address, source_of

PEER = "198.51.100.1"


@pytest.mark.parametrize(
    ("forwarded", "trusted_proxies", "source"),
    [
        ([], 0, PEER),
        ([b"203.0.113.9"], 0, PEER),
        ([b"203.0.113.9"], 1, "203.0.113.9"),
        ([b"203.0.113.66, 203.0.113.9"], 1, "203.0.113.9"),
        ([b"203.0.113.66", b"203.0.113.9"], 1, "203.0.113.9"),
        ([b"203.0.113.9, 192.0.2.1"], 2, "203.0.113.9"),
        ([b"203.0.113.66,203.0.113.9", b" 192.0.2.1 "], 2, "203.0.113.9"),
        ([b"nonsense, 203.0.113.9"], 1, "203.0.113.9"),
        ([], 1, None),
        ([b""], 1, None),
        ([b"203.0.113.9"], 2, None),
        ([b"203.0.113.9, unknown"], 1, None),
        ([b"203.0.113.9,"], 1, None),
        ([b"\xff\xfe"], 1, None),
    ],
)
def test_the_source_is_what_the_outermost_trusted_proxy_saw(
    forwarded: list[bytes], trusted_proxies: int, source: str | None
) -> None:
    told = source_of(PEER, forwarded, trusted_proxies)
    assert told == (ip_address(source) if source else None)


@given(written=st.binary(), trusted_proxies=st.integers(1, 8))
def test_nothing_that_a_caller_writes_changes_what_the_proxies_add(
    written: bytes, trusted_proxies: int
) -> None:
    added = b", ".join([b"203.0.113.9", *[b"192.0.2.1"] * (trusted_proxies - 1)])
    assert source_of(PEER, [written, added], trusted_proxies) == ip_address("203.0.113.9")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("203.0.113.009", None),
        ("203.0.113", None),
        ("localhost", None),
        ("", None),
        ("[", None),
        ("1" * 81, None),
    ],
)
def test_an_address_is_read_as_proxies_write_it(written: str, read: str | None) -> None:
    assert read_address(written) == (ip_address(read) if read else None)


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("52.88.246.140", True),
        ("52.88.246.141", False),
        ("192.0.2.200", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
    ],
)
def test_a_list_holds_addresses_and_networks_of_both_kinds(source: str, allowed: bool) -> None:
    networks = [*map(ip_network, ("52.88.246.140", "192.0.2.0/24", "2001:db8::/32"))]
    assert is_among(ip_address(source), networks) == allowed


def test_a_whole_64_of_ipv6_is_limited_as_one_and_each_ipv4_address_by_itself() -> None:
    one, other, elsewhere = map(ip_address, ("2001:db8::1", "2001:db8::ff:1", "2001:db8:0:1::1"))
    assert limited_as(one) == limited_as(other) != limited_as(elsewhere)
    assert limited_as(ip_address("192.0.2.1")) != limited_as(ip_address("192.0.2.2"))
