"""Wrong answers of the API and of S3, and the claim that each refutes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from tests.unit.operations.verification.fake_files import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.operations.verification.fakes import Fake

    type Fault = Callable[[Fake], object]

UPLOAD = r"POST .*/images/upload(\?|$)"
IMAGE = r"GET .*/images/[0-9a-f-]{36}$"
PATCH = r"PATCH .*"
DELETE = r"DELETE .*"
REPROCESS = r"POST .*/reprocess$"
HEALTH = r"GET .*/health$"
ORIGINAL = r"GET https://s3.test/bucket/originals/"
RENDITION = r"GET .*/content/[a-z]+$"
SHOWN = r"GET .*/content/[a-z]+\?v="
FORM = r"POST https://s3.test/bucket$"
TRACE = "TRACE"
LIMITS = r"/limits$"
LIST = r"GET .*/images\?"


def reply(pattern: str, response: httpx.Response) -> Fault:
    """Requests that match get another response."""

    def change(_: httpx.Response) -> httpx.Response:
        return httpx.Response(response.status_code, content=response.content, headers=response.headers)

    return lambda fake: fake.changes.append((pattern, change))


def status(pattern: str, code: int) -> Fault:
    return reply(pattern, problem(code, "other"))


def edit(pattern: str, **fields: Any) -> Fault:  # noqa: ANN401 - JSON
    """The JSON in responses of requests that match has other fields."""

    def change(response: httpx.Response) -> httpx.Response:
        body = json.loads(response.content) | fields
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, json=body, headers=headers)

    return lambda fake: fake.changes.append((pattern, change))


def drop(pattern: str, header: str) -> Fault:
    """Responses to requests that match lack a header."""

    def change(response: httpx.Response) -> httpx.Response:
        headers = {name: value for name, value in response.headers.items() if name != header.lower()}
        return httpx.Response(response.status_code, content=response.content, headers=headers)

    return lambda fake: fake.changes.append((pattern, change))


def once(pattern: str, response: httpx.Response) -> Fault:
    """The first request that matches gets another response."""

    def change_first() -> Iterator[bool]:
        yield True
        while True:
            yield False

    firsts = change_first()
    return lambda fake: fake.changes.append((pattern, lambda old: response if next(firsts) else old))


def accept_all(pattern: str) -> Fault:
    return reply(pattern, httpx.Response(200, json={"id": "0", "description": "one"}))


def slow_health(fake: Fake) -> None:
    def change(response: httpx.Response) -> httpx.Response:
        fake.now += 20
        return response

    fake.changes.append((HEALTH, change))


def stay_failed(fake: Fake) -> None:
    """The redrive does not help the image."""

    def change(response: httpx.Response) -> httpx.Response:
        runs = sum(call[1] == "invoke" for call in fake.calls)
        body = {**json.loads(response.content), "status": "failed", "statusReason": "lost"}
        return httpx.Response(200, json=body) if runs > 1 else response

    fake.changes.append((IMAGE, change))


def swallow(service: str, operation: str) -> Fault:
    """A call does nothing."""
    return lambda fake: setattr(fake, f"_{service}_{operation}", lambda **_: {})


def keep_bytes(fake: Fake) -> None:
    """Objects stay when their image is deleted."""
    fake.outputs["s3", "list_objects_v2"] = lambda _: {"Contents": [{"Key": "originals/left"}]}


def lose_old_image(fake: Fake) -> None:
    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        for message in output.get("Messages", []):
            message["Body"] = message["Body"].replace("OldImage", "NewImage")

    fake.outputs["sqs", "receive_message"] = change


def lose_event(fake: Fake) -> None:
    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        for message in output.get("Messages", []):
            message["Body"] = message["Body"].replace("requestPayload", "position")

    fake.outputs["sqs", "receive_message"] = change


def speak(*versions: str) -> Fault:
    return lambda fake: setattr(fake, "tls", {*versions})


def keep_copies(fake: Fake) -> None:
    """The CDN goes on to show what it has seen."""
    fake.changes.append((SHOWN, lambda response: HIT if fake.cached else response))


OPEN = httpx.Response(200, content=b"x")
HIT = httpx.Response(200, content=b"x", headers={"X-Cache": "Hit from cloudfront"})

FAULTS: list[tuple[str, str, Fault]] = [
    ("moving", "is not listed", edit(LIST, images=[])),
    ("moving", "DELETE", status(DELETE, 409)),
    ("moving", "bytes of imported images", keep_bytes),
    *[
        (f"too-large-for-{place}", words, fault)
        for place in ("gateway", "lambda")
        for words, fault in (
            ("answers 500", status(UPLOAD, 500)),
            ("Content-Type", reply(UPLOAD, httpx.Response(413, html="<p>"))),
            ("X-Content-Type-Options", drop(UPLOAD, "X-Content-Type-Options")),
            ("code", edit(UPLOAD, code="other")),
            ("status", edit(UPLOAD, status=400)),
            ("no way on", edit(UPLOAD, detail="Too large.")),
        )
    ],
    ("unlisted-method", "answers 403", status(TRACE, 403)),
    ("unlisted-method", "Allow", drop(TRACE, "Allow")),
    ("unlisted-method", "code", edit(TRACE, code="other")),
    ("unlisted-method", "X-Content-Type-Options", drop(TRACE, "X-Content-Type-Options")),
    ("challenge", "answers 403", status(r"/images$", 403)),
    ("challenge", "neither", drop(r"/images$", "WWW-Authenticate")),
    ("challenge", "challenge in the body", edit(r"/images$", challenge=None)),
    ("no-plain-http", "answers 200", reply("^GET http://s3", OPEN)),
    ("no-plain-http", "answers 403", status(HEALTH, 403)),
    ("no-old-tls", "accepts TLS 1.1", speak("TLSv1_1", "TLSv1_2")),
    ("no-old-tls", "refuses TLS 1.2", speak("TLSv1_3")),
    *[
        (f"{kind}-bytes", words, fault)
        for kind in ("raw", "form", "json", "direct")
        for words, fault in (
            ("of the original", reply(ORIGINAL, OPEN)),
            ("answers 403", status(ORIGINAL, 403)),
        )
    ],
    *[
        (f"{kind}-bytes", "SHA-256 that the API names", edit(UPLOAD, sha256="0"))
        for kind in ("raw", "form", "json")
    ],
    ("raw-bytes", "answers 413", status(UPLOAD, 413)),
    ("form-bytes", "answers 415", status(UPLOAD, 415)),
    ("json-bytes", "answers 400", status(UPLOAD, 400)),
    ("direct-bytes", "answers 204", reply(FORM, httpx.Response(204))),
    ("direct-bytes", "answers 403", status(FORM, 403)),
    ("direct-bytes", "not ready", edit(IMAGE, status="pending")),
    ("direct-bytes", "is rejected", edit(IMAGE, status="rejected")),
    ("processing", "not ready after", edit(IMAGE, status="processing")),
    ("processing", "set of renditions", edit(IMAGE, renditions={})),
    ("processing", "type of", reply(RENDITION, httpx.Response(200, headers={"Content-Type": "image/jpeg"}))),
    (
        "processing",
        "beginning of",
        reply(RENDITION, httpx.Response(200, headers={"Content-Type": "image/webp"})),
    ),
    ("contention", "number of answers", once(UPLOAD, problem(409, "conflict"))),
    ("contention", "number of answers", once(UPLOAD, problem(503, "unavailable"))),
    ("listing", "upload 1 is not", edit(LIST, images=[])),
    ("quota", "answers 409", once(UPLOAD, problem(409, "conflict"))),
    ("quota", "code", once(UPLOAD, problem(403, "forbidden"))),
    ("quota", "number of images", once(UPLOAD, problem(403, "quota_exceeded"))),
    ("quota", "counter is not 0", edit(LIMITS, used={"images": 7})),
    ("conditional-write", "answers 200", accept_all(PATCH)),
    ("conditional-write", "answers 409", once(PATCH, problem(409, "conflict"))),
    ("conditional-write", "description", edit(IMAGE, description="two")),
    ("parallel-changes", "answers 500", once(PATCH, problem(500, "internal_error"))),
    ("parallel-changes", "both", status(PATCH, 409)),
    ("parallel-changes", "version", edit(IMAGE, version=1)),
    ("deletion", "answers 403", status(DELETE, 403)),
    ("deletion", "bytes are left", keep_bytes),
    ("deletion", "counter is not 1", edit(LIMITS, used={"images": 0})),
    ("deletion", "counter is not 0", edit(LIMITS, used={"images": 1})),
    ("missing-original", "answers 500", status(REPROCESS, 500)),
    ("missing-original", "answers 403", status(REPROCESS, 403)),
    ("missing-original", "answers 202", status(REPROCESS, 202)),
    ("poisoned-change", "no message", swallow("dynamodb", "delete_item")),
    ("poisoned-change", "old image", lose_old_image),
    ("failure-destination", "no message", swallow("lambda", "invoke")),
    ("failure-destination", "event in the message", lose_event),
    ("failure-destination", "not ready after the redrive", stay_failed),
    ("signed-url", "answers 403", status(ORIGINAL, 403)),
    ("signed-url", "answers 200", reply(ORIGINAL, OPEN)),
    ("closed-bucket", "answers 200", reply(ORIGINAL, OPEN)),
    ("closed-bucket", "answers 200", reply("GET https://s3.test/bucket$", OPEN)),
    ("closed-bucket", "PUT", reply("PUT", OPEN)),
    ("signed-url-end", "answers 403", status(ORIGINAL, 403)),
    ("signed-url-end", "answers 200", reply(ORIGINAL, OPEN)),
    ("form-end", "answers 403", status(FORM, 403)),
    ("form-end", "answers 204", reply(FORM, httpx.Response(204))),
    ("form-end", "says that it ends", edit("/images/uploads$", expiresAt="2100-01-01T00:00:00Z")),
    ("cdn-gate", "answers 200", reply("origin.test", OPEN)),
    ("cdn-gate", "code", edit("origin.test", code="other")),
    ("cdn-hits", "no request is a hit", drop(SHOWN, "X-Cache")),
    ("cdn-hits", "answers 403", status(SHOWN, 403)),
    ("cdn-privacy", "is a hit", reply(SHOWN, HIT)),
    ("cdn-privacy", "answers 200", reply(RENDITION, HIT)),
    ("cdn-removal", "still shows", keep_copies),
    ("cdn-removal", "answers 409", status(PATCH, 409)),
    ("throttling", "answers 500", status(HEALTH, 500)),
    ("throttling", "Retry-After", drop(HEALTH, "Retry-After")),
    ("throttling", "Content-Type", reply(HEALTH, httpx.Response(503, text="busy"))),
    ("cold-start", "takes 20", slow_health),
    ("cold-start", "answers 503", status(HEALTH, 503)),
]
