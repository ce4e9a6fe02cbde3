"""Measures operations in a deployment: what runs, which calls it makes, and what these consume."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from shared.keys import ORIGINALS_PREFIX, UPLOADS_PREFIX, make_upload_key
from shared.renditions import RENDITION_TYPE
from tests.support.changes import select_changes
from tests.support.costs.runs import Actor, Run, Work
from tests.support.template import get_properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.api import ApiResponse
    from tests.support.deployment import Deployment

PROCESSOR_WORK = {UPLOADS_PREFIX: Work.ACCEPT, ORIGINALS_PREFIX: Work.PROCESS}
HEADER_EXTRA_BYTES = 4
"""The colon, the space and the end of the line."""


class Meter:
    """Notes each run since the last `take`."""

    def __init__(
        self, deployment: Deployment, clock: Callable[[], float] = lambda: 0.0, *, follows_first: bool = False
    ) -> None:
        """`clock` counts the processor seconds of the functions.

        `follows_first`: the stream is faster than the bucket, so no two changes of an upload come together.
        """
        self.deployment = deployment
        self._clock = clock
        self._follows_first = follows_first
        self._runs: list[Run] = []

    def take(self) -> tuple[Run, ...]:
        """Return the runs, and forget them."""
        runs, self._runs = tuple(self._runs), []
        return runs

    def request(
        self,
        work: Work,
        method: str,
        url: str,
        status: int,
        **options: Any,  # noqa: ANN401 - of `request`
    ) -> ApiResponse:
        """Send a request to the API. It must get this status."""
        sent: list[ApiResponse] = []

        def send() -> int:
            response = self.deployment.request(method, url, **options)
            assert response
            assert response.status == status, response.body
            sent.append(response)
            return measure_response(response)

        self._note(Actor.API, work, send)
        return sent[0]

    def post(self, image_id: str, content: bytes, content_type: str = "image/jpeg") -> None:
        """Send bytes to S3 as a client does with the form of a direct upload."""
        self.deployment.storage.add(make_upload_key(image_id), content, content_type)
        self._runs.append(Run(Actor.CLIENT, Work.TRANSFER, ("s3.PostObject",)))

    def replace_object(self, key: str, content: bytes) -> None:
        """Give an object other bytes. This is no part of any run."""
        self.deployment.storage.delete(key)
        self.deployment.storage.add(key, content, RENDITION_TYPE)

    def fetch(self, size: int) -> None:
        """Follow a redirect to so many bytes."""
        self._runs.append(Run(Actor.CLIENT, Work.TRANSFER, ("s3.GetObject",), response_bytes=size))

    def settle(self) -> None:
        """Run the functions for the events of the bucket and of the table's stream, until there are no more.

        The template says which events reach a function.
        """
        deployment = self.deployment
        wire, prefixes = deployment.wire, list_event_prefixes()
        while wire.written or deployment.take_changes():
            if self._follows_first:
                self._follow_changes()
            written, wire.written = wire.written, []
            for key in written:
                for prefix in filter(key.startswith, prefixes):
                    self._follow(Actor.PROCESSOR, PROCESSOR_WORK[prefix], partial(deployment.deliver, key))
            self._follow_changes()

    def _follow_changes(self) -> None:
        if self.deployment.take_changes():
            self._follow(Actor.CHANGES, Work.FOLLOW, self.deployment.follow)

    def _follow(self, actor: Actor, work: Work, handle: Callable[[], bool]) -> None:
        def run() -> int:
            assert handle()
            return 0

        self._note(actor, work, run)

    def _note(self, actor: Actor, work: Work, run: Callable[[], int]) -> None:
        """Note a run of a function. It returns the bytes of its response."""
        consumed = self.deployment.engine.consumed
        start, begun, known = len(consumed), self._clock(), len(self._records)
        response_bytes = run()
        seconds = self._clock() - begun
        calls = tuple(sorted(self.deployment.wire.calls))
        capacity = tuple(sorted(consumed[start:], key=repr))
        records = self._records[known:]
        rows, changes = len(records), len(select_changes(records))
        self._runs.append(Run(actor, work, calls, capacity, response_bytes, seconds, rows, changes))

    @property
    def _records(self) -> list[dict[str, Any]]:
        """The records of the stream that nobody has taken yet."""
        return self.deployment.engine.streams["images"]


def list_event_prefixes() -> list[str]:
    """Return the prefixes of the keys whose events the bucket sends to the processor."""
    configurations = get_properties("Bucket")["NotificationConfiguration"]["LambdaConfigurations"]
    return [rule["Value"] for each in configurations for rule in each["Filter"]["S3Key"]["Rules"]]


def measure_response(response: ApiResponse) -> int:
    """Bytes of the body and the headers."""
    headers = sum(len(name) + len(value) + HEADER_EXTRA_BYTES for name, value in response.headers.items())
    return len(response.body) + headers
