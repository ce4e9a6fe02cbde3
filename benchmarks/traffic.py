"""Clients who do everything that the API offers, send again what was not answered, and remember what was."""

from __future__ import annotations

import base64
import random
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OK, CREATED, NO_CONTENT, NOT_FOUND = 200, 201, 204, 404
PASSING = {409, 429, 502, 503, 504}
PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.5
MAX_THOUGHT_SECONDS = 0.4
RENDITIONS = ("thumbnail", "small", "medium", "large")
PERCENTILES = (50, 95, 99)


@dataclass
class Figures:
    """What the clients saw, by kind of request."""

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
class Kept:
    """An image as its owner knows it."""

    content: bytes
    description: str | None = None


class Client:
    """A user who does one thing after another, and remembers what was answered."""

    def __init__(self, url: str, figures: Figures, bases: Sequence[bytes]) -> None:
        self.user = f"u-{uuid.uuid4()}"
        self.images: dict[str, Kept] = {}
        self.deleted: set[str] = set()
        self.items: dict[str, str] = {}
        self._http = httpx.Client(base_url=url, headers={"X-User-Id": self.user}, timeout=60)
        self._figures = figures
        self._bases = bases
        self._chance = random.Random(self.user)  # noqa: S311 - no secret

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
            time.sleep(self._chance.uniform(0, MAX_THOUGHT_SECONDS))
            try:
                self._chance.choices([*actions], [*actions.values()])[0]()
            except Exception as error:  # noqa: BLE001 - it is reported, and the traffic goes on
                self._figures.problems.append(f"{type(error).__name__}: {error}")

    def send(self, kind: str, method: str, url: str, *expected: int, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        """Send until it is answered for good."""
        end = time.monotonic() + PATIENCE_SECONDS
        tried: tuple[int, ...] = ()
        while time.monotonic() < end:
            started = time.monotonic()
            try:
                response = self._http.request(method, url, **options)
            except httpx.TransportError as error:
                self._figures.outcomes[kind][type(error).__name__] += 1
                tried = (NOT_FOUND,) if method == "DELETE" else ()
                time.sleep(PAUSE_SECONDS)
                continue
            self._figures.outcomes[kind][str(response.status_code)] += 1
            self._figures.seconds[kind].append(time.monotonic() - started)
            if response.status_code in expected + tried:
                return response
            if response.status_code not in PASSING:
                raise ValueError(f"{kind} answered {response.status_code}: {response.text[:300]}")
            time.sleep(float(response.headers.get("Retry-After", PAUSE_SECONDS)))
        raise TimeoutError(f"{kind} was not answered in {PATIENCE_SECONDS} seconds")

    def create(self, kind: str, url: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self.send(
            kind, "POST", url, CREATED, headers=key | options.pop("headers", {}), **options
        ).json()

    def make_content(self) -> bytes:
        """Like nobody else's: what comes after a JPEG's end is stored with it."""
        return self._chance.choice(self._bases) + uuid.uuid4().bytes

    def upload_form(self) -> None:
        content = self.make_content()
        made = self.create("form", "/images/upload", files={"file": content}, data={"tags": "a,b"})
        self.images[made["id"]] = Kept(content)

    def upload_json(self) -> None:
        content = self.make_content()
        image = {
            "filename": "a.jpg",
            "content": base64.b64encode(content).decode(),
            "contentType": "image/jpeg",
        }
        body = {"image": image, "metadata": {"visibility": "public"}}
        self.images[self.create("json", "/images/upload", json=body)["id"]] = Kept(content)

    def upload_raw(self) -> None:
        content = self.make_content()
        headers = {"Content-Type": "image/jpeg"}
        made = self.create("raw", "/images/upload", content=content, headers=headers)
        self.images[made["id"]] = Kept(content)

    def upload_directly(self) -> None:
        content = self.make_content()
        body = {"filename": "a.jpg", "contentType": "image/jpeg", "size": len(content)}
        begun = self.create("direct", "/images/uploads", json=body)
        form = begun["upload"]
        self.send("S3 form", "POST", form["url"], NO_CONTENT, data=form["fields"], files={"file": content})
        self.images[begun["id"]] = Kept(content)

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
                raise ValueError(f"{image_id} is not what was sent")

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
        """Everything of this user that is listed, by its id."""
        found: dict[str, Any] = {}
        cursor: str | None = ""
        while cursor is not None:
            query = {"userId": self.user, "limit": 100} | ({"cursor": cursor} if cursor else {})
            page = self.send("list", "GET", f"/{kind}", OK, params=query).json()
            found |= {record["id"]: record for record in page[kind]}
            cursor = page["nextCursor"]
        return found

    def find_losses(self) -> list[str]:
        """Compare what is there with what was answered, once everything had its time."""
        images, items = self.list_all("images"), self.list_all("items")
        losses = []
        for image_id in self.images.keys() - images.keys():
            response = self.send("read", "GET", f"/images/{image_id}", OK, NOT_FOUND)
            losses.append(f"{image_id}: not listed, {response.json()['status']}")
        losses += [f"{image_id}: nobody was told of it" for image_id in images.keys() - self.images.keys()]
        for image_id in self.images.keys() & images.keys():
            image = images[image_id]
            if image["status"] != "ready" or {*image["renditions"]} != {*RENDITIONS}:
                losses.append(f"{image_id}: {image['status']}, {image['statusReason']}")
            if image["description"] != self.images[image_id].description:
                losses.append(f"{image_id}: a change is lost")
            if not self.has_original(image_id):
                losses.append(f"{image_id}: not what was sent")
        if {item_id: item["name"] for item_id, item in items.items()} != self.items:
            losses.append(f"{self.user}: the items are not what was written")
        return losses
