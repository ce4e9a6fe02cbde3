from __future__ import annotations

import pytest

from app.trail import cut_address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("255.255.255.255", "255.255.255.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", None),
        (None, None),
        ("what-the-client-sent", None),
        ("203.0.113.7, 10.0.0.1", None),
    ],
)
def test_address_is_cut_to_its_network(address: str | None, network: str | None) -> None:
    assert cut_address(address) == network
