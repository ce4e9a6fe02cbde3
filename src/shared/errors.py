"""Errors of the domain. The API maps each class to a status in one place, `app.errors`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class FieldError:
    """One wrong field of a request, named as the client wrote it: `metadata.tags[2]`."""

    field: str
    message: str


class DomainError(Exception):
    """Base of every error that a client may read. `code` is stable, `detail` is for people."""

    code: ClassVar[str]

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class MalformedRequest(DomainError):
    """The request cannot be read."""

    code = "malformed_request"


class InvalidFields(DomainError):
    """The request can be read, but fields of it are wrong."""

    code = "invalid_fields"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors), errors)


class KeyReused(InvalidFields):
    """The Idempotency-Key names another request already."""

    code = "idempotency_key_reused"


class UnsupportedMediaType(DomainError):
    """The request's Content-Type is none that the endpoint reads."""

    code = "unsupported_media_type"


class TooLarge(DomainError):
    """The upload has too many bytes."""

    code = "too_large"


class UnacceptableImage(DomainError):
    """These bytes can never become an image here. `detail` says why, in words for the client."""

    code = "unacceptable_image"


class UnsupportedImage(UnacceptableImage):
    """The bytes are not an image of an accepted type."""

    code = "unsupported_image"


class TooManyPixels(UnacceptableImage):
    """The image is larger, when decoded, than the service can afford."""

    code = "too_many_pixels"


class Unauthenticated(DomainError):
    """The request needs a caller, or its token is not good. `challenge` is how to do better (RFC 6750)."""

    code = "unauthenticated"

    def __init__(self, detail: str = "Send a bearer token.", challenge: str = "Bearer") -> None:
        super().__init__(detail)
        self.challenge = challenge

    @classmethod
    def by_token(cls, detail: str) -> Self:
        return cls(detail, f'Bearer error="invalid_token", error_description="{detail}"')


class Forbidden(DomainError):
    """The caller may see this, but not do that."""

    code = "forbidden"


class QuotaExceeded(Forbidden):
    """The user has as much here as a user may have. Waiting changes nothing, deleting does."""

    code = "quota_exceeded"


class NotFound(DomainError):
    """There is no such thing, or the caller may not know of it: both read the same."""

    code = "not_found"

    def __init__(self, detail: str = "There is nothing here.") -> None:
        super().__init__(detail)


class Conflict(DomainError):
    """Someone else is changing the same thing."""

    code = "conflict"

    def __init__(self, detail: str = "Someone else is changing this just now; try again.") -> None:
        super().__init__(detail)


class StillRunning(Conflict):
    """A request with the same Idempotency-Key is being answered just now."""

    code = "still_running"

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is being answered just now; ask again in a moment."
        )


class PreconditionFailed(DomainError):
    """The client's `If-Match` names a version that is not the current one."""

    code = "precondition_failed"


class Throttled(DomainError):
    """AWS asks us to slow down."""

    code = "throttled"

    def __init__(self, detail: str = "The service is busy; try again in a moment.") -> None:
        super().__init__(detail)


class Unavailable(DomainError):
    """AWS did not answer, or answered that it cannot."""

    code = "unavailable"

    def __init__(self, detail: str = "The service cannot answer just now; try again in a moment.") -> None:
        super().__init__(detail)
