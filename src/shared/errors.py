"""Domain errors. `app.responses.errors` maps each class to an HTTP status, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class FieldError:
    """One wrong field of a request, under the name that the client wrote: `metadata.tags[2]`."""

    field: str
    message: str


class DomainError(Exception):
    """Base of every error that a client may read. `code` is stable, `detail` is for people."""

    code: ClassVar[str]
    default_detail: ClassVar[str] = ""
    retry_after_seconds: int | None = None
    """When to try again. None if that does not help."""

    def __init__(self, detail: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        self.detail = self.default_detail if detail is None else detail
        self.errors = tuple(errors)
        super().__init__(self.detail)


class MalformedRequest(DomainError):
    """The request cannot be read."""

    code = "malformed_request"


class InvalidFields(DomainError):
    """The request can be read, but some of its fields are wrong."""

    code = "invalid_fields"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors), errors)


class KeyReused(InvalidFields):
    """The Idempotency-Key was sent with another request before."""

    code = "idempotency_key_reused"


class UnsupportedMediaType(DomainError):
    """The endpoint does not read bodies of this Content-Type."""

    code = "unsupported_media_type"


class TooLarge(DomainError):
    """The upload has too many bytes."""

    code = "too_large"


class UnacceptableImage(DomainError):
    """These bytes can never become an image here. `detail` tells the client why."""

    code = "unacceptable_image"


class UnsupportedImage(UnacceptableImage):
    """The bytes are not an image of an accepted type."""

    code = "unsupported_image"


class TooManyPixels(UnacceptableImage):
    """The decoded image would be larger than the service can afford."""

    code = "too_many_pixels"


class Unauthenticated(DomainError):
    """The request needs a caller, or its token is invalid. `challenge` is for WWW-Authenticate (RFC 6750)."""

    code = "unauthenticated"
    default_detail = "This request needs a token. Send it as `Authorization: Bearer <token>`."

    def __init__(self, detail: str | None = None, challenge: str = "Bearer") -> None:
        super().__init__(detail)
        self.challenge = challenge

    @classmethod
    def by_token(cls, detail: str) -> Self:
        return cls(detail, f'Bearer error="invalid_token", error_description="{detail}"')


class Forbidden(DomainError):
    """The caller may see the resource, but may not do this with it."""

    code = "forbidden"


class QuotaExceeded(Forbidden):
    """The user has used up their quota. Waiting does not help, deleting does."""

    code = "quota_exceeded"


class Erased(Forbidden):
    """Everything of the user is being deleted, or is deleted already."""

    code = "erased"
    default_detail = "Everything of this user is deleted. Nothing new is taken."


class TooManyRequests(DomainError):
    """The caller does something too often. Waiting helps."""

    code = "too_many_requests"


class RateExceeded(TooManyRequests):
    """The user writes more often than they may."""

    code = "rate_exceeded"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class TooManyPending(TooManyRequests):
    """The user has begun too many direct uploads that have not ended."""

    code = "too_many_pending"
    retry_after_seconds = 60


class NotFound(DomainError):
    """The resource does not exist, or the caller may not know of it. Both read the same."""

    code = "not_found"
    default_detail = "This does not exist, or you may not see it."


class NotReady(NotFound):
    """The resource does not exist yet, but soon will."""

    code = "not_ready"
    retry_after_seconds = 2


class Conflict(DomainError):
    """The request does not fit the current state of the resource."""

    code = "conflict"


class Duplicate(Conflict):
    """Its owner has an image with the same bytes already, and the client wants no second one."""

    code = "duplicate"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"You have an image with the same bytes already: {image_id}.")
        self.image_id = image_id


class StillRunning(Conflict):
    """A request with the same Idempotency-Key is still running."""

    code = "still_running"
    retry_after_seconds = 2
    default_detail = "The first request with this Idempotency-Key is still running. Try again in a moment."


class StillProcessing(Conflict):
    """The image is being processed. A second run would only repeat the work."""

    code = "still_processing"
    retry_after_seconds = 5
    default_detail = "The image is being processed already. Try again in a moment."


class PreconditionFailed(DomainError):
    """The `If-Match` of the client names a version that is not the current one."""

    code = "precondition_failed"
    default_detail = "This has changed since you read it. Read it again, then repeat your change."


class Unavailable(DomainError):
    """AWS did not respond, or said that it cannot serve us. It passes, so trying again helps."""

    code = "unavailable"
    retry_after_seconds = 2
    default_detail = "The service is not available at the moment. Try again soon."


class Throttled(Unavailable):
    """AWS asks us to slow down."""

    code = "throttled"
    default_detail = "The service is busy. Try again in a moment."


class OutOfTime(Unavailable):
    """The request has no time left for this part of it. Nothing of the part was begun."""

    code = "out_of_time"
    default_detail = "There was no time left for this image. Nothing was done to it. Send it again."


class Contended(Unavailable):
    """Others keep changing the same thing."""

    code = "contended"
    default_detail = "Too many requests are changing this at the moment. Try again in a moment."
