"""A long listing, whose pages are made when a browser asks for them."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

PICTURE_URL = f"data:image/webp;base64,{b64encode(make_picture('WEBP', width=6, height=4)).decode()}"
NAMESPACE = uuid.UUID("5f0f2c36-0000-4000-8000-000000000000")


@dataclass
class LongListing:
    """So many public images of one user. Cursors are numbers, and `requests` counts what was asked for."""

    count: int
    requests: list[int] = field(default_factory=list)

    def serve(self, page: Page) -> None:
        page.route("**/images?**", self._answer)

    def _answer(self, route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        start, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        self.requests.append(start)
        end = min(self.count, start + limit)
        images = [self.make_image(number) for number in range(start, end)]
        body = {"images": images, "nextCursor": None if end == self.count else str(end)}
        route.fulfill(body=json.dumps(body), content_type="application/json")

    @staticmethod
    def make_image(number: int) -> dict[str, Any]:
        image_id = str(uuid.uuid5(NAMESPACE, str(number)))
        width, height = 600 + number * 37 % 900, 600
        return {
            "id": image_id,
            "userId": "someone",
            "filename": f"{number}.jpg",
            "contentType": "image/jpeg",
            "width": width,
            "height": height,
            "description": f"Picture {number}. " + "Words. " * 20,
            "visibility": "public",
            "tags": ["a", "b"],
            "status": "ready",
            "renditions": {"small": {"url": PICTURE_URL, "width": 640, "height": 427}},
            "placeholder": {"thumbhash": "1QcSHQRnh493V4dIh4eXh1h4kJUI", "dominantColor": "#806040"},
            "animated": False,
            "createdAt": "2026-11-26T12:00:00.000000Z",
            "version": 1,
        }
