"""Batches: one action on many images, each with a result of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from app.access.policy import Action
from app.requests.batches import BatchAction
from app.responses.errors import judge_error, make_problem
from app.responses.outputs import BatchResult, BatchResults
from app.trash import restore_image, trash_image
from app.uploads import reprocess_image
from shared.errors import OutOfTime
from shared.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from app.requests.batches import BatchCreate
    from shared.aws import Deadline
    from shared.images import ImageRepository
    from shared.metrics import Metrics
    from shared.models import Image
    from shared.storage import ImageStorage

MAX_CONCURRENT_ACTIONS = 8  # a client of boto3 has ten connections
MIN_ACTION_SECONDS = 10
"""Longer than the calls of one action take together, even if others hold up each of them for a while."""


@dataclass(frozen=True)
class BatchRunner:
    """Runs the batch of one request. Each image is handled as its own route would, rights included."""

    images: ImageRepository
    storage: ImageStorage
    trash_lifetime: timedelta
    make_guard: Callable[[Action], Callable[[Image], object]]
    deadline: Deadline
    request_id: str
    metrics: Metrics

    def run(self, batch: BatchCreate) -> BatchResults:
        with ThreadPoolExecutor(MAX_CONCURRENT_ACTIONS) as executor:
            results = executor.map(lambda image_id: self._handle(batch, image_id), batch.ids)
            return BatchResults(results=[*results])

    def _handle(self, batch: BatchCreate, image_id: str) -> BatchResult:
        try:
            self._require_time()
            return BatchResult(id=image_id, status=self._act(batch, image_id))
        except Exception as error:  # noqa: BLE001 - one image holds up no other
            judged = judge_error(error)
            self.metrics.add(Metric.REFUSALS, reason=judged.code)
            problem = make_problem(judged, self.request_id)
            return BatchResult(
                id=image_id, status=problem.status, error=problem, retry_after=judged.retry_after_seconds
            )

    def _require_time(self) -> None:
        if self.deadline.get_seconds() < MIN_ACTION_SECONDS:
            raise OutOfTime

    def _act(self, batch: BatchCreate, image_id: str) -> HTTPStatus:
        match batch.action:
            case BatchAction.DELETE:
                self.images.delete(image_id, self.make_guard(Action.DELETE))
                return HTTPStatus.NO_CONTENT
            case BatchAction.TRASH:
                trash_image(self.images, image_id, self.trash_lifetime, self.make_guard(Action.TRASH))
                return HTTPStatus.OK
            case BatchAction.RESTORE:
                restore_image(self.images, image_id, self.make_guard(Action.TRASH))
                return HTTPStatus.OK
            case BatchAction.UPDATE:
                self.images.update(image_id, batch.change.apply_to, self.make_guard(Action.UPDATE))
                return HTTPStatus.OK
            case BatchAction.REPROCESS:
                reprocess_image(self.images, self.storage, image_id, self.make_guard(Action.REPROCESS))
                return HTTPStatus.ACCEPTED
