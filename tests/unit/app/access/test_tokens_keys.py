"""Keys of an issuer: when they are fetched, and which of them count."""

from __future__ import annotations

from typing import Any

import pytest

from app.access.tokens import KeySet
from shared.errors import Unavailable
from tests.support.clock import Clock
from tests.support.tokens import make_key_document


class Issuer:
    """Counts how often its keys are asked for."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.fetches = 0
        self.is_down = False
        self.clock = Clock()
        self.keys = KeySet(self.fetch, clock=self.clock)

    def fetch(self) -> dict[str, Any]:
        self.fetches += 1
        if self.is_down:
            raise Unavailable
        return make_key_document(*self.names)


def test_nothing_is_fetched_before_the_first_token_and_once_for_many() -> None:
    issuer = Issuer("one")
    assert issuer.fetches == 0
    assert all(issuer.keys.get("one") for _ in range(5))
    assert issuer.fetches == 1


def test_known_key_is_fetched_again_only_after_an_hour() -> None:
    issuer = Issuer("one")
    for seconds, fetches in ((0, 1), (31, 1), (3569, 1), (1, 2), (3600, 2), (1, 3)):
        issuer.clock.advance(seconds)
        assert issuer.keys.get("one")
        assert issuer.fetches == fetches


def test_new_key_is_found_and_unknown_ones_are_not_asked_for_each_time() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.names = ("one", "two")
    issuer.clock.advance(30)
    assert issuer.keys.get("two") is None
    issuer.clock.advance(1)
    assert issuer.keys.get("two")
    assert [issuer.keys.get(f"made up {number}") for number in range(100)] == [None] * 100
    assert issuer.fetches == 2


def test_key_that_the_issuer_withdrew_ends_within_an_hour() -> None:
    issuer = Issuer("one", "two")
    assert issuer.keys.get("two")
    issuer.names = ("one",)
    issuer.clock.advance(3600)
    assert issuer.keys.get("two")
    issuer.clock.advance(1)
    assert issuer.keys.get("two") is None


def test_known_keys_serve_while_the_issuer_is_down() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.is_down = True
    issuer.clock.advance(3601)
    assert issuer.keys.get("one")
    assert issuer.keys.get("one")
    assert issuer.fetches == 2
    issuer.clock.advance(31)
    with pytest.raises(Unavailable):
        issuer.keys.get("two")
    assert issuer.keys.get("two") is None  # it was asked for a moment ago


def test_keys_are_fresh_again_when_the_issuer_is_back() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.is_down = True
    issuer.clock.advance(3601)
    issuer.keys.get("one")
    issuer.is_down = False
    issuer.clock.advance(31)
    issuer.keys.get("one")
    assert issuer.fetches == 3
    issuer.clock.advance(3600)
    issuer.keys.get("one")
    assert issuer.fetches == 3


def test_without_any_keys_nothing_is_verified() -> None:
    issuer = Issuer("one")
    issuer.is_down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            issuer.keys.get("one")
    assert issuer.fetches == 1


@pytest.mark.parametrize(
    "document", [{}, {"keys": []}, {"keys": "x"}, {"keys": [1]}, {"keys": [{"kty": "x"}]}]
)
def test_odd_key_documents_hold_no_keys(document: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        KeySet(lambda: document).get("one")


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"use": None}, True),
        ({"use": "enc"}, False),
        ({"kid": None}, False),
        ({"kid": ""}, False),
        ({"kty": "oct", "k": "x" * 43, "alg": "HS256"}, False),
    ],
)
def test_only_named_keys_for_signatures_count(changes: dict[str, Any], counts: bool) -> None:
    document = make_key_document("one", "two")
    changed = document["keys"][0] | changes
    document["keys"][0] = {name: value for name, value in changed.items() if value is not None}
    keys = KeySet(lambda: document)
    assert (keys.get("one") is not None) is counts
    assert keys.get("") is None
    assert keys.get("two")
