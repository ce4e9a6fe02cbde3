"""A user who does everything wrong, as fast as possible, with many threads."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Callable

FILE_BYTES = 200_000
ITEM_BYTES = 95_000
FORM_BYTES = 50 * 2**20
POSTS = 10
DAMAGE_BYTES = 100
OK, CREATED, PROBLEM = 200, 201, 400

type Outcomes = Counter[tuple[str, int, str]]
"""Kind of request, status, and code of the problem."""


@dataclass
class Abuser:
    """Sends requests of every kind. None waits for anything, and nothing is tried later."""

    url: str
    token: str
    photo: bytes = field(default_factory=lambda: make_photo(640, 480))
    outcomes: Outcomes = field(default_factory=Counter)
    images: list[str] = field(default_factory=list)

    def run(self, seconds: float, threads: int) -> Outcomes:
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(threads) as executor:
            list(executor.map(lambda number: Thread(self, number).run(end), range(threads)))
        return self.outcomes


class Thread:
    """One of the threads, with a connection of its own."""

    def __init__(self, abuser: Abuser, number: int) -> None:
        self._abuser = abuser
        self._chance = random.Random(number)  # noqa: S311 - no secret
        headers = {"Authorization": f"Bearer {abuser.token}"}
        self._http = httpx.Client(base_url=abuser.url, headers=headers, timeout=60)

    def run(self, end: float) -> None:
        actions: list[Callable[[], None]] = [
            self.upload,
            self.upload_damaged,
            self.upload_text,
            self.upload_file,
            self.begin_upload,
            self.post_again,
            self.write_item,
            self.write_growing_item,
            self.reprocess,
            self.change,
            self.forge,
            self.guess_cursor,
            self.read_docs,
            self.list_items,
            self.list_images,
        ]
        while time.monotonic() < end:
            self._chance.choice(actions)()

    def send(self, kind: str, method: str, url: str, **options: Any) -> Any:  # noqa: ANN401 - options of httpx, JSON
        """Return the body, or None if there is none to use."""
        try:
            response = self._http.request(method, url, **options)
        except httpx.TransportError as error:
            self._abuser.outcomes[kind, 0, type(error).__name__] += 1
            return None
        is_json = "json" in response.headers.get("Content-Type", "")
        code = response.json().get("code", "") if is_json and response.status_code >= PROBLEM else ""
        self._abuser.outcomes[kind, response.status_code, code] += 1
        return response.json() if is_json and response.status_code in {OK, CREATED} else None

    def upload(self) -> None:
        files = {"file": self._abuser.photo + uuid.uuid4().bytes}
        made = self.send("photo", "POST", "/images/upload", files=files, data={"visibility": "public"})
        self._abuser.images += [made["id"]] if made else []

    def upload_damaged(self) -> None:
        files = {"file": self._abuser.photo[:-DAMAGE_BYTES]}
        self.send("damaged photo", "POST", "/images/upload", files=files)

    def upload_text(self) -> None:
        self.send("no photo", "POST", "/images/upload", files={"file": b"<svg/>" * 1000})

    def upload_file(self) -> None:
        self.send("legacy file", "POST", "/upload", files={"file": bytes(FILE_BYTES)})

    def begin_upload(self) -> None:
        body = {"contentType": "image/jpeg", "size": FORM_BYTES}
        self.send("form of 50 MiB", "POST", "/images/uploads", json=body)

    def post_again(self) -> None:
        """Post to one form several times, in half of the cases nothing but one byte."""
        content = self._chance.choice([self._abuser.photo, b"x"])
        body = {"contentType": "image/jpeg", "size": len(content)}
        begun = self.send("form", "POST", "/images/uploads", json=body)
        for _ in range(POSTS if begun else 0):
            form = begun["upload"]
            files = {"file": content}
            # S3 takes no other credentials beside those of the form.
            headers = {"Authorization": ""}
            self.send("post to S3", "POST", form["url"], data=form["fields"], files=files, headers=headers)

    def write_item(self) -> None:
        self.send("large item", "POST", "/items", json={"name": "x", "attributes": {"a": "x" * ITEM_BYTES}})

    def write_growing_item(self) -> None:
        numbers = ",".join(["1e15"] * (ITEM_BYTES // 5))
        body = f'{{"name": "x", "attributes": {{"a": [{numbers}]}}}}'
        self.send(
            "item of 1e15", "POST", "/items", content=body, headers={"Content-Type": "application/json"}
        )

    def reprocess(self) -> None:
        if self._abuser.images:
            image_id = self._chance.choice(self._abuser.images)
            self.send("reprocess", "POST", f"/images/{image_id}/reprocess")

    def change(self) -> None:
        if self._abuser.images:
            image_id = self._chance.choice(self._abuser.images)
            tags = [str(uuid.uuid4()) for _ in range(20)]
            self.send("20 new tags", "PATCH", f"/images/{image_id}", json={"tags": tags})

    def forge(self) -> None:
        headers = {"Authorization": f"Bearer {self._abuser.token[:-4]}AAAA"}
        self.send("wrong token", "GET", "/images", headers=headers)

    def guess_cursor(self) -> None:
        self.send("wrong cursor", "GET", "/images", params={"cursor": uuid.uuid4().hex})

    def read_docs(self) -> None:
        self.send("documents", "GET", self._chance.choice(["/docs", "/openapi.json"]))

    def list_items(self) -> None:
        self.send("page of items", "GET", "/items", params={"limit": 100})

    def list_images(self) -> None:
        self.send("page of images", "GET", "/images", params={"limit": 100})
