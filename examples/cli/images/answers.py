"""The answers of the API. The command takes nothing from them that it has not looked at."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

RUNNING = "still_running"
READY = "ready"
UNDER_WAY = {"pending", "processing"}


class BrokenAnswerError(Exception):
    """The server has answered something that the API never answers."""


class ChangedError(Exception):
    """A file has changed while it was read."""

    def __init__(self) -> None:
        super().__init__("it has changed while it was read")


class RefusedError(Exception):
    """The API has answered with an error. Its text is the API's."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.code = ""
        words = f"HTTP {response.status_code}"
        try:
            problem = response.json()
            self.code = str(problem.get("code", ""))
            fields = [f"{error['field']}: {error['message']}" for error in problem.get("errors") or []]
            words = "; ".join(fields) or str(problem.get("detail") or words)
        except (ValueError, TypeError, AttributeError, LookupError):
            pass  # a proxy has answered
        super().__init__(words)
        pause = response.headers.get("Retry-After", "")
        self.pause_seconds = int(pause) if pause.isdecimal() else 0

    @property
    def is_passing(self) -> bool:
        """The same request may succeed later."""
        is_busy = self.status == HTTPStatus.TOO_MANY_REQUESTS or self.code == RUNNING
        return is_busy or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True)
class Image:
    """The fields of an image that the command uses."""

    id: str
    filename: str
    status: str
    reason: str
    created_at: str
    size: int | None
    sha256: str | None
    is_trashed: bool
    has_original: bool

    @classmethod
    def read(cls, body: Any) -> Self:  # noqa: ANN401 - JSON
        size, sha256 = body["size"], body["sha256"]
        return cls(
            id=str(uuid.UUID(body["id"])),
            filename=str(body["filename"]),
            status=str(body["status"]),
            reason=str(body["statusReason"] or ""),
            created_at=str(body["createdAt"]),
            size=None if size is None else int(size),
            sha256=None if sha256 is None else str(sha256),
            is_trashed=body["trashedAt"] is not None,
            has_original=body["url"] is not None,
        )

    @property
    def is_kept(self) -> bool:
        """Its bytes are there or under way, so that they need not be sent again."""
        return (self.is_ready or self.is_under_way) and not self.is_trashed

    @property
    def is_ready(self) -> bool:
        return self.status == READY

    @property
    def is_under_way(self) -> bool:
        """The service may still refuse its bytes."""
        return self.status in UNDER_WAY


@dataclass(frozen=True)
class Form:
    """A form of S3 that takes the bytes of an image."""

    id: str
    url: str
    fields: dict[str, str]

    @classmethod
    def read_or_image(cls, body: Any) -> Form | Image:  # noqa: ANN401 - JSON
        """Read the form, or the image of the user that has the same bytes."""
        if "upload" not in body:
            return Image.read(body)
        form = body["upload"]
        fields = {str(name): str(value) for name, value in form["fields"].items()}
        return cls(str(uuid.UUID(body["id"])), str(form["url"]), fields)


def require_success(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise RefusedError(response)
    return response


def read[T](response: httpx.Response, understand: Callable[[Any], T]) -> T:
    """Read the JSON of an answer. Raises BrokenAnswerError if it is not that of the API."""
    try:
        return understand(response.json())
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        url = response.request.url.copy_with(query=None)
        raise BrokenAnswerError(f"this is no answer of the API, from {url}") from error
