"""The API as a script uses it: safe calls are repeated, and errors have the words of the API."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import random
import uuid
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx

from images.answers import (
    BrokenAnswerError,
    ChangedError,
    Form,
    Image,
    RefusedError,
    read,
    require_success,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

MAX_TRIES = 8
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 20.0
MAX_ASKED_PAUSE_SECONDS = 120
PAGE_SIZE = 100
TIMEOUT_SECONDS = 60.0
CHUNK_BYTES = 1 << 20
PROMISED_TYPE = "image/jpeg"  # the bytes decide
KEYS = uuid.UUID("5b0c4b0e-5f0a-4a44-9d3c-0f6d3b8e9f57")
"""The namespace of the keys of uploads."""

REUSE = "reuse"
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
FAILURES = (RefusedError, BrokenAnswerError, ChangedError, httpx.HTTPError, httpx.InvalidURL, OSError)
"""What a call may raise, and a script may go on after."""


class Client:
    """Calls the API for one user. Several threads may use it."""

    def __init__(
        self, url: str, headers: Mapping[str, bytes], transport: httpx.BaseTransport | None = None
    ) -> None:
        named = [(name.encode(), value) for name, value in headers.items()]
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=named, timeout=TIMEOUT_SECONDS, transport=transport
        )
        # S3 gets none of the headers that name the user.
        self._s3 = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True, transport=transport)
        self._stopped = Event()

    def close(self) -> None:
        self._http.close()
        self._s3.close()

    def stop(self) -> None:
        """Repeat nothing any more, and end downloads."""
        self._stopped.set()

    def count_images(self) -> int:
        """Return how many images the user has."""
        return self._call("GET", "/me", lambda body: int(body["used"]["images"]))

    def get_max_inline_bytes(self) -> int:
        """Return how many bytes of an image one request may have."""
        return self._call("GET", "/limits", lambda body: int(body["maxInlineBytes"]))

    def list_images(self, **query: Any) -> Iterator[Image]:  # noqa: ANN401 - values of a query
        """Yield all images of a listing, page by page."""
        cursor: str | None = None
        while True:
            params = {**query, "limit": PAGE_SIZE, "cursor": cursor}
            page = self._call("GET", "/images", _read_page, params=params)
            yield from page[0]
            if page[1] is None:
                return
            if page[1] == cursor:
                raise BrokenAnswerError("a page of the listing leads to itself")
            cursor = page[1]

    def upload(self, path: Path, sha256: str, fields: Mapping[str, Any], *, is_inline: bool) -> Image:
        """Upload a file, or return an image of the user that has its bytes.

        A run that was killed may have sent this file a moment ago. The same key finds that image, even if no
        listing has it yet. The key is of no use if that image has come to nothing, is gone, or has other
        bytes by now. Raises ChangedError if the file has no longer the bytes of `sha256`.
        """
        send = self._upload_inline if is_inline else self._upload_directly
        words = json.dumps([path.name, sha256, fields], sort_keys=True, ensure_ascii=True)
        try:
            image = send(path, sha256, fields, str(uuid.uuid5(KEYS, words)))
        except RefusedError as error:
            if error.status not in GONE:
                raise
        else:
            if image.is_kept and image.sha256 == sha256:
                return image
        image = send(path, sha256, fields, str(uuid.uuid4()))
        if image.sha256 != sha256:
            raise BrokenAnswerError("the bytes of the image are not those of the file")
        return image

    def _upload_inline(self, path: Path, sha256: str, fields: Mapping[str, Any], key: str) -> Image:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ChangedError
        query = {**fields, "tags": json.dumps(fields["tags"]), "onDuplicate": REUSE}
        return self._call(
            "POST",
            "/images/upload",
            Image.read,
            params=query | {"filename": _name(path)},
            content=data,
            headers={"Content-Type": "application/octet-stream", "Idempotency-Key": key},
        )

    def _upload_directly(self, path: Path, sha256: str, fields: Mapping[str, Any], key: str) -> Image:
        body = {
            "filename": _name(path),
            "contentType": mimetypes.guess_type(path)[0] or PROMISED_TYPE,
            "size": path.stat().st_size,
            "sha256": sha256,
            "metadata": {**fields, "onDuplicate": REUSE},
        }
        headers = {"Idempotency-Key": key}
        begun = self._call("POST", "/images/uploads", Form.read_or_image, json=body, headers=headers)
        if isinstance(begun, Image):
            return begun

        def post() -> None:
            with path.open("rb") as file:
                require_success(self._s3.post(begun.url, data=begun.fields, files={"file": file}))

        try:
            self._repeat(post)
        except RefusedError as error:  # S3 takes no other bytes than those that were announced
            if compute_sha256(path) != sha256:
                raise ChangedError from error
            raise
        return self.get_image(begun.id)

    def get_image(self, image_id: str) -> Image:
        return self._call("GET", f"/images/{image_id}", Image.read)

    def download(self, image: Image, paths: Sequence[Path]) -> Path:
        """Write the original to the first of these paths that is free, or to the last one. Return it.

        A file that is there in part has another name until it is whole.
        """
        part = paths[-1].with_name(f".{image.id}.part")  # no original gets a name with a dot in front
        try:
            self._repeat(lambda: self._fetch(image, part))
            path = next((path for path in paths if not os.path.lexists(path)), paths[-1])
            return part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self, image: Image, part: Path) -> None:
        place = require_success(self._http.get(f"/images/{image.id}/content")).headers.get("Location")
        url = self._http.base_url.join(place or "about:blank")
        if url.scheme not in {"http", "https"}:
            raise BrokenAnswerError("the API does not say where the original is")
        digest = hashlib.sha256()
        size = 0
        with self._s3.stream("GET", url) as response, part.open("wb") as file:
            if response.is_error:
                response.read()
                raise RefusedError(response)
            for chunk in response.iter_bytes(CHUNK_BYTES):
                size += len(chunk)
                if self._stopped.is_set() or size > (image.size or 0):
                    break
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != image.sha256:
            raise BrokenAnswerError("the bytes that came are not those of the image")

    def make_link(self, image_id: str, rendition: str, seconds: int | None) -> str:
        """Make a link that ends after so many seconds, or when links to this rendition usually end."""
        body: dict[str, Any] = {"rendition": rendition}
        if seconds is not None:
            body["expiresIn"] = seconds
        return self._call("POST", f"/images/{image_id}/links", lambda link: str(link["url"]), json=body)

    def delete(self, image_id: str) -> None:
        """Delete an image. If the answer is lost, the next try finds no image."""
        is_sent = False

        def send() -> None:
            nonlocal is_sent
            was_sent, is_sent = is_sent, True
            response = self._http.delete(f"/images/{image_id}")
            if not (was_sent and response.status_code == HTTPStatus.NOT_FOUND):
                require_success(response)

        self._repeat(send)

    def _call[T](self, method: str, path: str, understand: Callable[[Any], T], **request: Any) -> T:  # noqa: ANN401 - JSON
        if params := request.get("params"):
            request["params"] = {name: value for name, value in params.items() if value not in {None, ""}}
        return self._repeat(
            lambda: read(require_success(self._http.request(method, path, **request)), understand)
        )

    def _repeat[T](self, run: Callable[[], T]) -> T:
        """Run it until it succeeds or cannot. Every request here may be sent twice."""
        tries = 0
        while True:
            tries += 1
            try:
                return run()
            except (
                httpx.TimeoutException,
                httpx.NetworkError,
                httpx.RemoteProtocolError,
                RefusedError,
            ) as error:
                asked = error.pause_seconds if isinstance(error, RefusedError) else 0
                is_final = isinstance(error, RefusedError) and not error.is_passing
                if is_final or tries == MAX_TRIES or asked > MAX_ASKED_PAUSE_SECONDS:
                    raise
                backoff = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (tries - 1))
                pause = max(asked, backoff) * random.uniform(1, 1.5)  # noqa: S311 - no secret
                if self._stopped.wait(pause):
                    raise


def compute_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(path: Path) -> str:
    """Return the name of a file as text. On Linux it may be any bytes."""
    return path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_page(body: Any) -> tuple[list[Image], str | None]:  # noqa: ANN401 - JSON
    cursor = body["nextCursor"]
    return [Image.read(image) for image in body["images"]], None if cursor is None else str(cursor)
