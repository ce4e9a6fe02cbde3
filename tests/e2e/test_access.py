"""The access cases with tokens of a real Cognito, and flips of visibility under load."""

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

from local.console import Problem
from operations.tokens import MADE_HERE, make_token
from tests.support.access import MISSING, AccessCases, upload_ready
from tests.support.access_bytes import BytesCases
from tests.support.access_files import FileCases
from tests.support.access_tags import TagCases
from tests.support.access_trash import TrashCases
from tests.support.access_variants import VariantCases
from tests.support.api import ApiResponse
from tests.support.client import await_value
from tests.support.names import NameCases
from tests.support.tokens import make_rsa_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack import Stack

FLIP_SECONDS = 30
READERS = 3


@dataclass(frozen=True)
class Deployed:
    """A deployed API, and callers of every kind."""

    stack: Stack
    http: httpx.Client

    @cached_property
    def tokens(self) -> dict[str, str]:
        client, outputs = self.stack.client, self.stack.outputs
        users = {user: make_token(client, outputs, user) for user in ("ann", "ben")}
        return users | {"admin": make_token(client, outputs, "root", is_admin=True)}

    @cached_property
    def bad_tokens(self) -> dict[str, str]:
        valid = self.tokens["ann"]
        head, claims, signature = valid.split(".")
        known = jwt.decode(valid, options={"verify_signature": False})
        key_id = jwt.get_unverified_header(valid)["kid"]

        def forge(key_id: str = key_id, **changes: Any) -> str:  # noqa: ANN401 - any claim
            changed = {name: value for name, value in (known | changes).items() if value is not None}
            return jwt.encode(changed, make_rsa_key("forged"), "RS256", headers={"kid": key_id})

        none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": key_id}).encode()).rstrip(b"=")
        tokens = {
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
        return {reason: f"Bearer {token}" for reason, token in tokens.items()}

    def get_user_id(self, caller: str) -> str:
        claims = jwt.decode(self.tokens[caller], options={"verify_signature": False})
        user_id: str = claims["sub"]
        return user_id

    def send(
        self,
        method: str,
        url: str,
        caller: str | None,
        *,
        json: Any = None,  # noqa: ANN401 - JSON is anything
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        sent = {"Authorization": f"Bearer {self.tokens[caller]}"} if caller else {}
        response = self.http.request(method, url, headers=sent | dict(headers or {}), json=json)
        return ApiResponse(response.status_code, response.headers, response.content)

    def await_ready(self, image_id: str, caller: str) -> None:
        self._await_status(image_id, caller, "ready")

    def await_rejected(self, image_id: str, caller: str) -> None:
        self._await_status(image_id, caller, "rejected")

    def _await_status(self, image_id: str, caller: str, status: str) -> None:
        def has_status() -> bool | None:
            image = self.send("GET", f"/images/{image_id}", caller).json
            is_replaced = (image["replacement"] or {}).get("status") != "processing"
            return True if image["status"] == status and is_replaced else None

        await_value(has_status)


@pytest.fixture(scope="module")
def service(jwt_stack: Stack) -> Iterator[Deployed]:
    with httpx.Client(base_url=jwt_stack.api_url, timeout=60) as http:
        yield Deployed(jwt_stack, http)


class TestAccess(AccessCases, NameCases, FileCases, VariantCases, BytesCases, TrashCases, TagCases):
    """The cases of `tests.support.access`."""


def test_image_of_another_and_missing_image_take_equally_long(service: Deployed) -> None:
    image_id = upload_ready(service)["id"]
    times: dict[str, list[float]] = {image_id: [], MISSING: []}
    for _ in range(40):
        for found, seconds in times.items():
            started = time.perf_counter()
            assert service.send("GET", f"/images/{found}", "ben").status == 404
            seconds.append(time.perf_counter() - started)
    private, missing = map(median, times.values())
    assert abs(private - missing) < 0.5 * max(private, missing)  # a read, beside everything else


def test_link_shows_a_browser_the_bytes_in_one_hop(service: Deployed) -> None:
    image = upload_ready(service)
    body = {"rendition": "thumbnail"}
    link = service.send("POST", f"/images/{image['id']}/links", "ann", json=body).json["url"]
    shown = httpx.get(link)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    assert shown.headers["Content-Disposition"] == "inline; filename*=UTF-8''photo.webp"
    assert httpx.get(image["renditions"]["small"]["url"]).status_code == 200


def test_link_outlives_one_rotation_of_the_secret(service: Deployed) -> None:
    link = upload_ready(service)["renditions"]["small"]["url"]
    secrets = service.stack.client("secretsmanager")
    secrets.put_secret_value(SecretId=service.stack.outputs["LinkSecretArn"], SecretString="x" * 64)
    assert httpx.get(link).status_code == 200


def test_no_reader_sees_an_image_that_was_hidden_before(service: Deployed) -> None:
    image = upload_ready(service, visibility="public")
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
                    response = http.get(target)
                    with lock:
                        still_hidden = bool(hidden_since) and hidden_since[0] == epoch
                    seen = image["id"] in response.text if "?" in target else response.status_code != 404
                    if was_hidden and still_hidden and seen:
                        leaks.append(target)
                    reads[number] += 1

    threads = [threading.Thread(target=read, args=[number]) for number in range(READERS)]
    for thread in threads:
        thread.start()
    flips = 0
    while time.monotonic() < end:
        assert service.send("PATCH", url, "ann", json={"visibility": "private"}).status == 200
        with lock:
            hidden_since[:] = [time.monotonic()]
        time.sleep(0.1)
        with lock:
            hidden_since.clear()
        assert service.send("PATCH", url, "ann", json={"visibility": "public"}).status == 200
        flips += 1
    for thread in threads:
        thread.join()
    assert flips > 20
    assert min(reads) > 50
    assert leaks == []


@pytest.mark.parametrize("is_admin", [False, True])
def test_make_token_leaves_a_user_alone_who_forges_its_mark(service: Deployed, is_admin: bool) -> None:
    cognito, pool = service.stack.client("cognito-idp"), service.stack.outputs["UserPoolId"]
    name, password = f"eve-{is_admin}", "Aa1-Aa1-Aa1-Aa1"
    marks = [{"Name": mark, "Value": MADE_HERE} for mark in ("profile", "preferred_username", "nickname")]
    cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=marks, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    with pytest.raises(Problem, match=f"did not make the user {name}"):
        make_token(service.stack.client, service.stack.outputs, name, is_admin=is_admin)
    signed_in = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=service.stack.outputs["UserPoolClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    token = signed_in["AuthenticationResult"]["AccessToken"]
    assert not jwt.decode(token, options={"verify_signature": False}).get("cognito:groups")
