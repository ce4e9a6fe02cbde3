"""Errors to problem+json (RFC 9457), all in one place."""

from collections.abc import Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from app.schemas import Problem, ProblemField
from shared import errors
from shared.errors import DomainError, FieldError
from shared.observability import get_logger

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
MAX_DETAIL_CHARS = 1000  # what a client calls its fields comes back in these two, and may be megabytes long
MAX_FIELD_CHARS = 200


class MethodNotAllowed(DomainError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This path takes {', '.join(allowed)}.")
        self.allowed = allowed


STATUSES: dict[type[DomainError], HTTPStatus] = {
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLarge: HTTPStatus.CONTENT_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnacceptableImage: HTTPStatus.UNPROCESSABLE_CONTENT,
    errors.InvalidFields: HTTPStatus.UNPROCESSABLE_CONTENT,
    errors.Throttled: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def get_status(error: type[DomainError]) -> HTTPStatus:
    return next(STATUSES[kind] for kind in error.__mro__ if kind in STATUSES)


def answer_error(error: Exception, request_id: str) -> Response[str]:
    """Tell a client what its error is, and of our own nothing but that it is one."""
    if not isinstance(error, DomainError):
        get_logger().exception("unexpected error")
        return _answer(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong here. It has been noted.",
            request_id,
        )
    status = get_status(type(error))
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, (errors.Throttled, errors.Unavailable, errors.StillRunning)):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, (errors.Throttled, errors.Unavailable)):
        get_logger().warning("AWS did not serve", exc_info=error)
    return _answer(status, error.code, error.detail, request_id, error.errors, headers)


def _answer(  # noqa: PLR0913, PLR0917 - the members of a problem
    status: HTTPStatus,
    code: str,
    detail: str,
    request_id: str,
    fields: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
) -> Response[str]:
    problem = Problem(
        type="about:blank",
        title=status.phrase,
        status=status,
        detail=detail[:MAX_DETAIL_CHARS],
        code=code,
        request_id=request_id,
        errors=tuple(
            ProblemField(field=error.field[:MAX_FIELD_CHARS], message=error.message) for error in fields
        ),
    )
    return Response(status, PROBLEM_TYPE, problem.model_dump_json(by_alias=True), headers or {})
