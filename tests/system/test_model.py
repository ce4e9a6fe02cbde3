"""Random sequences of all operations, by three users and a caller without a name, against a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, multiple, rule, run_state_machine_as_test

from processor import changes as changes_function
from processor import main
from processor.following import Follower
from processor.processing import Processor
from shared.tag_counts import TagRepository
from tests.support.api import BASE_URL
from tests.support.comparison import QUOTA, Attempt, Link, flags
from tests.support.lives import FILENAME, Image, Item, User
from tests.support.service import (
    NotifyingStorage,
    Renderer,
    Service,
    send_json,
    write_json,
)
from tests.support.specimens import FIRST, SMALL, Picture
from tests.support.strategies import (
    Json,
    Posts,
    attempts,
    changes,
    contents,
    duplicate_wishes,
    everyone,
    methods,
    names,
    pictures,
    posts,
    queries,
    senders,
    uploaders,
    wishes,
)
from tests.support.trash_rules import TrashRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.erasing import Eraser
    from shared.images import ImageRepository
    from shared.quotas import Quota
    from shared.usages import UsageRepository
    from tests.support.api import Api, ApiResponse
    from tests.support.dynamodb.engine import Engine

SETTINGS = settings(
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "4")),
    stateful_step_count=20,
    derandomize=True,
    database=None,
    deadline=None,
)


class Machine(TrashRules):
    """The requests of clients."""

    images: Bundle[Image] = Bundle("images")
    forms: Bundle[Image] = Bundle("forms")
    items: Bundle[Item] = Bundle("items")

    @initialize(target=images, wishes=wishes)
    def begin_with_two(self, wishes: Json) -> Any:  # noqa: ANN401 - images
        """Two images of one user, who then has room for a small one."""
        begun = [
            self.upload("ann", FIRST, wishes, "allow", send_json, is_keyed=False, rounds=1) for _ in range(2)
        ]
        for image in begun:
            self.make_link(image, Attempt(), "small", is_keyed=False)
        return multiple(*begun)

    @initialize(targets=(images, forms), wishes=wishes)
    def begin_with_two_on_their_way(self, wishes: Json) -> Any:  # noqa: ANN401 - images
        """Two uploads of one user, who has room for one of them."""
        return multiple(
            *(
                self.begin_upload(
                    "ann", SMALL, wishes, "allow", is_bound=True, is_keyed=False, posts=[(None, 1)]
                )
                for _ in range(2)
            )
        )

    @rule(
        target=images,
        user=uploaders,
        picture=pictures,
        wishes=wishes,
        on_duplicate=duplicate_wishes,
        send=senders,
        is_keyed=flags,
        rounds=st.integers(0, 1),
    )
    def upload(  # noqa: PLR0913, PLR0917 - what an upload is made of
        self,
        user: User,
        picture: Picture,
        wishes: Json,
        on_duplicate: str,
        send: Callable[..., Any],
        is_keyed: bool,
        rounds: int,
    ) -> Any:  # noqa: ANN401 - an image, or none
        url, options = send(picture, {**wishes, "onDuplicate": on_duplicate})
        response = self.service.send("POST", url, user, options, is_keyed=is_keyed)
        if picture.is_accepted and self.has_duplicate(response, user, picture, on_duplicate):
            return multiple()
        refusal = self.model.refuse_upload(user, len(picture.data), is_accepted=picture.is_accepted)
        assert response.status == (refusal or 201)
        if refusal:
            return multiple()
        image = self.model.upload(user, response.json["id"], picture, wishes)
        self.settle(image, rounds)
        return image

    @rule(
        targets=(images, forms),
        user=uploaders,
        picture=pictures,
        wishes=wishes,
        on_duplicate=duplicate_wishes,
        is_bound=flags,
        is_keyed=flags,
        posts=posts,
    )
    def begin_upload(  # noqa: PLR0913, PLR0917 - same
        self,
        user: User,
        picture: Picture,
        wishes: Json,
        on_duplicate: str,
        is_bound: bool,
        is_keyed: bool,
        posts: Posts,
    ) -> Any:  # noqa: ANN401 - an image, or none
        size = len(picture.data)
        body = {"filename": FILENAME, "contentType": picture.content_type, "size": size, "metadata": wishes}
        if is_bound:
            body["sha256"] = picture.sha256
            body["metadata"] = {**wishes, "onDuplicate": on_duplicate}
        response = self.service.send("POST", "/images/uploads", user, write_json(body), is_keyed=is_keyed)
        if is_bound and self.has_duplicate(response, user, picture, on_duplicate):
            return multiple()
        refusal = self.model.refuse_upload(user, size)
        assert response.status == (refusal or 201)
        if refusal:
            return multiple()
        image = self.model.begin_upload(user, response.json["id"], picture, wishes, is_bound=is_bound)
        self.post_to_form(image, posts)
        return image

    def has_duplicate(self, response: ApiResponse, user: User, picture: Picture, wish: str) -> bool:
        """Tell if the model knows an image with the same bytes. Then the response has to name it."""
        same = self.model.find_duplicate(user, picture, wish)
        if same is None:
            return False
        name, status = ("id", 200) if wish == "reuse" else ("imageId", 409)
        assert (response.status, response.json[name]) == (status, same.id)
        return True

    @rule(image=forms, posts=posts)
    def post_to_form(self, image: Image, posts: Posts) -> None:
        self.post(image, 1, image.promised or FIRST, posts)

    @rule(image=forms)
    def expire(self, image: Image) -> None:
        if image.exists and not image.is_verified:
            self.service.expire(image.id)
            image.exists = False

    @rule(image=images, attempt=attempts, change=changes, method=methods)
    def change(self, image: Image, attempt: Attempt, change: Json, method: str) -> None:
        if self.write(method, f"/images/{image.id}", image, attempt, status=200, body=change):
            image.change(change)

    @rule(target=images, image=consumes(images), attempt=attempts, is_kept=flags)
    def delete(self, image: Image, attempt: Attempt, is_kept: bool) -> Any:  # noqa: ANN401 - the image, or none
        """If `is_kept` holds, later rules use the deleted image too."""
        self.delete_image(image, attempt)
        return image if image.exists or is_kept else multiple()

    @rule(image=images, attempt=attempts, is_keyed=flags)
    def reprocess(self, image: Image, attempt: Attempt, is_keyed: bool) -> None:
        url = f"/images/{image.id}/reprocess"
        if self.write("POST", url, image, attempt, status=202, is_keyed=is_keyed):
            image.begin_revision()

    @rule(image=images, attempt=attempts, name=names, is_keyed=flags)
    def make_link(self, image: Image, attempt: Attempt, name: str, is_keyed: bool) -> None:
        url, body = f"/images/{image.id}/links", {"rendition": name}
        response = self.write("POST", url, image, attempt, status=201, body=body, is_keyed=is_keyed)
        if response:
            path = response.json["url"].removeprefix(BASE_URL)
            self.links.append(Link(image, image.link_generation, path))

    @rule(image=images, attempt=attempts)
    def revoke_links(self, image: Image, attempt: Attempt) -> None:
        if self.write("DELETE", f"/images/{image.id}/links", image, attempt, status=204):
            image.revoke_links()

    @rule(user=everyone, query=queries)
    def walk_listing(self, user: User, query: Json) -> None:
        url = f"/images?{urlencode(query, doseq=True)}"
        refusal = self.model.refuse_listing(user, query)
        if refusal:
            assert self.api.get(url, user=user).status == refusal
            return
        pages = self.api.walk(url, user=user)
        assert all(len(page["images"]) <= query["limit"] for page in pages)
        found = [image["id"] for page in pages for image in page["images"]]
        assert found == [image.id for image in self.model.list_images(user, query)]

    @rule(target=items, user=everyone, content=contents, is_keyed=flags)
    def create_item(self, user: User, content: Json, is_keyed: bool) -> Item:
        response = self.service.send("POST", "/items", user, write_json(content), is_keyed=is_keyed)
        assert response.status == 201
        return self.model.create_item(user, response.json["id"], content)

    @rule(item=items, attempt=attempts, content=contents)
    def replace_item(self, item: Item, attempt: Attempt, content: Json) -> None:
        if self.write("PUT", f"/items/{item.id}", item, attempt, status=200, body=content):
            item.replace(content)

    @rule(item=items, attempt=attempts)
    def delete_item(self, item: Item, attempt: Attempt) -> None:
        if self.write("DELETE", f"/items/{item.id}", item, attempt, status=204):
            item.exists = False


@pytest.fixture
def quota() -> Quota:
    return QUOTA


@pytest.fixture
def storage(s3: S3Client) -> NotifyingStorage:
    return NotifyingStorage(s3, "bucket")


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def processor(
    images: ImageRepository, usages: UsageRepository, storage: NotifyingStorage, renderer: Renderer
) -> Processor:
    return Processor(images, usages, storage, render=renderer, sleep=lambda _: None)


@pytest.fixture(autouse=True)
def _functions(
    processor: Processor,
    usages: UsageRepository,
    storage: NotifyingStorage,
    eraser: Eraser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    follower = Follower(usages, TagRepository(usages.table), storage, eraser, send=pytest.fail)
    monkeypatch.setattr(main, "create_processor", lambda: processor)
    monkeypatch.setattr(changes_function, "create_follower", lambda: follower)


@pytest.fixture
def service(  # noqa: PLR0913, PLR0917 - its parts
    api: Api,
    engine: Engine,
    dynamodb: DynamoDBClient,
    s3: S3Client,
    storage: NotifyingStorage,
    renderer: Renderer,
) -> Service:
    return Service(api, engine, dynamodb, s3, storage.events, renderer)


@pytest.mark.timeout(900)  # an example that fails is made smaller first
def test_service_does_what_the_model_does(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "service", service, raising=False)
    run_state_machine_as_test(Machine, settings=SETTINGS)
