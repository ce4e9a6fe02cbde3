"""Errors become problem+json (RFC 9457), all in one place."""

from collections.abc import Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from app.responses.html import HTML_TYPE, make_page_headers, make_problem_page
from app.responses.outputs import Problem, ProblemField
from shared import errors
from shared.errors import DomainError
from shared.metrics import Metric, Metrics
from shared.observability import get_logger

PROBLEM_TYPE = "application/problem+json"
# These two may repeat the names that a client gave its fields, which may have megabytes.
MAX_DETAIL_CHARS = 1000
MAX_FIELD_CHARS = 200


class InternalError(DomainError):
    """A mistake of our own. The client learns nothing of it but that it happened."""

    code = "internal_error"
    default_detail = "The service made a mistake. It has been logged."


class MethodNotAllowed(DomainError):
    """The path exists, but does not take this method."""

    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str], hint: str = "") -> None:
        super().__init__(f"This path takes {', '.join(allowed)}. {hint}".rstrip())
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
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def get_status(error: type[DomainError]) -> HTTPStatus:
    return next(STATUSES[kind] for kind in error.__mro__ if kind in STATUSES)


def make_problem(error: DomainError, request_id: str) -> Problem:
    status = get_status(type(error))
    return Problem(
        title=status.phrase,
        status=status,
        detail=error.detail[:MAX_DETAIL_CHARS],
        code=error.code,
        request_id=request_id,
        errors=tuple(
            ProblemField(field=field.field[:MAX_FIELD_CHARS], message=field.message) for field in error.errors
        ),
        challenge=error.challenge if isinstance(error, errors.Unauthenticated) else None,
        image_id=error.image_id if isinstance(error, errors.Duplicate) else None,
    )


def judge_error(error: Exception) -> DomainError:
    """Return the error that the client gets, and log those that are not the client's."""
    if not isinstance(error, DomainError):
        get_logger().exception("unexpected error", exc_info=error)
        return InternalError()
    if isinstance(error, errors.Unavailable):
        get_logger().warning("AWS did not serve a call", exc_info=error)
    return error


def respond_with_error(
    error: Exception, request_id: str, metrics: Metrics, *, is_for_people: bool = False
) -> Response[str]:
    """Make the response for any error, and count it."""
    error = judge_error(error)
    metrics.add(Metric.REFUSALS, reason=error.code)
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = error.challenge
    if error.retry_after_seconds:
        headers["Retry-After"] = str(error.retry_after_seconds)
    get_logger().append_keys(code=error.code)
    problem = make_problem(error, request_id)
    if is_for_people:
        content_type, body = HTML_TYPE, make_problem_page(problem)
        headers |= make_page_headers()
    else:
        content_type, body = PROBLEM_TYPE, problem.model_dump_json(by_alias=True)
    return Response(get_status(type(error)), content_type, body, headers)
