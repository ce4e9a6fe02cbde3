"""The service beside the model: compares them after every step, and delivers events."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.keys import make_original_key, make_rendition_key, parse_upload_key
from shared.quotas import Quota
from shared.renditions import STILLS
from shared.rows import decode
from tests.support.lives import DEFAULTS, Image, Item, Record, User
from tests.support.model import Model
from tests.support.service import Sent, Service, add_headers, write_json
from tests.support.specimens import FIRST, SMALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.api import ApiResponse

# Two of the large pictures and a small one are as much as a user may have.
QUOTA = Quota(max_images=3, max_bytes=2 * len(FIRST.data) + len(SMALL.data))
USERS = ("ann", "bob", "cid")
EVERYONE: tuple[User, ...] = (*USERS, None)
OWNER = "its owner"

flags = st.booleans()
places = st.integers(0, 9)


@dataclass(frozen=True)
class Attempt:
    """The user who tries to change something, and the `If-Match` of the request."""

    actor: User = OWNER
    condition: str | None = None

    def name_user(self, record: Record) -> User:
        return record.owner if self.actor == OWNER else self.actor

    def find_etag(self, record: Record) -> str | None:
        return record.etag if self.condition == "current" else self.condition


@dataclass(frozen=True)
class Link:
    """A link, and its generation."""

    image: Image
    generation: int
    path: str


class Comparison(RuleBasedStateMachine):
    """Events and removals come at any time, in any order, and more than once."""

    service: ClassVar[Service]

    def __init__(self) -> None:
        super().__init__()
        self.service.empty()
        self.api = self.service.api
        self.model = Model(QUOTA)
        self.links: list[Link] = []
        self.turns = 0
        self.compared: list[tuple[str, int, bool]] = []

    @precondition(lambda self: self.service.events)
    @rule(at=places, is_late=flags, is_faulty=st.sampled_from([False, False, True]), is_last=flags)
    def deliver_event(self, at: int, is_late: bool, is_faulty: bool, is_last: bool) -> None:
        events = self.service.events
        key = events[at % len(events)]
        is_done = self.handle_event(key, is_late=is_late, is_faulty=is_faulty)
        if is_done and is_last:
            events.remove(key)

    @precondition(lambda self: self.service.collect_changes())
    @rule(at=places, is_last=flags)
    def deliver_change(self, at: int, is_last: bool) -> None:
        changes = self.service.changes
        record = changes[at % len(changes)]
        self.handle_change(record)
        if is_last:
            changes.remove(record)

    @precondition(lambda self: self.service.sent)
    @rule(at=places)
    def send_again(self, at: int) -> None:
        sent = self.service.sent[at % len(self.service.sent)]
        response = self.api.request(sent.method, sent.url, user=sent.user, **sent.options)
        assert response.status in self.expect_repeat(sent)
        if "version" in response.json:
            record = next(record for record in self.model.records if record.id == sent.response.json["id"])
            assert response.json["version"] == record.version
        other = {**sent.options, "body": (sent.options.get("body") or b"") + b" "}
        response = self.api.request(sent.method, sent.url, user=sent.user, **other)
        assert response.problem == (422, "idempotency_key_reused", ["Idempotency-Key"])

    def expect_repeat(self, sent: Sent) -> set[int]:
        """It is authorised anew: a link as it was made, all else as a read."""
        names = {sent.response.json.get("id"), *sent.url.split("/")}
        record = next(record for record in self.model.records if record.id in names)
        if sent.url.endswith("/links"):
            assert isinstance(record, Image)
            refusal = self.model.refuse_write(sent.user, record, None) or self.model.refuse_new_link(record)
            return {refusal or sent.response.status}
        if refusal := self.model.refuse_read(sent.user, record):
            return {refusal}
        has_form = sent.url.endswith("/uploads") and sent.response.status == 201
        if not isinstance(record, Image) or not has_form:
            return {sent.response.status}
        awaited = record.replacement if "/content/" in sent.url else record
        return {sent.response.status if awaited and awaited.status == "pending" else 409}

    def handle_event(self, key: str, *, is_late: bool = False, is_faulty: bool = False) -> bool:
        """Return False if it raised. Then it comes again."""
        image = next(image for image in self.model.images if image.id in key)
        is_done = self.service.handle_event(key, is_late=is_late, is_faulty=is_faulty)
        revision = int(key.rpartition("/")[2])
        if parse_upload_key(key):
            self.model.accept(image, revision, is_late=is_late)
            assert is_done
        else:
            assert is_done is self.model.process(image, revision, is_late=is_late, is_faulty=is_faulty)
        return is_done

    def handle_change(self, record: Any) -> None:  # noqa: ANN401 - JSON
        """It gives back what an image has counted, once. The bytes of a superseded replacement go."""
        self.service.handle_change(record)
        old, new = (decode(record["dynamodb"].get(name, {})) for name in ("OldImage", "NewImage"))
        image_id = (new or old)["id"]
        image = next(image for image in self.model.images if image.id == image_id)
        (had_images, had_bytes), (has_images, has_bytes) = count(old), count(new)
        change = str(new["version"]) if has_images else "end"
        if (had_images, had_bytes) > (has_images, has_bytes) and change not in image.followed:
            image.followed.add(change)
            image.charged_images -= had_images - has_images
            image.charged_bytes -= had_bytes - has_bytes
        if not new:
            image.originals.clear()
        elif (superseded := old.get("replacement")) and superseded["revision"] < new["latest_revision"]:
            image.originals.discard(superseded["revision"])

    def settle(self, image: Image, rounds: int) -> None:
        """Handle the waiting events of an image, the newest first, then the events that follow, and so on."""
        for _ in range(rounds):
            for key in [key for key in reversed(self.service.events) if image.id in key]:
                self.handle_event(key)
                self.service.events.remove(key)

    def write(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        url: str,
        record: Record,
        attempt: Attempt,
        *,
        status: int,
        body: Any = None,  # noqa: ANN401 - JSON is anything
        is_keyed: bool = False,
    ) -> ApiResponse | None:
        """Return None if the model and the service refuse it. `status` is that of a success."""
        user, if_match = attempt.name_user(record), attempt.find_etag(record)
        options = {} if body is None else write_json(body)
        if if_match:
            options = add_headers(options, {"If-Match": if_match})
        response = self.service.send(method, url, user, options, is_keyed=is_keyed)
        refusal = self.model.refuse_write(user, record, if_match)
        if not refusal and isinstance(record, Image):
            refusal = self.refuse_image(method, url, record)
        assert response.status == (refusal or status)
        return None if refusal else response

    def refuse_image(self, method: str, url: str, image: Image) -> int | None:
        if (method, url.rpartition("/")[2]) == ("POST", "links"):
            return self.model.refuse_new_link(image)
        return self.model.refuse_reprocessing(image) if url.endswith("/reprocess") else None

    def delete_image(self, image: Image, attempt: Attempt) -> None:
        if self.write("DELETE", f"/images/{image.id}", image, attempt, status=204):
            image.exists = False

    @invariant()
    def compare(self) -> None:
        """After a step that changed something, everyone looks. After any other, one user in turn."""
        self.turns += 1
        visitor = EVERYONE[self.turns % len(EVERYONE)]
        versions = [(record.id, record.version, record.exists) for record in self.model.records]
        users, self.compared = (EVERYONE if versions != self.compared else (visitor,)), versions
        for user in users:
            pages = self.api.walk(f"/images?limit={2 if user == visitor else 100}", user=user)
            listed = [read_facts(image) for page in pages for image in page["images"]]
            assert listed == [image.show(user) for image in self.model.list_images(user, {})]
            trash = self.api.get("/images?limit=100&trashed=true", user=user).json["images"]
            trashed = self.model.list_images(user, {"trashed": True})
            assert [image["id"] for image in trash] == [image.id for image in trashed]
        for user in {*users} - {None}:
            used, expected = self.api.get("/limits", user=user).json["used"], self.model.measure(user)
            assert {name: used[name] for name in expected} == expected
        for image in self.model.images:
            for user in {visitor} if image.is_listed else {visitor, image.owner}:
                self.compare_view(f"/images/{image.id}", image, user)
        items = self.api.get("/items?limit=100", user=visitor).json["items"]
        assert [item["id"] for item in items] == [item.id for item in self.model.list_items(visitor)]
        for item in self.model.items:
            for user in {visitor, item.owner}:
                self.compare_view(f"/items/{item.id}", item, user)
        if self.model.images:
            self.compare_more(self.model.images[self.turns % len(self.model.images)], visitor)
        if self.links:
            link = self.links[self.turns % len(self.links)]
            refusal = self.model.refuse_link(visitor, link.image, link.generation)
            assert self.api.get(link.path, user=visitor).status == (refusal or 200)

    def compare_view(self, url: str, record: Image | Item, user: User) -> None:
        response = self.api.get(url, user=user)
        refusal = self.model.refuse_read(user, record)
        assert response.status == (refusal or 200)
        if refusal:
            return
        assert response.headers["ETag"].strip('"').partition("-")[0] == str(record.version)
        if isinstance(record, Image):
            assert read_facts(response.json) == record.show(user)
        else:
            assert response.json.items() >= record.show().items()

    def compare_more(self, image: Image, user: User) -> None:
        url = f"/images/{image.id}"
        refusal = self.model.refuse_read(user, image)
        known = {"If-None-Match": self.api.get(url, user=user).headers.get("ETag", "")}
        assert self.api.get(url, user=user, headers=known).status == (refusal or 304)
        has_bytes = image.has_renditions if user != image.owner else image.is_verified
        found = 302 if user == image.owner else 200
        for path, status, is_there in (
            ("/content", found, has_bytes),
            ("/content/small", 200, image.has_renditions),
        ):
            assert self.api.get(url + path, user=user).status == (refusal or (status if is_there else 404))

    def teardown(self) -> None:
        """The end is always the same: rows and objects agree, and end together."""
        if sys.exception():  # of a step
            return
        self.settle_all()
        self.compare()
        for user in USERS:
            tags = self.api.get("/tags?limit=100", user=user).json["tags"]
            assert {tag["name"]: tag["count"] for tag in tags} == self.model.count_tags(user)
        kept = [image for image in self.model.images if image.exists]
        assert all(image.status == "ready" for image in kept if image.original and image.original.is_sound)
        assert self.service.list_keys() == {key for image in kept for key in list_keys(image)}
        assert self.service.list_kinds().count("IMAGE") == len(kept)
        for image in kept:
            self.delete_image(image, Attempt())
        self.settle_all()
        assert self.service.list_keys() == set()
        self.service.expire_rows()
        assert set(self.service.list_kinds()) <= {"USAGE"}
        assert {user: self.model.measure(user)["images"] for user in USERS} == dict.fromkeys(USERS, 0)
        self.compare()

    def settle_all(self) -> None:
        while self.service.events or self.service.collect_changes():
            while self.service.collect_changes():
                self.handle_change(self.service.changes.pop())
            if self.service.events:
                assert self.handle_event(self.service.events.pop())


def list_keys(image: Image) -> list[str]:
    originals = [make_original_key(image.id, revision) for revision in image.originals]
    names = [*STILLS] if image.has_renditions else []
    return originals + [make_rendition_key(image.id, name, image.revision) for name in names]


def count(row: Mapping[str, Any]) -> tuple[int, int]:
    """Return the images and the bytes that a row counts."""
    if not row.get("has_original"):
        return 0, 0
    other = row.get("replacement", {"has_original": False})
    return 1, int(max(row["size"], other["size"] if other["has_original"] else 0))


def read_facts(image: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in a response that the model knows. Of some fields it knows only if they are set."""
    names = ("id", "userId", "size", "contentType", "status", "version", "filename", *DEFAULTS)
    said = ("statusReason", "url", "renditions", "trashedAt")
    other = image["replacement"]
    shown = other and (other["status"], bool(other["statusReason"]), other["size"])
    facts = {name: image[name] for name in names} | {name: bool(image[name]) for name in said}
    return facts | {"replacement": shown}
