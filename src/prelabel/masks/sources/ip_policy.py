"""What kind of network an address belongs to, and which kinds may be reached; part of stage 4, see web.py.

Pure: it is asked about the address that is about to be connected to, whatever name or spelling led there.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Reach = Literal["public", "private", "any"]
"""How far a fetch may reach: hosts of the internet; this machine's and its network's too; whatever was named."""

Kind = Literal[
    "public", "loopback", "private", "shared", "link-local", "metadata", "multicast", "unspecified", "reserved"
]

_OPEN: dict[Reach, frozenset[Kind]] = {
    "public": frozenset({"public"}),
    "private": frozenset({"public", "loopback", "private", "shared"}),
}
# Where clouds hand out their machines' credentials. Most are link-local; these are not.
_METADATA = frozenset(
    map(
        ip_address,
        ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    )
)
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10", "64:ff9b:1::/48"))
)
_SHARED = ip_network("100.64.0.0/10")
_THIS_NETWORK = ip_network("0.0.0.0/8")
# Prefixes that hold an IPv4 address in their last 32 bits: IPv4-compatible, NAT64, NAT64 of a site's own.
_ENDS_IN_V4 = tuple(map(ip_network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48")))


def refusal(address: str, reach: Reach) -> str:
    """Say why an address may not be connected to.

    Args:
        address: as the operating system gets it; an IPv6 address may have a zone.
        reach: how far the fetch may reach.

    Returns:
        What the address is, as in "a loopback address", or an empty string where it may be connected to.
    """
    if reach == "any":
        return ""
    kinds = {kind_of(each) for each in _with_those_inside(ip_address(address))}
    refused = sorted(kinds - _OPEN[reach])
    return f"{'an' if refused[0] == 'unspecified' else 'a'} {refused[0]} address" if refused else ""


def kind_of(address: IPv4Address | IPv6Address) -> Kind:
    """Return what kind of network an address belongs to; what is inside an IPv6 address is not looked at."""
    if isinstance(address, IPv6Address) and address.scope_id:
        address = IPv6Address(int(address))
    if address in _METADATA:
        return "metadata"
    named: tuple[tuple[bool, Kind], ...] = (
        (address.is_unspecified or address in _THIS_NETWORK, "unspecified"),
        (address.is_multicast, "multicast"),
        (address.is_link_local, "link-local"),
        (address.is_loopback, "loopback"),
        (address in _SHARED, "shared"),
        (any(address in network for network in _PRIVATE), "private"),
        (not address.is_global, "reserved"),
    )
    return next((kind for is_so, kind in named if is_so), "public")


def _with_those_inside(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Yield the address and the IPv4 addresses that it leads to; of a mapped one only what it stands for."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    else:
        if int(address) > 1 and any(address in network for network in _ENDS_IN_V4):
            yield IPv4Address(int(address) & 0xFFFFFFFF)
            if address in _ENDS_IN_V4[0]:
                return
        if address.sixtofour is not None:  # some releases of Python call all of these reserved, others none
            yield address.sixtofour
        elif address.teredo is not None:
            yield address.teredo[1]
        else:
            yield address
