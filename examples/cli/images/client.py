"""The API as a script uses it: safe calls are repeated, and errors have the words of the API."""

from __future__ import annotations

import json
import mimetypes
import random
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_TRIES = 8
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 20.0
PAGE_SIZE = 100
TIMEOUT_SECONDS = 60.0
CHUNK_BYTES = 1 << 20
TOO_MANY, SERVER_ERROR = 429, 500
PROMISED_TYPE = "image/jpeg"  # the bytes decide
RUNNING = "request_in_progress"


class RefusedError(Exception):
    """The API has answered with an error. Its text is the API's."""

    def __init__(self, response: httpx.Response) -> None:
        try:
            problem: dict[str, Any] = response.json()
        except ValueError:
            problem = {}
        fields = [f"{error['field']}: {error['message']}" for error in problem.get("errors", [])]
        super().__init__("; ".join(fields) or problem.get("detail") or f"HTTP {response.status_code}")
        self.status = response.status_code
        self.code = problem.get("code", "")
        self.pause_seconds = float(response.headers.get("Retry-After", 0))

    @property
    def is_passing(self) -> bool:
        """The same request may succeed later."""
        return self.status == TOO_MANY or self.status >= SERVER_ERROR or self.code == RUNNING


class Client:
    """Calls the API for one user. Several threads may use it."""

    def __init__(self, url: str, headers: dict[str, bytes]) -> None:
        named = [(name.encode(), value) for name, value in headers.items()]
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=named, timeout=TIMEOUT_SECONDS)
        self._limits: dict[str, Any] | None = None

    def close(self) -> None:
        self._http.close()

    def find_image(self, sha256: str) -> dict[str, Any] | None:
        """Return an image of the user that has these bytes."""
        query = {"userId": "me", "sha256": sha256, "limit": 1}
        images: list[dict[str, Any]] = self._call("GET", "/images", params=query)["images"]
        return images[0] if images else None

    def list_images(self, **query: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - values of a query
        """Yield all images of a listing, page by page."""
        cursor = None
        while True:
            page = self._call("GET", "/images", params={**query, "limit": PAGE_SIZE, "cursor": cursor})
            yield from page["images"]
            cursor = page["nextCursor"]
            if cursor is None:
                return

    def upload(self, path: Path, fields: dict[str, Any]) -> dict[str, Any]:
        """Upload a file. What is too large for a request goes straight to S3."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        if path.stat().st_size <= self._get_limit("maxInlineBytes"):
            files = {"file": (path.name, path.read_bytes())}
            image: dict[str, Any] = self._call(
                "POST",
                "/images/upload",
                files=files,
                data=fields | {"tags": json.dumps(fields["tags"])},
                headers=key,
            )
            return image
        return self._upload_directly(path, fields, key)

    def _upload_directly(self, path: Path, fields: dict[str, Any], key: dict[str, str]) -> dict[str, Any]:
        body = {
            "filename": path.name,
            "contentType": mimetypes.guess_type(path)[0] or PROMISED_TYPE,
            "size": path.stat().st_size,
            "metadata": fields,
        }
        begun = self._call("POST", "/images/uploads", json=body, headers=key)
        form = begun["upload"]

        def post() -> httpx.Response:
            with path.open("rb") as file:
                return httpx.post(
                    form["url"], data=form["fields"], files={"file": file}, timeout=TIMEOUT_SECONDS
                )

        _repeat(lambda: _require_success(post()))
        image: dict[str, Any] = self._call("GET", f"/images/{begun['id']}")
        return image

    def download(self, image_id: str, path: Path) -> None:
        """Write the original to a file. A file that is there in part has another name until it is whole."""
        part = path.with_name(f"{path.name}.part")

        def fetch() -> None:
            link = self.make_link(image_id, {"rendition": "original"})
            with httpx.stream("GET", link["url"], follow_redirects=True, timeout=TIMEOUT_SECONDS) as response:
                if response.is_error:
                    response.read()
                    raise RefusedError(response)
                with part.open("wb") as file:
                    for chunk in response.iter_bytes(CHUNK_BYTES):
                        file.write(chunk)

        _repeat(fetch)
        part.replace(path)

    def make_link(self, image_id: str, body: dict[str, Any]) -> dict[str, Any]:
        link: dict[str, Any] = self._call("POST", f"/images/{image_id}/links", json=body)
        return link

    def delete(self, image_id: str) -> None:
        self._call("DELETE", f"/images/{image_id}")

    def _get_limit(self, name: str) -> int:
        if self._limits is None:
            self._limits = self._call("GET", "/limits")
        limit: int = self._limits[name]
        return limit

    def _call(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 - JSON
        if params := request.get("params"):
            request["params"] = {name: value for name, value in params.items() if value not in {None, ""}}

        def send() -> Any:  # noqa: ANN401 - JSON
            response = _require_success(self._http.request(method, path, **request))
            return response.json() if response.content else None

        return _repeat(send)


def _require_success(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise RefusedError(response)
    return response


def _repeat[T](run: Callable[[], T]) -> T:
    """Run it until it succeeds or cannot. Every request here may be sent twice."""
    for tries in range(1, MAX_TRIES + 1):
        try:
            return run()
        except (httpx.TransportError, RefusedError) as error:
            if tries == MAX_TRIES or (isinstance(error, RefusedError) and not error.is_passing):
                raise
            backoff = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (tries - 1))
            asked = error.pause_seconds if isinstance(error, RefusedError) else 0
            time.sleep(max(asked, backoff * random.uniform(0.5, 1)))  # noqa: S311 - no secret
    raise AssertionError("the last try returns or raises")
