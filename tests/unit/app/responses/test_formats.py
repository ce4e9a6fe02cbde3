from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.responses.formats import choose_accept_format
from shared.variants import VariantFormat

AVIF, WEBP, JPEG, PNG = VariantFormat


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, WEBP),
        ("", WEBP),
        ("*/*", WEBP),
        ("image/*", WEBP),
        ("image/webp", WEBP),
        ("image/avif", AVIF),
        ("IMAGE/AVIF", AVIF),
        ("image/avif;q=0.001", AVIF),
        ("image/avif;q=0", JPEG),
        ("image/avif; q=0, image/webp", WEBP),
        ("image/avif;level=1;q=0,*/*", WEBP),
        ("image/webp,image/avif;Q=0.5", AVIF),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", AVIF),
        ("image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", WEBP),
        ("image/png,image/svg+xml;q=0.9,*/*;q=0", JPEG),
        ("image/jpeg", JPEG),
        ("image/png", JPEG),
        ("text/html", JPEG),
        ("image/webp;q=0,*/*", JPEG),
        ("image/webp;q=0.0, image/*", JPEG),
        ("image/*;q=0", JPEG),
        ("image/*;q=0,*/*", JPEG),
        ("image/*;q=0,image/webp", WEBP),
        ("*/*;q=0", JPEG),
        ("*/*;q=0.1", WEBP),
        ("image/webp;q=1.0.0", WEBP),
        ("image/webp;q=", WEBP),
        (" , ,image/webp , ", WEBP),
        ("x" * 3000 + ",image/avif", JPEG),
    ],
)
def test_format_is_the_best_that_the_client_names(accept: str | None, expected: VariantFormat) -> None:
    assert choose_accept_format(accept, lambda: False) is expected
    assert choose_accept_format(accept, lambda: True) is (PNG if expected is JPEG else expected)


@given(st.text(st.sampled_from("image/avifwebp*;q=01., jx"), max_size=60))
def test_any_text_has_a_format_and_avif_only_by_its_name(accept: str) -> None:
    chosen = choose_accept_format(accept, lambda: False)
    assert chosen is not AVIF or "image/avif" in accept.lower()


@pytest.mark.parametrize("accept", [None, "image/avif", "image/webp", "*/*"])
def test_alpha_is_looked_at_only_for_clients_without_webp(accept: str | None) -> None:
    def fail() -> bool:
        raise AssertionError

    assert choose_accept_format(accept, fail) in {AVIF, WEBP}
