"""The ends of uploads that the service may still refuse."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from images.answers import Image
from images.client import Client
from images.ends import MAX_IDLE_SECONDS, await_ends


class Service:
    """Images whose states follow each other, one more with each look at them. The last one stays."""

    def __init__(self, **states: list[str]) -> None:
        self.states = states
        self.ids = {name: str(uuid.uuid4()) for name in states}
        self.requests: list[str] = []
        self.now = 0.0
        self.client = Client("http://api.test", {}, httpx.MockTransport(self.respond))

    def show(self, name: str) -> dict[str, Any]:
        states = self.states[name]
        status = states.pop(0) if len(states) > 1 else states[0]
        facts = {"id": self.ids[name], "filename": name, "createdAt": "2026-11-28T20:00:00.000000Z"}
        stored = {"size": 1, "sha256": "0", "trashedAt": None, "url": None}
        return {**facts, **stored, "status": status, "statusReason": "Bad."}

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url.path)
        names = {f"/images/{image_id}": name for name, image_id in self.ids.items()}
        if name := names.get(request.url.path):
            image = self.show(name)
            return httpx.Response(404 if image["status"] == "gone" else 200, json=image)
        listed = [name for name, states in self.states.items() if states[0] not in {"pending", "gone"}]
        return httpx.Response(200, json={"images": [*map(self.show, listed)], "nextCursor": None})

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def await_ends(self) -> dict[str, str]:
        images = {
            name: Image.read({**self.show(name), "id": image_id, "status": "processing"})
            for name, image_id in self.ids.items()
        }
        return dict(await_ends(self.client, images, clock=lambda: self.now, sleep=self.sleep))


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        (["processing", "ready"], None),
        (["processing", "processing", "processing", "rejected"], "its image is rejected. Bad."),
        (["pending", "pending", "rejected"], "its image is rejected. Bad."),
        (["pending", "pending", "ready"], None),
        (["processing", "failed"], "its image is failed. Bad."),
        (["processing", "gone"], "its image was deleted meanwhile"),
        (["processing"], "its image is not ready yet. Run it again to see."),
    ],
)
def test_image_that_does_not_become_ready_is_named(states: list[str], reason: str | None) -> None:
    assert Service(a=states).await_ends() == ({"a": reason} if reason else {})


def test_images_are_waited_for_as_long_as_some_come_to_their_ends() -> None:
    under_way = ["processing"] * 20
    service = Service(soon=[*under_way, "ready"], late=[*under_way, *under_way, "rejected"])
    assert service.await_ends() == {"late": "its image is rejected. Bad."}
    assert service.now > MAX_IDLE_SECONDS


def test_many_images_are_read_in_one_request() -> None:
    service = Service(**{f"image{number}": ["ready"] for number in range(50)})
    assert service.await_ends() == {}
    assert len(service.requests) == 1
