"""A shared cache in front of the API: it keeps what everyone may see for so long, and nothing else."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.client import await_end, upload_json
from tests.support.pictures import make_picture
from tests.support.shared_cache import get, is_available, run_shared_cache
from tests.support.variables import change_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack import Stack
    from tests.support.shared_cache import SharedCache

CDN_SECONDS = 2
MIXED_REQUESTS = 5000
CLIENTS = 8
CALLERS: dict[str, dict[str, str]] = {
    "owner": {"X-User-Id": "owner"},
    "other": {"X-User-Id": "other"},
    "nobody": {},
}

pytestmark = pytest.mark.skipif(not is_available(), reason="nginx is not installed")


@dataclass(frozen=True)
class Gallery:
    """The API, the cache in front of it, and a picture of each kind."""

    api: httpx.Client
    web: httpx.Client
    cache: SharedCache

    def upload(self, visibility: str) -> dict[str, str]:
        """Return the paths of the renditions of a new image, and its id."""
        image_id = upload_json(self.api, make_picture(), user="owner", visibility=visibility)["id"]
        image = await_end(self.api, image_id, user="owner")
        paths = {
            name: urlsplit(rendition["url"])._replace(scheme="", netloc="").geturl()
            for name, rendition in image["renditions"].items()
        }
        return {"id": image_id, **paths}

    def hide(self, image_id: str) -> None:
        changes = {"visibility": "private"}
        assert self.api.patch(f"/images/{image_id}", json=changes, headers=CALLERS["owner"]).is_success


@pytest.fixture(scope="module")
def gallery(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with ExitStack() as exits:
        exits.enter_context(change_variables(stack, {"CDN_SECONDS": str(CDN_SECONDS)}))
        cache = exits.enter_context(run_shared_cache(stack.api_url, tmp_path_factory.mktemp("nginx")))
        api = exits.enter_context(httpx.Client(base_url=stack.api_url, timeout=60))
        web = exits.enter_context(httpx.Client(base_url=cache.url, timeout=60))
        yield Gallery(api, web, cache)


def test_request_of_a_second_client_does_not_reach_the_function(gallery: Gallery) -> None:
    path = gallery.upload("public")["small"]
    first, missed = get(gallery.web, path)
    second, hit = get(gallery.web, path)
    assert (first.status_code, missed, second.status_code, hit) == (200, "MISS", 200, "HIT")
    assert second.content == first.content
    with httpx.Client(base_url=gallery.cache.url) as other:
        assert get(other, path)[1] == "HIT"


def test_copy_that_is_too_old_is_asked_for_again_and_not_sent_again(gallery: Gallery) -> None:
    path = gallery.upload("public")["small"]
    before = get(gallery.web, path)[0]
    time.sleep(CDN_SECONDS + 1)
    after, status = get(gallery.web, path)
    assert (status, after.content, after.headers["ETag"]) == (
        "REVALIDATED",
        before.content,
        before.headers["ETag"],
    )


def test_no_copy_is_served_longer_than_the_setting_after_a_flip(gallery: Gallery) -> None:
    image = gallery.upload("public")
    assert get(gallery.web, image["small"])[0].status_code == 200
    gallery.hide(image["id"])
    hidden_at = time.monotonic()
    served_at = hidden_at
    while get(gallery.web, image["small"])[0].status_code == 200:
        served_at = time.monotonic()
        time.sleep(0.05)
    assert served_at - hidden_at <= CDN_SECONDS + 1  # whole seconds
    for caller in ("other", "nobody"):
        assert get(gallery.web, image["small"], CALLERS[caller])[0].status_code == 404
    assert get(gallery.web, image["small"], CALLERS["owner"])[0].status_code == 200


@pytest.mark.parametrize("caller", ["owner", "nobody"])
def test_what_a_signature_has_opened_is_for_no_shared_cache(gallery: Gallery, caller: str) -> None:
    path = gallery.upload("private")["small"]
    for _ in range(2):
        response, status = get(gallery.web, path, CALLERS[caller])
        assert (response.status_code, status) == (200, "MISS")
    assert get(gallery.web, path.partition("?")[0])[0].status_code == 404


def test_nothing_that_a_token_or_a_signature_opened_is_answered_to_anyone_else(gallery: Gallery) -> None:
    public, private = gallery.upload("public"), gallery.upload("private")
    bare = f"/images/{private['id']}"
    expected: list[tuple[str, Mapping[str, int]]] = [
        *((public[name], dict.fromkeys(CALLERS, 200)) for name in ("thumbnail", "large")),
        (f"/images/{public['id']}/content", {"owner": 302, "other": 200, "nobody": 200}),
        (private["small"], dict.fromkeys(CALLERS, 200)),
        (private["small"][:-2], {"owner": 200, "other": 404, "nobody": 404}),
        *(
            (f"{bare}{path}", {"owner": status, "other": 404, "nobody": 404})
            for path, status in (
                ("", 200),
                ("/content", 302),
                ("/content/small", 200),
                ("/content/small?v=1", 200),
            )
        ),
    ]
    choices = random.Random(13)  # noqa: S311 - no secret
    requests = [(*choices.choice(expected), choices.choice([*CALLERS])) for _ in range(MIXED_REQUESTS)]

    def check(path: str, statuses: Mapping[str, int], caller: str) -> str | None:
        response, status = get(gallery.web, path, CALLERS[caller])
        is_right = response.status_code == statuses[caller]
        return None if is_right else f"{caller} {path}: {response.status_code} {status}"

    with ThreadPoolExecutor(CLIENTS) as executor:
        outcomes = [*executor.map(lambda request: check(*request), requests)]
    assert [wrong for wrong in outcomes if wrong] == []
