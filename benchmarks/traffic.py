"""Clients that use the whole API, repeat requests that got no response, and remember every change."""

from __future__ import annotations

import base64
import random
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from shared.renditions import RenditionName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OK, CREATED, NO_CONTENT, NOT_FOUND = 200, 201, 204, 404
RETRYABLE = {409, 429, 502, 503, 504}
PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.5
MAX_IDLE_SECONDS = 0.4
RENDITIONS = tuple(RenditionName)
PERCENTILES = (50, 95, 99)


@dataclass
class Figures:
    """The times and the results of all requests, by kind of request."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    outcomes: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    problems: list[str] = field(default_factory=list)

    def print(self) -> None:
        print(f"{'':12}{'p50':>8}{'p95':>8}{'p99':>8} ms   responses")
        for kind, seconds in sorted(self.seconds.items()):
            seconds.sort()
            marks = [seconds[(len(seconds) - 1) * percent // 100] * 1000 for percent in PERCENTILES]
            outcomes = ", ".join(f"{name}: {count}" for name, count in sorted(self.outcomes[kind].items()))
            print(f"{kind:12}{marks[0]:8.0f}{marks[1]:8.0f}{marks[2]:8.0f}      {outcomes}")


@dataclass
class ExpectedImage:
    """An image as the service must have stored it."""

    content: bytes
    description: str | None = None


class Client:
    """A user who sends one request after the other, and remembers every change that the API confirmed."""

    def __init__(self, url: str, figures: Figures, bases: Sequence[bytes]) -> None:
        self.user = f"u-{uuid.uuid4()}"
        self.images: dict[str, ExpectedImage] = {}
        self.deleted: set[str] = set()
        self.items: dict[str, str] = {}
        self._http = httpx.Client(base_url=url, headers={"X-User-Id": self.user}, timeout=60)
        self._figures = figures
        self._bases = bases
        self._chance = random.Random(self.user)  # noqa: S311 - not for a secret

    def run(self, end: float) -> None:
        actions: dict[Callable[[], None], int] = {
            self.upload_form: 4,
            self.upload_json: 2,
            self.upload_raw: 2,
            self.upload_directly: 2,
            self.read: 8,
            self.list_visible: 5,
            self.fetch_original: 3,
            self.describe: 4,
            self.delete: 3,
            self.write_item: 4,
        }
        while time.monotonic() < end:
            time.sleep(self._chance.uniform(0, MAX_IDLE_SECONDS))
            try:
                self._chance.choices([*actions], [*actions.values()])[0]()
            except Exception as error:  # noqa: BLE001 - the error is reported, and the traffic goes on
                self._figures.problems.append(f"{type(error).__name__}: {error}")

    def send(self, kind: str, method: str, url: str, *expected: int, **options: Any) -> httpx.Response:  # noqa: ANN401 - options of httpx
        """Send a request until it has a final response. Raises TimeoutError if there is none in time."""
        end = time.monotonic() + PATIENCE_SECONDS
        repeated: tuple[int, ...] = ()
        while time.monotonic() < end:
            started = time.monotonic()
            try:
                response = self._http.request(method, url, **options)
            except httpx.TransportError as error:
                self._figures.outcomes[kind][type(error).__name__] += 1
                # The first DELETE may have succeeded although its response was lost.
                repeated = (NOT_FOUND,) if method == "DELETE" else ()
                time.sleep(PAUSE_SECONDS)
                continue
            self._figures.outcomes[kind][str(response.status_code)] += 1
            self._figures.seconds[kind].append(time.monotonic() - started)
            if response.status_code in expected + repeated:
                return response
            if response.status_code not in RETRYABLE:
                raise ValueError(f"{kind}: unexpected response {response.status_code}: {response.text[:300]}")
            time.sleep(float(response.headers.get("Retry-After", PAUSE_SECONDS)))
        raise TimeoutError(f"{kind}: no final response in {PATIENCE_SECONDS} seconds")

    def create(self, kind: str, url: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self.send(
            kind, "POST", url, CREATED, headers=key | options.pop("headers", {}), **options
        ).json()

    def make_content(self) -> bytes:
        """Make a file that no other upload has: a JPEG, then random bytes, which are stored with it."""
        return self._chance.choice(self._bases) + uuid.uuid4().bytes

    def upload_form(self) -> None:
        content = self.make_content()
        made = self.create("form", "/images/upload", files={"file": content}, data={"tags": "a,b"})
        self.images[made["id"]] = ExpectedImage(content)

    def upload_json(self) -> None:
        content = self.make_content()
        image = {
            "filename": "a.jpg",
            "content": base64.b64encode(content).decode(),
            "contentType": "image/jpeg",
        }
        body = {"image": image, "metadata": {"visibility": "public"}}
        self.images[self.create("json", "/images/upload", json=body)["id"]] = ExpectedImage(content)

    def upload_raw(self) -> None:
        content = self.make_content()
        headers = {"Content-Type": "image/jpeg"}
        made = self.create("raw", "/images/upload", content=content, headers=headers)
        self.images[made["id"]] = ExpectedImage(content)

    def upload_directly(self) -> None:
        content = self.make_content()
        body = {"filename": "a.jpg", "contentType": "image/jpeg", "size": len(content)}
        upload = self.create("direct", "/images/uploads", json=body)
        form = upload["upload"]
        self.send("S3 form", "POST", form["url"], NO_CONTENT, data=form["fields"], files={"file": content})
        self.images[upload["id"]] = ExpectedImage(content)

    def choose(self) -> str | None:
        return self._chance.choice([*self.images]) if self.images else None

    def read(self) -> None:
        if image_id := self.choose():
            self.send("read", "GET", f"/images/{image_id}", OK)

    def list_visible(self) -> None:
        self.send("list", "GET", "/images", OK)

    def fetch_original(self) -> None:
        if image_id := self.choose():
            image = self.send("read", "GET", f"/images/{image_id}", OK).json()
            if image["status"] == "ready" and not self.has_original(image_id):
                raise ValueError(f"{image_id}: the original differs from the upload")

    def has_original(self, image_id: str) -> bool:
        response = self.send("content", "GET", f"/images/{image_id}/content", OK, follow_redirects=True)
        return response.content == self.images[image_id].content

    def describe(self) -> None:
        if image_id := self.choose():
            text = str(uuid.uuid4())
            self.send("patch", "PATCH", f"/images/{image_id}", OK, json={"description": text})
            self.images[image_id].description = text

    def delete(self) -> None:
        if image_id := self.choose():
            self.send("delete", "DELETE", f"/images/{image_id}", NO_CONTENT)
            del self.images[image_id]
            self.deleted.add(image_id)

    def write_item(self) -> None:
        name = str(uuid.uuid4())
        if self.items and self._chance.random() < 1 / 2:
            item_id = self._chance.choice([*self.items])
            self.send("put item", "PUT", f"/items/{item_id}", OK, json={"name": name})
        else:
            item_id = self.create("post item", "/items", json={"name": name})["id"]
        self.items[item_id] = name

    def list_all(self, kind: str) -> dict[str, Any]:
        """Return all images or all items of this user that are listed, by id."""
        found: dict[str, Any] = {}
        cursor: str | None = ""
        while cursor is not None:
            query = {"userId": self.user, "limit": 100} | ({"cursor": cursor} if cursor else {})
            page = self.send("list", "GET", f"/{kind}", OK, params=query).json()
            found |= {record["id"]: record for record in page[kind]}
            cursor = page["nextCursor"]
        return found

    def find_losses(self) -> list[str]:
        """Compare the data of the service with the confirmed changes, after all images are processed."""
        images, items = self.list_all("images"), self.list_all("items")
        losses = []
        for image_id in self.images.keys() - images.keys():
            response = self.send("read", "GET", f"/images/{image_id}", OK, NOT_FOUND)
            losses.append(f"{image_id}: not listed, {response.json()['status']}")
        losses += [
            f"{image_id}: stored without a response" for image_id in images.keys() - self.images.keys()
        ]
        for image_id in self.images.keys() & images.keys():
            image = images[image_id]
            if image["status"] != "ready" or {*image["renditions"]} != {*RENDITIONS}:
                losses.append(f"{image_id}: {image['status']}, {image['statusReason']}")
            if image["description"] != self.images[image_id].description:
                losses.append(f"{image_id}: the last description is lost")
            if not self.has_original(image_id):
                losses.append(f"{image_id}: the original differs from the upload")
        if {item_id: item["name"] for item_id, item in items.items()} != self.items:
            losses.append(f"{self.user}: the items differ from those that were written")
        return losses
