"""A client of the API that speaks to the Lambda handler in the events of API Gateway."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from app.main import lambda_handler
from tests.support.images import finish, store_renditions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from shared.images import ImageRepository
    from shared.storage import ImageStorage

REQUEST_ID = "11111111-2222-4333-8444-555555555555"
BASE_URL = "http://localhost:3000"
SOURCE_IP = "203.0.113.7"


def make_context() -> LambdaContext:
    """The part of Lambda's context that the handlers read."""
    return cast(
        "LambdaContext",
        SimpleNamespace(aws_request_id=REQUEST_ID, get_remaining_time_in_millis=lambda: 29_000),
    )


@dataclass(frozen=True)
class ApiResponse:
    """A response, as the client gets it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str, list[str]]:
        """Status, code and wrong fields of an error, after checks of what every error has."""
        problem = self.json
        assert self.headers["Content-Type"] == "application/problem+json"
        assert problem["status"] == self.status
        assert problem["requestId"] == REQUEST_ID
        return self.status, problem["code"], [error["field"] for error in problem["errors"]]


@dataclass(frozen=True)
class Api:
    """Calls the handler as API Gateway would. The stores are for images that are ready at once."""

    images: ImageRepository | None = None
    storage: ImageStorage | None = None

    def request(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        url: str,
        *,
        user: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,  # noqa: ANN401 - JSON is anything
        body: bytes | None = None,
        encode: bool = True,
    ) -> ApiResponse:
        """`encode` sends the body as base64, as API Gateway does: all types are binary for it."""
        sent = dict(headers or {})
        if user is not None:
            sent["X-User-Id"] = user
        if json is not None:
            body = dump_json(json)
            sent.setdefault("Content-Type", "application/json")
        event = make_event(method, url, sent, body, encode=encode)
        return read_response(lambda_handler(event, make_context()))

    def get(self, url: str, **options: Any) -> ApiResponse:  # noqa: ANN401 - of `request`
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> ApiResponse:  # noqa: ANN401 - of `request`
        return self.request("POST", url, **options)

    def walk(self, url: str, **options: Any) -> list[Any]:  # noqa: ANN401 - of `request`; JSON
        """All pages of a listing, by their `Link`, which says the same as `nextCursor`."""
        responses = [self.get(url, **options)]
        while link := responses[-1].headers.get("Link"):
            following = link.removeprefix(f"<{BASE_URL}").removesuffix('>; rel="next"')
            assert following.endswith(f"cursor={responses[-1].json['nextCursor']}")
            responses.append(self.get(following, **options))
        pages = [response.json for response in responses]
        assert [page["nextCursor"] for page in pages].index(None) == len(pages) - 1
        return pages

    def upload(self, content: bytes, *, user: str = "ann", **metadata: Any) -> Any:  # noqa: ANN401 - JSON
        """Upload an image, and return it as the response shows it."""
        response = self.post("/images/upload", user=user, json=make_upload(content, **metadata))
        assert response.status == 201, response.body
        return response.json

    def upload_ready(self, content: bytes, *, user: str = "ann", facts: Any = None, **metadata: Any) -> Any:  # noqa: ANN401 - JSON
        """Upload an image, make it ready, and return it as its owner sees it."""
        assert self.images
        assert self.storage
        image = finish(self.images, self.upload(content, user=user, **metadata)["id"], **facts or {})
        store_renditions(self.storage, image)
        return self.get(f"/images/{image.id}", user=user).json


def make_event(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, encode: bool
) -> dict[str, Any]:
    parts = urlsplit(url)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    sent = {"Host": "localhost:3000", **headers}
    text = None if body is None else base64.b64encode(body).decode() if encode else body.decode()
    return {
        "resource": "/{proxy+}",
        "path": parts.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": parts.path.lstrip("/")},
        "requestContext": {
            "path": parts.path,
            "stage": "v1",
            "requestId": "gateway",
            "httpMethod": method,
            "domainName": "api.example.org",
            "identity": {"sourceIp": SOURCE_IP},
        },
        "body": text,
        "isBase64Encoded": encode and body is not None,
    }


def read_response(response: dict[str, Any]) -> ApiResponse:
    headers = {name: ",".join(values) for name, values in response["multiValueHeaders"].items()}
    body = response["body"] or ""
    raw = base64.b64decode(body) if response["isBase64Encoded"] else body.encode()
    return ApiResponse(response["statusCode"], headers, raw)


def make_upload(content: bytes, *, filename: str = "photo.jpg", **metadata: Any) -> dict[str, Any]:  # noqa: ANN401
    """The JSON body of an upload."""
    image = {"filename": filename, "content": base64.b64encode(content).decode(), "contentType": "image/jpeg"}
    return {"image": image, "metadata": metadata}


def make_form(
    *fields: tuple[str, str], file: bytes | None = None, filename: str = "photo.jpg"
) -> dict[str, Any]:
    """A multipart body with its header, as options of `request`."""
    boundary = "----form"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    if file is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
        parts.append(head.encode() + file + b"\r\n")
    return {
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        "body": b"".join([*parts, f"--{boundary}--\r\n".encode()]),
        "encode": True,
    }


def dump_json(value: Any) -> bytes:  # noqa: ANN401 - JSON is anything
    return json.dumps(value).encode()
