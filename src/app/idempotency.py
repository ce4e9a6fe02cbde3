"""Idempotency-Key: a request that is sent again gets the first answer again."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyItemAlreadyExistsError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)

from app.fields import IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN
from app.requests import hash_request
from app.schemas import serialize
from shared.aws import translate_errors
from shared.errors import FieldError, InvalidFields, KeyReused, StillRunning

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Request
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.auth import Caller

KEY_LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True)
class KeyedRequest:
    """What tells a request from others. A caller's keys are nobody else's."""

    caller: str | None
    path: str
    key: str
    content: str
    """Hash of all that was sent."""

    @classmethod
    def read(cls, request: Request, caller: Caller) -> KeyedRequest:
        """Raises InvalidFields for a key that is none."""
        key = request.headers[IDEMPOTENCY_KEY_HEADER]
        if not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, key):
            raise InvalidFields(
                [FieldError(IDEMPOTENCY_KEY_HEADER, "is not 1 to 255 visible ASCII characters")]
            )
        return cls(caller.user_id, request.resolved_event.path, key, hash_request(request))

    @property
    def claim(self) -> str:
        """One name for all tries of it."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()


class RequestRecords(DynamoDBPersistenceLayer):
    """The table of the answers."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        super().__init__(table, expiry_attr="expires_at", boto3_client=client)

    def _put_record(self, data_record: DataRecord) -> None:
        """A fraction of a millisecond tells tries apart: by it, a record is known as one's own."""
        fraction = Decimal(secrets.randbelow(10**9)) / 10**9
        end = Decimal(data_record.in_progress_expiry_timestamp or 0) + fraction
        data_record.in_progress_expiry_timestamp = end  # type: ignore[assignment] # DynamoDB has no other numbers
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as error:
            found = error.old_data_record
            if found is None or found.in_progress_expiry_timestamp != end:
                raise


def answer_once(
    app: APIGatewayRestResolver, next_middleware: NextMiddleware, caller: Caller, records: RequestRecords
) -> Response[Any]:
    """Answer a request, or give the answer again that it got before. What failed may be tried again.

    Raises KeyReused for another request under the same key, StillRunning while that is being answered: at
    most as long as the function may run, for what was killed frees its key then.
    """
    keyed = KeyedRequest.read(app.request, caller)
    app.append_context(claim=keyed.claim)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        del request
        response = next_middleware(app)
        return {
            "status": int(response.status_code),
            "headers": dict(response.headers),
            "body": response.body if isinstance(response.body, str) else serialize(response.body),
        }

    answer_or_repeat = idempotent_function(
        answer,
        data_keyword_argument="request",
        persistence_store=records,
        config=_configure(app.lambda_context),
        key_prefix="request",
    )
    try:
        saved = answer_or_repeat(request=asdict(keyed))
    except IdempotencyValidationError as error:
        field = FieldError(IDEMPOTENCY_KEY_HEADER, "was used for another request")
        raise KeyReused([field]) from error
    except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
        raise StillRunning from error
    except IdempotencyPersistenceLayerError as error:
        with translate_errors():
            raise error.__cause__ or error from None
    return Response(saved["status"], None, saved["body"], saved["headers"])


def _configure(context: LambdaContext) -> IdempotencyConfig:
    return IdempotencyConfig(
        event_key_jmespath="[caller, path, key]",
        payload_validation_jmespath="content",
        hash_function="sha256",
        expires_after_seconds=KEY_LIFETIME_SECONDS,
        lambda_context=context,
    )
