"""Which addresses may be reached: every kind of network, and the ways one address hides in another."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.masks.sources.ip_policy import kind_of, refusal

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8"]
OF_THE_NETWORK = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:7f00:1": "loopback",
    "::127.0.0.1": "loopback",
    "64:ff9b::7f00:1": "loopback",
    "2002:7f00:1::": "loopback",
    "2001:0:4136:e378:8000:63bf:80ff:fffe": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "fc00::1": "private",
    "fdff::1%eth0": "private",
    "fec0::1": "private",
    "64:ff9b::c0a8:101": "private",
    "64:ff9b:1::808:808": "private",
    "100.64.0.1": "shared",
    "100.127.255.255": "shared",
}
NEVER = {
    "169.254.169.254": "metadata",
    "::ffff:169.254.169.254": "metadata",
    "64:ff9b::a9fe:a9fe": "metadata",
    "64:ff9b:1::a9fe:a9fe": "metadata",
    "2002:a9fe:a9fe::": "metadata",
    "fd00:ec2::254": "metadata",
    "fd00:ec2::254%3": "metadata",
    "168.63.129.16": "metadata",
    "100.100.100.200": "metadata",
    "192.0.0.192": "metadata",
    "169.254.0.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "::ffff:0.0.0.0": "unspecified",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "reserved",
    "240.0.0.1": "reserved",
    "192.0.2.1": "reserved",
    "2001:db8::1": "reserved",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_may_be_reached_by_all(address: str) -> None:
    """Also through the prefixes that carry IPv4 addresses."""
    assert refusal(address, "public") == refusal(address, "private") == ""


@pytest.mark.parametrize("address", OF_THE_NETWORK)
def test_the_own_network_is_for_a_persons_machine(address: str) -> None:
    """Loopback, private and shared addresses, however they are written."""
    assert refusal(address, "private") == ""
    assert refusal(address, "public") == f"a {OF_THE_NETWORK[address]} address"


@pytest.mark.parametrize("address", NEVER)
def test_what_no_mask_server_has_is_refused_to_all(address: str) -> None:
    """Credentials of clouds, link-local, multicast, unspecified and reserved addresses; but a named host is reached."""
    article = "an" if NEVER[address] == "unspecified" else "a"
    assert refusal(address, "public") == refusal(address, "private") == f"{article} {NEVER[address]} address"
    assert refusal(address, "any") == ""


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_alike(address: IPv4Address) -> None:
    """Mapped, translated and tunnelled forms open no door that the plain one does not."""
    number = int(address)
    forms = [
        IPv6Address((0xFFFF << 32) + number),
        IPv6Address((0x64FF9B << 96) + number),
        IPv6Address((0x2002 << 112) + (number << 80)),
    ]
    for reach in ("public", "private"):
        plain = refusal(str(address), reach)
        if plain:
            assert all(refusal(str(form), reach) for form in forms)


@given(st.ip_addresses())
def test_every_address_has_a_kind(address: IPv4Address | IPv6Address) -> None:
    """What Python holds for global and no more is public; nothing else is."""
    kind = kind_of(address)
    if kind == "public":
        assert address.is_global
        assert not any((address.is_multicast, address.is_loopback, address.is_link_local, address.is_unspecified))
    assert kind_of(ip_address(str(address))) == kind
