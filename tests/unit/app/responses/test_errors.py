from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_images
from app.main import create_app
from app.responses.errors import InternalError, MethodNotAllowed, get_status, make_problem, respond_with_error
from shared import errors
from shared.errors import DomainError, FieldError, InvalidFields, KeyReused
from shared.metrics import Metrics
from shared.observability import get_logger
from tests.support.api import REQUEST_ID

if TYPE_CHECKING:
    from tests.support.api import Api

SECRET = "a-secret-of-ours"  # noqa: S105 - none

# The status, the code and the default detail of every error.
KINDS: dict[type[DomainError], tuple[int, str, str]] = {
    errors.MalformedRequest: (400, "malformed_request", ""),
    errors.InvalidFields: (422, "invalid_fields", ""),
    errors.KeyReused: (422, "idempotency_key_reused", ""),
    errors.UnsupportedMediaType: (415, "unsupported_media_type", ""),
    errors.TooLarge: (413, "too_large", ""),
    errors.UnacceptableImage: (422, "unacceptable_image", ""),
    errors.UnsupportedImage: (415, "unsupported_image", ""),
    errors.TooManyPixels: (422, "too_many_pixels", ""),
    errors.Unauthenticated: (
        401,
        "unauthenticated",
        "This request needs a token. Send it as `Authorization: Bearer <token>`.",
    ),
    errors.Forbidden: (403, "forbidden", ""),
    errors.QuotaExceeded: (403, "quota_exceeded", ""),
    errors.Erased: (403, "erased", "Everything of this user is deleted. Nothing new is taken."),
    errors.TooManyRequests: (429, "too_many_requests", ""),
    errors.RateExceeded: (429, "rate_exceeded", ""),
    errors.TooManyPending: (429, "too_many_pending", ""),
    errors.NotFound: (404, "not_found", "This does not exist, or you may not see it."),
    errors.NotReady: (404, "not_ready", "This does not exist, or you may not see it."),
    errors.Conflict: (409, "conflict", ""),
    errors.Duplicate: (409, "duplicate", ""),
    errors.StillRunning: (
        409,
        "still_running",
        "The first request with this Idempotency-Key is still running. Try again in a moment.",
    ),
    errors.StillProcessing: (
        409,
        "still_processing",
        "The image is being processed already. Try again in a moment.",
    ),
    errors.PreconditionFailed: (
        412,
        "precondition_failed",
        "This has changed since you read it. Read it again, then repeat your change.",
    ),
    errors.Throttled: (503, "throttled", "The service is busy. Try again in a moment."),
    errors.OutOfTime: (
        503,
        "out_of_time",
        "There was no time left for this image. Nothing was done to it. Send it again.",
    ),
    errors.Contended: (
        503,
        "contended",
        "Too many requests are changing this at the moment. Try again in a moment.",
    ),
    errors.Unavailable: (
        503,
        "unavailable",
        "The service is not available at the moment. Try again soon.",
    ),
    MethodNotAllowed: (405, "method_not_allowed", ""),
    InternalError: (500, "internal_error", "The service made a mistake. It has been logged."),
}
LOGGED = {errors.Throttled, errors.OutOfTime, errors.Contended, errors.Unavailable}
RETRIED: dict[type[DomainError], str] = {
    errors.Throttled: "2",
    errors.OutOfTime: "2",
    errors.Contended: "2",
    errors.Unavailable: "2",
    errors.NotReady: "2",
    errors.StillRunning: "2",
    errors.StillProcessing: "5",
    errors.RateExceeded: "7",
    errors.TooManyPending: "60",
}
"""The errors that pass, and when to try again."""


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


def make_error(kind: type[DomainError]) -> DomainError:
    given: Any = kind
    if issubclass(kind, (InvalidFields, MethodNotAllowed, errors.Duplicate)):
        given = given("" if kind is errors.Duplicate else [])
        given.detail = ""
        return given  # type: ignore[no-any-return] # it is an error
    return given("", 7) if kind is errors.RateExceeded else kind()


def test_table_holds_every_error() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    domain = {kind for kind in kinds if issubclass(kind, DomainError)} - {DomainError}
    assert domain | {MethodNotAllowed, InternalError} == KINDS.keys()
    codes = [code for _, code, _ in KINDS.values()]
    assert len(codes) == len({*codes})


