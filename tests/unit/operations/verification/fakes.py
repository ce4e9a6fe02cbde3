"""A deployment that does all that the claims say, and whose every answer a test can change."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from threading import RLock
from typing import Any, Final
from urllib.parse import parse_qs

import httpx

from operations.verification.deployment import Deployment, Options
from shared.renditions import STILLS
from tests.unit.operations.verification.answers_of_aws import OUTPUTS, PARAMETERS, STACK
from tests.unit.operations.verification.fake_aws import FakeAws
from tests.unit.operations.verification.fake_files import Files, problem, read_parts

API = "https://api.test/dev"
BUCKET = "https://s3.test/bucket"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "
QUOTA: Final = int(PARAMETERS["MaxUserImages"])

type Change = Callable[[httpx.Response], httpx.Response]


class Fake(FakeAws):
    """The API, the bucket and AWS. Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.files = Files(self.objects, f"{BUCKET}/files")
        self.is_throttled = False
        self.cached: set[str] = set()
        """The URLs that the CDN has a copy of."""
        self.tls: set[str] = {"TLSv1_2", "TLSv1_3"}
        self.changes: list[tuple[str, Change]] = []
        self._lock = RLock()

    def deploy(self, **options: Any) -> Deployment:  # noqa: ANN401 - of a verification
        transport = httpx.MockTransport(self.handle)
        fields: dict[str, Any] = {
            "user_id": "verify-1",
            "options": Options(slow=True, burst=6, cold=True),
            "parameters": PARAMETERS,
        }
        return Deployment(
            client=self.client,
            stack_name=STACK,
            outputs=OUTPUTS,
            api=httpx.Client(base_url=API, headers={"X-User-Id": "verify-1"}, transport=transport),
            web=httpx.Client(transport=transport),
            clock=lambda: self.now,
            sleep=self.sleep,
            accepts_tls=lambda _, version: version.name in self.tls,
            **fields | options,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            response = self._route(request, request.read())
            for pattern, change in self.changes:
                if re.search(pattern, f"{request.method} {request.url}"):
                    response = change(response)
            return response

    def _route(self, request: httpx.Request, body: bytes) -> httpx.Response:
        is_bucket = request.url.host == "s3.test"
        if request.url.scheme == "http" and not is_bucket:
            raise httpx.ConnectError("refused", request=request)
        if request.url.scheme == "http":
            return httpx.Response(403)
        path = request.url.path.removeprefix("/bucket" if is_bucket else "/dev").strip("/")
        return self._serve_bucket(request, path, body) if is_bucket else self._serve_api(request, path, body)

    def _serve_bucket(self, request: httpx.Request, path: str, body: bytes) -> httpx.Response:
        if request.method == "POST":
            return self._take_form(read_parts(request, body))
        query = parse_qs(request.url.query.decode())
        is_open = query.get("sig") == ["ok"] and self.now <= float(query["until"][0])
        if request.method != "GET" or not is_open:
            return httpx.Response(403)
        if path not in self.objects:
            return httpx.Response(404)
        return httpx.Response(200, content=self.objects[path], headers={"Content-Type": "image/png"})

    def _take_form(self, parts: dict[str, bytes]) -> httpx.Response:
        if self.now > float(parts["until"]):
            return httpx.Response(403)
        if len(parts["file"]) != int(parts["size"]):
            return httpx.Response(400)
        self._finish(parts["key"].decode(), parts["file"])
        return httpx.Response(204)

    def _serve_api(  # noqa: C901, PLR0911 - one for each route
        self, request: httpx.Request, path: str, body: bytes
    ) -> httpx.Response:
        if request.url.host == "origin.test":
            return problem(403, "forbidden")
        if request.method == "TRACE":
            return problem(405, "method_not_allowed", Allow="GET, PATCH")
        if request.headers.get("Authorization") == "Bearer bad":
            return problem(401, "unauthenticated", WWW_Authenticate="Bearer error")
        match request.method, path.split("/"):
            case "GET", ["health"]:
                is_refused = self.is_throttled and next(self.numbers) % 2
                return problem(429, "throttled", Retry_After="2") if is_refused else httpx.Response(200)
            case "GET", ["limits"]:
                return httpx.Response(
                    200, json={"used": {"images": len(self.images), "files": len(self.files.found)}}
                )
            case "GET", ["images"]:
                return httpx.Response(200, json={"images": [*self.images.values()]})
            case "POST", ["images", "upload"]:
                return self._take_upload(request, body)
            case "POST", ["images", "uploads"]:
                return self._begin(json.loads(body))
            case method, ["images", image_id, *rest]:
                return self._serve_image(method, image_id, rest, request)
            case method, ["upload" | "files", *rest]:
                return self.files.serve(method, rest, read_parts(request, body), self.now)
        raise AssertionError(path)

    def _take_upload(self, request: httpx.Request, body: bytes) -> httpx.Response:
        kind = request.headers["Content-Type"]
        if len(body) > 6_000_000:
            return problem(413, "too_large", "Use POST /images/uploads.")
        if len(self.images) >= QUOTA:
            return problem(403, "quota_exceeded")
        if kind == "application/json":
            body = base64.b64decode(json.loads(body)["image"]["content"])
        elif kind.startswith("multipart/"):
            body = read_parts(request, body)["file"]
        image_id = self._add()
        self.images[image_id]["visibility"] = request.url.params.get("visibility", "private")
        self._finish(image_id, body)
        return httpx.Response(201, json=self.images[image_id])

    def _begin(self, announced: dict[str, Any]) -> httpx.Response:
        image_id, until = self._add(), self.now + announced.get("expiresIn", 1800)
        fields = {"key": image_id, "until": str(until), "size": str(announced["size"])}
        expires_at = datetime.fromtimestamp(until, UTC).isoformat()
        upload = {"url": BUCKET, "fields": fields}
        return httpx.Response(201, json={"id": image_id, "upload": upload, "expiresAt": expires_at})

    def _add(self) -> str:
        image_id = str(uuid.uuid4())
        self.images[image_id] = {"id": image_id, "status": "pending", "statusReason": None, "version": 1}
        return image_id

    def _finish(self, image_id: str, content: bytes) -> None:
        self.objects[f"originals/{image_id}/1"] = content
        for name in STILLS:
            self.objects[f"renditions/{image_id}/1/{name}.webp"] = WEBP
        signature = "" if self.images[image_id].get("visibility") == "public" else "&signature=ok"
        base = f"{API}/images/{image_id}/content"
        self.bus.tell("image.ready", image_id, self.images[image_id]["version"])
        self.images[image_id] |= {
            "status": "ready",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "renditions": {name: {"url": f"{base}/{name}?v=1{signature}"} for name in STILLS},
        }

    def _serve_image(  # noqa: PLR0911 - one for each route
        self, method: str, image_id: str, rest: list[str], request: httpx.Request
    ) -> httpx.Response:
        image = self.images.get(image_id)
        if image is None:
            return problem(404, "not_found")
        tag = f'"{image["version"]}"'
        match method, rest:
            case "GET", []:
                return httpx.Response(200, json=image, headers={"ETag": tag})
            case "PATCH", []:
                if request.headers.get("If-Match", tag) != tag:
                    return problem(412, "precondition_failed")
                image |= {**json.loads(request.content), "version": image["version"] + 1}
                self.bus.tell("image.updated", image_id, image["version"])
                return httpx.Response(200, json=image)
            case "DELETE", []:
                del self.images[image_id]
                self.bus.tell("image.deleted", image_id, image["version"] + 1)
                for key in [key for key in self.objects if image_id in key]:
                    del self.objects[key]
                return httpx.Response(204)
            case "POST", ["reprocess"]:
                return problem(409 if f"originals/{image_id}/1" not in self.objects else 202, "conflict")
            case "GET", ["content"]:
                return self._redirect(f"originals/{image_id}/1")
            case "GET", ["content", name]:
                return self._show(image, name, request)
        raise AssertionError(rest)

    def _show(self, image: dict[str, Any], name: str, request: httpx.Request) -> httpx.Response:
        is_public = image.get("visibility") == "public"
        if not (is_public or "X-User-Id" in request.headers or "signature" in request.url.params):
            return problem(404, "not_found")
        seen = "Hit" if str(request.url) in self.cached else "Miss"
        if is_public:
            self.cached.add(str(request.url))
        content = self.objects[f"renditions/{image['id']}/1/{name}.webp"]
        headers = {"Content-Type": "image/webp", "X-Cache": f"{seen} from cloudfront"}
        return httpx.Response(200, content=content, headers=headers)

    def _redirect(self, key: str) -> httpx.Response:
        return httpx.Response(302, headers={"Location": f"{BUCKET}/{key}?until={self.now + 60}&sig=ok"})
