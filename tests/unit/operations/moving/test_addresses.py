from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.moving.addresses import ForbiddenAddress, choose_addresses, is_public, resolve

if TYPE_CHECKING:
    from ipaddress import IPv4Address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.9",
        "0.0.0.0",  # noqa: S104 - an address that is refused
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "2001:db8::1",
        "100::1",
    ],
)
def test_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "8.8.8.8", "2606:4700::6810:84e5", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_mapped_address_is_as_public_as_the_one_inside(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address)) == is_public(f"64:ff9b::{address}")


def test_one_address_inside_spoils_a_name() -> None:
    with pytest.raises(ForbiddenAddress, match=r"^odd\.example is not on the public internet$"):
        choose_addresses("odd.example", 443, resolve=lambda *_: ["8.8.8.8", "10.0.0.1"])


def test_only_the_allowed_host_may_be_inside() -> None:
    allowed = frozenset({"media.internal"})
    assert choose_addresses("media.internal", 80, allowed=allowed, resolve=lambda *_: ["10.0.0.1"])
    with pytest.raises(ForbiddenAddress):
        choose_addresses("www.media.internal", 80, allowed=allowed, resolve=lambda *_: ["10.0.0.1"])


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "localhost"])
def test_other_spellings_of_this_machine_are_not_public(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        choose_addresses(host, 80)


def test_every_address_is_named_once() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
