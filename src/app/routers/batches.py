"""Batches: one action on many images."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.batches import BatchRunner
from app.dependencies import CollectedMetrics, Images, InvocationDeadline, Storage, Usages
from app.identity import GuardMaker, OwnerId
from app.openapi import BODY_ERRORS, TAKES_IF_MATCH, accepts, responds
from app.parameters import TrashLifetime
from app.repeats import idempotent, show_batch
from app.requests.batches import BatchCreate
from app.requests.body import read_json
from app.responses.outputs import BatchResults
from shared import errors

router = APIGatewayRouter()


def get_runner(
    images: Images,
    storage: Storage,
    lifetime: TrashLifetime,
    make_guard: GuardMaker,
    deadline: InvocationDeadline,
    metrics: CollectedMetrics,
) -> BatchRunner:
    request_id = router.lambda_context.aws_request_id
    return BatchRunner(images, storage, lifetime, make_guard, deadline, request_id, metrics)


@router.post(
    "/images/batch",
    tags=["images"],
    operation_id="runBatch",
    summary="Delete, trash, restore, change or reprocess many images, each with its own result",
    responses=responds(BatchResults, *BODY_ERRORS, errors.Forbidden),
    openapi_extensions=accepts(BatchCreate) | TAKES_IF_MATCH,
    middlewares=[idempotent(show_batch, "outcome")],
)
def create_batch(
    batch: Annotated[BatchCreate, Depends(read_json(BatchCreate))],
    owner_id: OwnerId,
    usages: Usages,
    runner: Annotated[BatchRunner, Depends(get_runner)],
) -> Response[BatchResults]:
    usages.take_tokens(owner_id, batch.tokens)
    return Response(HTTPStatus.OK, "application/json", runner.run(batch))
