"""Downloads from URLs that others have written: only from the public internet, of bounded size and time."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from operations.moving.addresses import ForbiddenAddress, choose_addresses, resolve
from operations.moving.sources import MAX_BYTES, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operations.moving.addresses import Resolve
    from operations.moving.entries import Entry

MAX_REDIRECTS = 5
MAX_SECONDS = 120.0
STEP_SECONDS = 15.0
DEFAULT_PORTS = {"http": 80, "https": 443}


class WebSource:
    """Images at URLs: those of the entries, or below a base."""

    def __init__(self, downloader: Downloader, base: str = "") -> None:
        self._downloader = downloader
        self._base = base.rstrip("/")

    def read(self, entry: Entry) -> bytes:
        """Raises SourceError."""
        if self._base and entry.path:
            return self._downloader.read(f"{self._base}/{quote(entry.path.lstrip('/'))}")
        if entry.url is None:
            raise SourceError("has no URL")
        return self._downloader.read(entry.url)


class Downloader:
    """Reads URLs. Each connection goes to the very address that was judged, also after a redirect.

    A name is resolved once for each request, so it cannot lead to another address afterwards. Proxies of the
    environment are not used: they would resolve names themselves.
    """

    def __init__(  # noqa: PLR0913 - its bounds
        self,
        *,
        allowed_hosts: frozenset[str] = frozenset(),
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        resolve: Resolve = resolve,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._resolve = resolve
        self._clock = clock
        self._client = httpx.Client(
            follow_redirects=False, trust_env=False, timeout=STEP_SECONDS, transport=transport
        )

    def read(self, url: str) -> bytes:
        """Return the bytes behind a URL. Raises SourceError."""
        deadline = self._clock() + self._max_seconds
        for _ in range(MAX_REDIRECTS + 1):
            try:
                found = self._request(httpx.URL(url), deadline)
            except httpx.InvalidURL as error:
                raise SourceError("is not a URL") from error
            except ForbiddenAddress as error:
                raise SourceError(str(error)) from error
            except (httpx.HTTPError, OSError, UnicodeError) as error:
                raise SourceError(f"cannot be reached: {str(error) or type(error).__name__}") from error
            if isinstance(found, bytes):
                return found
            url = found
        raise SourceError(f"redirects more than {MAX_REDIRECTS} times")

    def _request(self, url: httpx.URL, deadline: float) -> bytes | str:
        """Return the bytes, or the URL that the response redirects to."""
        if url.scheme not in DEFAULT_PORTS or not url.host:
            raise SourceError("is not an http or https URL")
        if url.userinfo:
            raise SourceError("holds a password; sign URLs instead")
        port = url.port or DEFAULT_PORTS[url.scheme]
        host = url.raw_host.decode()
        addresses = choose_addresses(host, port, allowed=self._allowed_hosts, resolve=self._resolve)
        for position, address in enumerate(addresses):
            try:
                return self._exchange(url, address, deadline)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if position == len(addresses) - 1 or self._clock() > deadline:
                    raise
        raise SourceError("has no address")

    def _exchange(self, url: httpx.URL, address: str, deadline: float) -> bytes | str:
        request = self._client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode(), "Accept": "image/*, */*", "Accept-Encoding": "identity"},
            extensions={"sni_hostname": url.raw_host.decode()},  # the certificate has to be that of the name
        )
        response = self._client.send(request, stream=True)
        try:
            if response.has_redirect_location:
                return str(url.join(response.headers["Location"]))
            if response.status_code != HTTPStatus.OK:
                raise SourceError(f"answers {response.status_code}")
            return b"".join(self._bound(response, deadline))
        finally:
            response.close()

    def _bound(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self._max_bytes:
                raise SourceError(f"has more than {self._max_bytes} bytes")
            if self._clock() > deadline:
                raise SourceError(f"takes more than {self._max_seconds:g} seconds")
            yield chunk
