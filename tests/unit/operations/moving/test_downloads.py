from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from operations.moving.downloads import Downloader, WebSource
from operations.moving.entries import Entry
from operations.moving.sources import MAX_BYTES, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESSES = {
    "www.example": ["93.184.215.14"],
    "two.example": ["2606:4700::1", "93.184.215.14"],
    "inside.example": ["10.0.0.1"],
    "allowed.example": ["127.0.0.1"],
}


def respond_with(data: bytes) -> httpx.Response:
    return httpx.Response(200, content=iter([data]))


class Web:
    """The internet, as far as a test needs it. It notes to which address each request goes."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._handle = handle

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._handle(request)

    def make_downloader(self, max_bytes: int = MAX_BYTES) -> Downloader:
        def resolve(host: str, port: int) -> list[str]:
            del port
            return ADDRESSES.get(host) or [host]

        return Downloader(
            allowed_hosts=frozenset({"allowed.example"}),
            resolve=resolve,
            transport=httpx.MockTransport(self.respond),
            max_bytes=max_bytes,
        )


def redirect_to(*urls: str) -> Callable[[httpx.Request], httpx.Response]:
    """Redirect from one URL to the next, and respond with bytes at the end."""
    left = [*urls]
    return lambda _: httpx.Response(302, headers={"Location": left.pop(0)}) if left else respond_with(b"x")


def test_connection_goes_to_the_checked_address_under_the_name_of_the_host() -> None:
    web = Web(lambda _: respond_with(b"bytes"))
    assert web.make_downloader().read("https://www.example:8443/a%20b.jpg?x=1") == b"bytes"
    [request] = web.requests
    assert str(request.url) == "https://93.184.215.14:8443/a%20b.jpg?x=1"
    assert request.headers["Host"] == "www.example:8443"
    assert request.extensions["sni_hostname"] == "www.example"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "not an http"),
        ("ftp://www.example/a", "not an http"),
        ("gopher://www.example/a", "not an http"),
        ("//www.example/a", "not an http"),
        ("a.jpg", "not an http"),
        ("https://", "not an http"),
        ("https://user:secret@www.example/", "holds a password"),
        ("http://[::1", "not a URL"),
        ("http://127.0.0.1/", "not on the public internet"),
        ("http://[::ffff:169.254.169.254]/latest/meta-data", "not on the public internet"),
        ("http://[::1]/", "not on the public internet"),
        ("http://inside.example/", "not on the public internet"),
        ("http://169.254.169.254/latest/meta-data/", "not on the public internet"),
    ],
)
def test_url_that_leads_elsewhere_is_refused_before_any_request(url: str, words: str) -> None:
    web = Web(lambda _: respond_with(b"secret"))
    with pytest.raises(SourceError, match=words):
        web.make_downloader().read(url)
    assert web.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://inside.example/",
        "//inside.example/x",
        "http://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
        "ftp://www.example/",
        "https://user:secret@www.example/",
    ],
)
def test_redirect_is_judged_as_a_url_is(target: str) -> None:
    web = Web(redirect_to("https://two.example/b", target))
    with pytest.raises(SourceError):
        web.make_downloader().read("https://www.example/a")
    assert len(web.requests) == 2


def test_honest_redirects_are_followed() -> None:
    web = Web(redirect_to("/b", "https://two.example/c"))
    assert web.make_downloader().read("https://www.example/a") == b"x"
    assert [request.headers["Host"] for request in web.requests] == ["www.example"] * 2 + ["two.example"]


def test_redirects_end_some_time() -> None:
    web = Web(lambda _: httpx.Response(302, headers={"Location": "/again"}))
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        web.make_downloader().read("https://www.example/a")
    assert len(web.requests) == 6


def test_allowed_host_may_be_on_this_machine() -> None:
    web = Web(lambda _: respond_with(b"mine"))
    assert web.make_downloader().read("http://allowed.example/") == b"mine"


def test_next_address_is_tried_if_one_does_not_answer() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.host == "2606:4700::1":
            raise httpx.ConnectError("no route")
        return respond_with(b"x")

    assert Web(respond).make_downloader().read("https://two.example/") == b"x"


@pytest.mark.parametrize("status", [204, 206, 401, 404, 500])
def test_other_status_than_200_is_no_image(status: int) -> None:
    web = Web(lambda _: httpx.Response(status, content=b"x"))
    with pytest.raises(SourceError, match=f"answers {status}"):
        web.make_downloader().read("https://www.example/")


def test_reading_ends_when_there_are_too_many_bytes() -> None:
    read = 0

    def make_endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield bytes(1000)

    web = Web(lambda _: httpx.Response(200, content=make_endless()))
    with pytest.raises(SourceError, match="more than 5000 bytes"):
        web.make_downloader(max_bytes=5000).read("https://www.example/")
    assert read <= 7000


def test_reading_ends_when_it_takes_too_long() -> None:
    times = iter(range(0, 10_000, 50))
    downloader = Downloader(
        resolve=lambda *_: ["8.8.8.8"],
        clock=lambda: float(next(times)),
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=(b"x" for _ in range(1000)))),
    )
    with pytest.raises(SourceError, match="more than 120 seconds"):
        downloader.read("https://www.example/")


def test_path_is_looked_for_below_the_base() -> None:
    web = Web(lambda _: respond_with(b"x"))
    source = WebSource(web.make_downloader(), "https://www.example/public/")
    assert source.read(Entry(path="a b/ä?.jpg")) == b"x"
    assert str(web.requests[0].url.raw_path, "ascii") == "/public/a%20b/%C3%A4%3F.jpg"
    with pytest.raises(SourceError, match="has no URL"):
        WebSource(web.make_downloader()).read(Entry(path="a.jpg"))
