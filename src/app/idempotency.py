"""Idempotency-Key: a request that is sent again does not happen again."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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

from app.requests.body import hash_request
from app.requests.fields import IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN
from shared.aws import translate_errors
from shared.errors import FieldError, InvalidFields, KeyReused, StillRunning
from shared.limits import IDEMPOTENCY_KEY_SECONDS, MAX_IDEMPOTENCY_KEY_CHARS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.event_handler import Request
    from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.access.callers import Caller


class Unfinished(Exception):
    """The request has left a part of its work for its repeat, so its key is free again."""


@dataclass(frozen=True)
class KeyedRequest:
    """The parts that tell one request from another. The keys of a caller mean nothing for other callers."""

    caller: str | None
    path: str
    key: str
    content: str
    """Hash of everything that was sent."""

    @classmethod
    def read(cls, request: Request, caller: Caller) -> KeyedRequest:
        """Raises InvalidFields for an invalid key."""
        key = request.headers[IDEMPOTENCY_KEY_HEADER]
        if not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, key):
            message = f"must have 1 to {MAX_IDEMPOTENCY_KEY_CHARS} visible ASCII characters"
            raise InvalidFields([FieldError(IDEMPOTENCY_KEY_HEADER, message)])
        return cls(caller.user_id, request.resolved_event.path, key, hash_request(request))

    @property
    def claim(self) -> str:
        """The same name for all tries of the request."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()


class OutcomeStore(DynamoDBPersistenceLayer):
    """The table of what keyed requests have done."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        super().__init__(table, expiry_attr="expires_at", boto3_client=client)

    def _put_record(self, data_record: DataRecord) -> None:
        """Give each try its own fraction of a millisecond. So a try recognises the row that it wrote."""
        fraction = Decimal(secrets.randbelow(10**9)) / 10**9
        end = Decimal(data_record.in_progress_expiry_timestamp or 0) + fraction
        data_record.in_progress_expiry_timestamp = end  # type: ignore[assignment] # DynamoDB has no other numbers
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as error:
            found = error.old_data_record
            if found is None or found.in_progress_expiry_timestamp != end:
                raise


@dataclass(frozen=True)
class Outcome:
    """The part of a request that is kept: its status, and the record that it made or changed."""

    status: int
    record_id: str | None
    """Of a batch, its results."""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Outcome:
        """Rows of an earlier version hold whole responses, and no id. Nothing of these is shown again."""
        return cls(stored["status"], stored.get("record_id"))


def run_once(
    keyed: KeyedRequest, store: OutcomeStore, context: LambdaContext, run: Callable[[], Outcome]
) -> Outcome:
    """Run a request and store its outcome, or return the outcome that an earlier try has stored.

    A request that fails may be sent again. Raises KeyReused if the key belongs to another request, and
    StillRunning while an earlier try runs. If that try was killed, its key is free when its time is up.
    """

    def act(request: dict[str, Any]) -> dict[str, Any]:
        del request
        return asdict(run())

    act_or_read = idempotent_function(
        act,
        data_keyword_argument="request",
        persistence_store=store,
        config=_configure(context),
        key_prefix="request",
    )
    try:
        return Outcome.read(act_or_read(request=asdict(keyed)))
    except IdempotencyValidationError as error:
        field = FieldError(IDEMPOTENCY_KEY_HEADER, "was used for another request")
        raise KeyReused([field]) from error
    except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
        raise StillRunning from error
    except IdempotencyPersistenceLayerError as error:
        with translate_errors():
            raise error.__cause__ or error from None


def _configure(context: LambdaContext) -> IdempotencyConfig:
    return IdempotencyConfig(
        event_key_jmespath="[caller, path, key]",
        payload_validation_jmespath="content",
        hash_function="sha256",
        expires_after_seconds=IDEMPOTENCY_KEY_SECONDS,
        lambda_context=context,
    )
