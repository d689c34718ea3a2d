from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import addresses
from digest.collect.addresses import Addresses

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.1.1",
    "172.16.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:db8::1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_in_every_dress_are_refused(text: str) -> None:
    assert not addresses.is_public(ip_address(text))
    assert not Addresses().admits("example.org", ip_address(text), 80)


@pytest.mark.parametrize("text", ["93.184.215.14", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_ones_pass(text: str) -> None:
    assert addresses.is_public(ip_address(text))


@pytest.mark.parametrize(
    ("allowed", "ip", "port", "passes"),
    [
        ("10.0.0.5", "10.0.0.5", 80, True),
        ("10.0.0.5", "10.0.0.6", 80, False),
        ("10.0.0.0/8", "10.9.9.9", 8080, True),
        ("10.0.0.5:8080", "10.0.0.5", 8080, True),
        ("10.0.0.5:8080", "10.0.0.5", 80, False),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:80", "::1", 81, False),
        ("::1", "::1", 81, True),
        ("10.0.0.5", "::ffff:10.0.0.5", 80, True),
    ],
)
def test_the_owner_s_list_is_taken_at_its_word(allowed: str, ip: str, port: int, passes: object) -> None:
    assert Addresses(allow_private=[allowed]).admits("h", ip_address(ip), port) is passes


def test_a_named_host_is_trusted_at_its_port_and_by_its_own_request_only() -> None:
    rule = Addresses(named=["http://Intranet:8080/feed", "https://wiki.example/f"])
    assert rule.is_named("http://intranet:8080/other")
    assert not rule.is_named("http://intranet/feed")
    ip = ip_address("10.0.0.1")
    assert rule.admits_named("intranet", ip, 8080)
    assert rule.admits_named("wiki.example", ip, 443)
    assert not rule.admits_named("intranet", ip, 80)
    assert not rule.admits_named("other", ip, 8080)
    assert not rule.admits("intranet", ip, 8080)


@settings(max_examples=200, deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_mapped_as_plain(ip: IPv4Address) -> None:
    plain = addresses.is_public(ip)
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        mapped = IPv6Address(int(IPv6Address(prefix)) | int(ip))
        assert addresses.is_public(mapped) is plain


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_a_host_and_port_or_none(text: str) -> None:
    host, port = addresses.host_and_port(text)
    assert isinstance(host, str)
    assert 0 <= port <= 65535
    addresses.is_local_name(text)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:99/", True),
        ("http://localhost/", True),
        ("http://a.localhost/", True),
        ("http://[::1]/", True),
        ("http://192.168.0.1/", True),
        ("http://8.8.8.8/", False),
        ("http://example.org/", False),
    ],
)
def test_who_needs_no_pause(url: str, local: object) -> None:
    assert addresses.is_local_name(url) is local
