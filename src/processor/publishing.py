"""Publishes events of images to a bus of EventBridge."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from shared.aws import translate_errors
from shared.errors import Unavailable
from shared.observability import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_events import EventBridgeClient

    from processor.events import ImageEvent

SOURCE = "image-upload-service"
MAX_ENTRIES = 10
"""EventBridge's limit for a call."""
MAX_CALL_BYTES = 256 * 2**10
"""The same for all entries of a call together."""
PAUSES_SECONDS = (0.0, 0.1, 0.4)
"""The pauses before each try of what the bus did not take. The client itself repeats calls that fail."""
TEMPORARY_CODES = {"InternalException", "InternalFailure", "ThrottlingException"}
"""The errors of single entries that pass."""


class Unpublished(Unavailable):
    """The bus has not taken the event. It may take it later."""


class Unreachable(Unpublished):
    """The bus does not respond."""


class RefusedEvent(Exception):
    """The bus will never take the event."""


@dataclass(frozen=True)
class Publisher:
    """Publishes the events of each image in the order of its versions."""

    eventbridge: EventBridgeClient
    bus: str
    resource: str
    """ARN that tells whose event it is, where several deployments have one bus."""
    sleep: Callable[[float], object] = time.sleep

    def publish(self, events: Mapping[str, ImageEvent]) -> dict[str, Exception]:
        """Publish the events of changes, which are in their order. Returns the errors by number.

        As long as an event of an image is not published, no later one of that image is. The exception is one
        that the bus refuses.
        """
        refused: dict[str, Exception] = {}
        left: Mapping[str, ImageEvent] = events
        failures: dict[str, Exception] = {}
        for pause in PAUSES_SECONDS:
            if not left:
                break
            self.sleep(pause)
            failures = self._try(left)
            refused |= {name: error for name, error in failures.items() if not isinstance(error, Unpublished)}
            left = {name: left[name] for name in failures if name not in refused}
            if any(isinstance(error, Unreachable) for error in failures.values()):
                break
        failures |= refused
        if events:
            get_logger().info("published", published=len(events) - len(failures), failed=len(failures))
        return failures

    def _try(self, events: Mapping[str, ImageEvent]) -> dict[str, Exception]:
        failures: dict[str, Exception] = {}
        late: set[str] = set()
        is_reachable = True
        for batch in _make_batches(events):
            sent = {name: each for name, each in batch.items() if is_reachable and each.detail.id not in late}
            errors = self._send(sent) if sent else {}
            errors |= {name: Unpublished() for name in batch if name not in sent}
            left = [name for name, error in errors.items() if isinstance(error, Unpublished)]
            late |= {batch[name].detail.id for name in left}
            is_reachable &= not any(isinstance(error, Unreachable) for error in errors.values())
            failures |= {name: errors[name] for name in batch if name in errors}
        return failures

    def _send(self, events: Mapping[str, ImageEvent]) -> dict[str, Exception]:
        try:
            with translate_errors():
                results = self.eventbridge.put_events(
                    Entries=[
                        {
                            "EventBusName": self.bus,
                            "Source": SOURCE,
                            "DetailType": event.type,
                            "Detail": event.dump(),
                            "Resources": [self.resource],
                            "Time": event.detail.at,
                        }
                        for event in events.values()
                    ]
                )["Entries"]
        except Unavailable as error:
            get_logger().warning("the bus does not respond", exc_info=error)
            return dict.fromkeys(events, Unreachable())
        except Exception as error:  # noqa: BLE001 - returned
            return dict.fromkeys(events, error)
        return {
            name: Unpublished() if code in TEMPORARY_CODES else RefusedEvent(code)
            for name, result in zip(events, results, strict=True)
            if (code := result.get("ErrorCode"))
        }


def _make_batches(events: Mapping[str, ImageEvent]) -> Iterator[dict[str, ImageEvent]]:
    """Split events for few calls: the first event of each image, then the second of each, and so on.

    A part of a call may fail, so each call has one event of an image at most.
    """
    rounds: list[list[str]] = []
    counts: Counter[str] = Counter()
    for name, event in events.items():
        image_id = event.detail.id
        if counts[image_id] == len(rounds):
            rounds.append([])
        rounds[counts[image_id]].append(name)
        counts[image_id] += 1
    for names in rounds:
        for batch in batched(names, MAX_ENTRIES, strict=False):
            yield {name: events[name] for name in batch}
