"""AWS in process: DynamoDB by an engine of our own, all other services by moto."""

from __future__ import annotations

import json
from contextlib import contextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.model_instances import reset_model_data
from moto.core.models import botocore_stubber

from tests.support.dynamodb.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

_respond_as_moto = BotocoreStubber.__call__


@contextmanager
def run_emulator() -> Iterator[Engine]:
    """Let it respond to every client that is made meanwhile."""
    engine = Engine()

    def respond(
        stubber: BotocoreStubber,
        event_name: str,
        request: AWSPreparedRequest,
        **_: Any,  # noqa: ANN401 - botocore's
    ) -> AWSResponse | None:
        service, operation = event_name.split(".")[1:]
        if stubber.enabled and service == "dynamodb":
            return _respond(engine, operation, request)
        return _respond_as_moto(stubber, event_name, request)

    # A new session of boto3 would load the models of all services again.
    with (
        mock_aws(config={"core": {"reset_boto3_session": False}}),
        patch.object(BotocoreStubber, "__call__", respond),
    ):
        yield engine


def empty_emulator(engine: Engine) -> None:
    BackendDict.reset()
    reset_model_data()
    engine.reset()


def send_to_moto(event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
    """Respond as moto does, also for DynamoDB: a handler of `before-send`."""
    return _respond_as_moto(botocore_stubber, event_name, request)


def _respond(engine: Engine, operation: str, request: AWSPreparedRequest) -> AWSResponse:
    content: Any = request.body  # JSON
    status, body = engine.respond(operation, json.loads(content))
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
    headers["date"] = formatdate(engine.clock(), usegmt=True)
    return AWSResponse(request.url, status, headers, MockRawResponse(json.dumps(body)))
