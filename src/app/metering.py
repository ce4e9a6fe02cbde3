"""Metering: each upload counts by its path and its verdict."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import (
    APIGatewayRestResolver,
    DependencyResolutionError,
    Request,
    Response,
)
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.dependencies import CollectedMetrics
from app.requests.body import MULTIPART, get_media_type
from app.requests.formats import JSON
from app.responses.errors import get_status
from shared.errors import DomainError
from shared.metrics import Metric, UploadPath, Verdict

type Middleware = Callable[..., Response[Any]]

FORMATS = {MULTIPART: UploadPath.FORM, JSON: UploadPath.JSON}
"""The paths by the types of bodies. Any other body is the file itself."""


def metered(path: UploadPath | None = None) -> Middleware:
    """Make the middleware of a route that takes uploads. Without a path, the format of the body names it.

    Of a direct upload only the form is counted here. The processor counts its bytes.
    """

    def count(
        app: APIGatewayRestResolver,
        next_middleware: NextMiddleware,
        request: Request,
        metrics: CollectedMetrics,
    ) -> Response[Any]:
        verdict = Verdict.FAILED
        try:
            response = next_middleware(app)
            if response.status_code == HTTPStatus.OK:
                verdict = Verdict.DUPLICATE
            else:
                verdict = Verdict.BEGUN if path is UploadPath.DIRECT else Verdict.ACCEPTED
        except Exception as error:
            if _is_refusal(error):
                verdict = Verdict.REFUSED
            raise
        finally:
            named = path or FORMATS.get(get_media_type(request), UploadPath.BYTES)
            metrics.add(Metric.UPLOADS, path=named, verdict=verdict)
        return response

    return count


def _is_refusal(error: Exception) -> bool:
    """Tell if an error is the client's. Powertools wraps one that was raised while a body was read."""
    raised = error.__cause__ if isinstance(error, DependencyResolutionError) else error
    return isinstance(raised, DomainError) and get_status(type(raised)) < HTTPStatus.INTERNAL_SERVER_ERROR
