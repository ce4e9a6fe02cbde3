"""A page with many pictures, as a site of another origin makes it of the API's listing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.site import HTML_TYPE, run_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOADED = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
"""True in the page when every picture is there."""


@contextmanager
def run_gallery(list_urls: Callable[[], Sequence[str]]) -> Iterator[str]:
    """Serve a page that shows these pictures. They are listed anew for each view."""

    def read(path: str) -> tuple[str, bytes]:
        pictures = "".join(f'<img src="{url}">' for url in list_urls()) if path == "/" else ""
        return HTML_TYPE, f"<!doctype html><title>Gallery</title>{pictures}".encode()

    with run_site(read) as url:
        yield f"{url}/"