@pytest.mark.parametrize("kind", KINDS)
def test_error_becomes_a_problem_with_its_status_and_code(kind: type[DomainError], logs: StringIO) -> None:
    status, code, detail = KINDS[kind]
    assert get_status(kind) == status
    response = respond_with_error(make_error(kind), REQUEST_ID, Metrics())
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    problem = json.loads(response.body or "")
    assert (problem.pop("title"), problem.pop("type")) == (get_status(kind).phrase, "about:blank")
    assert problem == {
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": REQUEST_ID,
        "errors": [],
        **({"challenge": "Bearer"} if kind is errors.Unauthenticated else {}),
        **({"imageId": ""} if kind is errors.Duplicate else {}),
    }
    assert response.headers.get("Retry-After") == RETRIED.get(kind)
    assert ('"level":"WARNING"' in logs.getvalue()) is (kind in LOGGED)
    assert bool(logs.getvalue()) is (kind in LOGGED)


def test_error_is_its_detail_as_a_text() -> None:
    """Logs show it."""
    assert str(errors.NotFound()) == "This does not exist, or you may not see it."
    assert str(errors.NotFound("Why.")) == errors.NotFound("Why.").detail == "Why."
    assert str(errors.NotFound("")) == errors.NotFound("").detail == ""


def test_wrong_fields_are_listed_and_named_in_one_line() -> None:
    error = InvalidFields([FieldError("a", "is odd"), FieldError("b[0]", "is blank")])
    problem = make_problem(error, REQUEST_ID)
    assert problem.detail == "a: is odd; b[0]: is blank"
    assert [(field.field, field.message) for field in problem.errors] == [
        ("a", "is odd"),
        ("b[0]", "is blank"),
    ]
    assert KeyReused([FieldError("k", "was used")]).detail == "k: was used"


def test_what_a_client_sent_is_cut_in_the_problem() -> None:
    problem = make_problem(InvalidFields([FieldError("x" * 5000, "is odd")]), REQUEST_ID)
    assert problem.detail == "x" * 1000
    assert [field.field for field in problem.errors] == ["x" * 200]


def test_wrong_method_gets_the_names_of_the_right_ones() -> None:
    response = respond_with_error(MethodNotAllowed(["GET", "HEAD"]), REQUEST_ID, Metrics())
    assert response.headers["Allow"] == "GET, HEAD"
    assert json.loads(response.body or "")["detail"] == "This path takes GET, HEAD."


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (errors.Unauthenticated(), "Bearer"),
        (
            errors.Unauthenticated.by_token("Why."),
            'Bearer error="invalid_token", error_description="Why."',
        ),
    ],
)
def test_caller_is_told_how_to_authenticate(error: DomainError, challenge: str) -> None:
    assert respond_with_error(error, REQUEST_ID, Metrics()).headers["WWW-Authenticate"] == challenge


def test_mistake_of_our_own_is_logged_with_its_traceback_and_not_shown(
    api: Api, monkeypatch: pytest.MonkeyPatch, logs: StringIO
) -> None:
    def fail() -> None:
        raise RuntimeError(SECRET)

    overrides: dict[Any, Any] = create_app().dependency_overrides
    monkeypatch.setitem(overrides, get_images, fail)
    sent = "what-the-client-sent"
    response = api.get(f"/images?tags={sent}", user=sent, headers={"X-Other": sent})
    assert response.problem == (500, "internal_error", [])
    assert SECRET not in response.body.decode()
    assert sent not in logs.getvalue()
    lines = [json.loads(line) for line in logs.getvalue().splitlines()]
    (mistake,) = [line for line in lines if line["level"] == "ERROR"]
    assert mistake["message"] == "unexpected error"
    assert (mistake["request_id"], mistake["route"]) == (REQUEST_ID, "/images")
    assert "Traceback" in mistake["exception"]
    assert f"RuntimeError: {SECRET}" in mistake["exception"]


def test_refusal_of_a_request_is_no_error_in_the_logs(api: Api, logs: StringIO) -> None:
    assert api.get("/images/x").status == 404
    assert [json.loads(line)["level"] for line in logs.getvalue().splitlines()] == ["INFO"]
