"""Addresses that a download may go to: those of the public internet, never those inside a network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    type Address = IPv4Address | IPv6Address
    type Resolve = Callable[[str, int], Sequence[str]]

TRANSLATED = ip_network("64:ff9b::/96")
"""NAT64: a network translates these to the IPv4 address in their last 32 bits."""
SERVICES = {ip_address("168.63.129.16")}
"""Public addresses at which a cloud (Azure) serves the machines inside it."""


class ForbiddenAddress(Exception):
    """A name leads to an address inside a network."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises OSError if it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Tell if an address belongs to the public internet, whatever IPv4 address it carries inside."""
    if "%" in text:
        return False  # a zone: it is local to a link
    return all(_is_public(address) for address in _unwrap(ip_address(text)))


def choose_addresses(
    host: str, port: int, *, allowed: frozenset[str] = frozenset(), resolve: Resolve = resolve
) -> Sequence[str]:
    """Return the addresses to connect to. Raises ForbiddenAddress if one of them is not public.

    One bad address is enough: a name that also leads inside is not honest. `allowed` holds the hosts that may
    be anywhere.
    """
    addresses = resolve(host, port)
    if host not in allowed and not all(map(is_public, addresses)):
        raise ForbiddenAddress(f"{host} is not on the public internet")
    return addresses


def _unwrap(address: Address) -> list[Address]:
    """Return the addresses that a connection to this one may reach."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in TRANSLATED:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, *([address.sixtofour] if address.sixtofour else []), *(address.teredo or ())]


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and address not in SERVICES
    )
