"""Tokens of a real Cognito, the rights of the functions, and flips of visibility under load."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from local.tokens import make_token
from tests.access import ACCESS
from tests.e2e.client import await_value
from tests.pictures import make_photo
from tests.tokens import make_rsa_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(6)
MISSING = "00000000-0000-4000-8000-000000000000"
FLIP_SECONDS = 30
READERS = 3


@dataclass(frozen=True)
class Service:
    """The API, and callers of every kind."""

    stack: Stack
    http: httpx.Client

    @cached_property
    def tokens(self) -> dict[str, str]:
        client, outputs = self.stack.client, self.stack.outputs
        users = {user: make_token(client, outputs, user) for user in ("alice", "bob")}
        return users | {"admin": make_token(client, outputs, "root", is_admin=True)}

    @cached_property
    def bad_tokens(self) -> dict[str, str]:
        good = self.tokens["alice"]
        head, claims, signature = good.split(".")
        known = jwt.decode(good, options={"verify_signature": False})
        key_id = jwt.get_unverified_header(good)["kid"]

        def forge(key_id: str = key_id, **changes: Any) -> str:  # noqa: ANN401 - any claim
            changed = {name: value for name, value in (known | changes).items() if value is not None}
            return jwt.encode(changed, make_rsa_key("forged"), "RS256", headers={"kid": key_id})

        none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": key_id}).encode()).rstrip(b"=")
        return {
            "tampered": f"{head}.{claims[:-2]}{'AA' if claims[-2:] != 'AA' else 'BB'}.{signature}",
            "without a signature": f"{head}.{claims}.",
            "alg none": f"{none.decode()}.{claims}.",
            "forged": forge(),
            "expired": forge(exp=int(time.time()) - 600),
            "of another issuer": forge(iss="https://issuer.example.org"),
            "for another audience": forge(client_id="other"),
            "of an unknown key": forge(key_id="unknown"),
            "no token": "x",
        }

    def send(
        self,
        method: str,
        url: str,
        caller: str | None,
        **options: Any,  # noqa: ANN401 - httpx's
    ) -> httpx.Response:
        token = (self.tokens | self.bad_tokens).get(caller or "")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.request(method, url, headers=headers | options.pop("headers", {}), **options)

    def upload(self, visibility: str, caller: str = "alice") -> Any:  # noqa: ANN401 - JSON
        """An image that is ready."""
        files = {"file": ("photo.jpg", PHOTO, "image/jpeg")}
        answer = self.send("POST", "/images/upload", caller, files=files, data={"visibility": visibility})
        assert answer.status_code == 201, answer.text
        url = f"/images/{answer.json()['id']}"

        def get() -> Any:  # noqa: ANN401 - JSON
            image = self.send("GET", url, caller).json()
            return image if image["status"] == "ready" else None

        return await_value(get)


@pytest.fixture(scope="module")
def service(jwt_stack: Stack) -> Iterator[Service]:
    with httpx.Client(base_url=jwt_stack.api_url, timeout=60) as http:
        yield Service(jwt_stack, http)


@pytest.mark.parametrize(("method", "path", "body", "public", "private"), ACCESS)
def test_each_caller_may_do_what_the_policy_says(  # noqa: PLR0913, PLR0917 - a row of the table
    service: Service,
    method: str,
    path: str,
    body: Any,  # noqa: ANN401 - JSON
    public: tuple[int, ...],
    private: tuple[int, ...],
) -> None:
    for visibility, expected in (("public", public), ("private", private)):
        seen: list[int] = []
        image = service.upload(visibility)
        for caller in ("bob", None, "alice", "admin"):
            if seen and path == "" and method == "DELETE" and caller == "admin":
                image = service.upload(visibility)
            seen.append(service.send(method, f"/images/{image['id']}{path}", caller, json=body).status_code)
        bob, nobody, alice, admin = seen
        assert (alice, bob, admin, nobody) == expected
    for caller in service.bad_tokens:
        answer = service.send(method, f"/images/{MISSING}{path}", caller, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), caller
        assert answer.headers["WWW-Authenticate"].startswith("Bearer error=")


def test_what_is_not_theirs_and_what_is_not_there_are_alike_and_take_alike(service: Service) -> None:
    image_id = service.upload("private")["id"]
    times: dict[str, list[float]] = {image_id: [], MISSING: []}
    answers: dict[str, set[tuple[int, str]]] = {image_id: set(), MISSING: set()}
    for _ in range(40):
        for found in (image_id, MISSING):
            started = time.perf_counter()
            answer = service.send("GET", f"/images/{found}", "bob")
            times[found].append(time.perf_counter() - started)
            body = answer.json() | {"requestId": ""}
            answers[found].add((answer.status_code, json.dumps(body)))
    assert len(answers[image_id] | answers[MISSING]) == 1
    theirs, missing = (median(times[found]) for found in (image_id, MISSING))
    assert abs(theirs - missing) < 0.5 * max(theirs, missing)  # a read and its record, against other work


def test_claims_of_the_client_change_nothing(service: Service) -> None:
    image_id = service.upload("private")["id"]
    owner = jwt.decode(service.tokens["alice"], options={"verify_signature": False})["sub"]
    for headers in ({"X-User-Id": owner}, {"X-Amzn-Oidc-Identity": owner}, {"X-Apigateway-Event": "{}"}):
        for caller in ("bob", None):
            answer = service.send("GET", f"/images/{image_id}?userId={owner}", caller, headers=headers)
            assert answer.status_code == 404
    files = {"file": ("photo.jpg", PHOTO, "image/jpeg")}
    answer = service.send("POST", "/images/upload", "bob", files=files, data={"userId": owner})
    assert answer.status_code == 403


def test_link_works_in_a_browser_until_it_is_revoked(service: Service) -> None:
    image = service.upload("private")
    made = service.send("POST", f"/images/{image['id']}/links", "alice", json={"rendition": "thumbnail"})
    shown = httpx.get(made.json()["url"], follow_redirects=True)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    assert shown.headers["Content-Disposition"] == "inline; filename*=UTF-8''photo-thumbnail.webp"
    assert httpx.get(image["renditions"]["small"]["url"], follow_redirects=True).status_code == 200
    assert httpx.get(image["url"]).status_code == 404
    assert service.send("DELETE", f"/images/{image['id']}/links", "alice").status_code == 204
    assert httpx.get(made.json()["url"]).status_code == 404


def test_link_outlives_one_rotation_of_the_secret(service: Service) -> None:
    link = service.upload("private")["renditions"]["small"]["url"]
    secrets = service.stack.client("secretsmanager")
    secrets.put_secret_value(SecretId=service.stack.outputs["LinkSecretName"], SecretString="x" * 64)
    assert httpx.get(link).status_code == 302


def test_no_reader_sees_what_was_hidden_before_they_asked(service: Service) -> None:
    image = service.upload("public")
    url = f"/images/{image['id']}"
    urls = [url, f"{url}/content/small", f"{url}/content"]
    hidden_since: list[float] = []
    end = time.monotonic() + FLIP_SECONDS
    leaks: list[str] = []
    reads = [0] * READERS
    lock = threading.Lock()

    def read(number: int) -> None:
        with httpx.Client(base_url=service.stack.api_url, timeout=60) as http:
            while time.monotonic() < end:
                for target in (*urls, "/images?limit=5"):
                    with lock:
                        was_hidden = bool(hidden_since)
                        epoch = hidden_since[0] if hidden_since else 0
                    answer = http.get(target)
                    with lock:
                        still_hidden = bool(hidden_since) and hidden_since[0] == epoch
                    seen = image["id"] in answer.text if "?" in target else answer.status_code != 404
                    if was_hidden and still_hidden and seen:
                        leaks.append(target)
                    reads[number] += 1

    threads = [threading.Thread(target=read, args=[number]) for number in range(READERS)]
    for thread in threads:
        thread.start()
    flips = 0
    while time.monotonic() < end:
        assert service.send("PATCH", url, "alice", json={"visibility": "private"}).status_code == 200
        with lock:
            hidden_since[:] = [time.monotonic()]
        time.sleep(0.1)
        with lock:
            hidden_since.clear()
        assert service.send("PATCH", url, "alice", json={"visibility": "public"}).status_code == 200
        flips += 1
    for thread in threads:
        thread.join()
    assert flips > 20
    assert min(reads) > 50
    assert leaks == []
