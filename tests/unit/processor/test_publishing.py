from __future__ import annotations

import json
import random
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.events import Detail, EventType, ImageEvent
from processor.publishing import (
    MAX_ENTRIES,
    PAUSES_SECONDS,
    Publisher,
    RefusedEvent,
    Unpublished,
    Unreachable,
)
from tests.support.bus import Bus
from tests.support.images import make_image


def make_events(*images: str) -> dict[str, ImageEvent]:
    """An event for each of these images, which have versions of their own, by the numbers of the changes."""
    versions = {image: count(2) for image in images}
    return {
        str(number): ImageEvent(
            EventType.UPDATED, Detail.of(make_image(id=image, version=next(versions[image])))
        )
        for number, image in enumerate(images)
    }


def publish(bus: Bus, events: dict[str, ImageEvent]) -> dict[str, Exception]:
    client: Any = bus
    return Publisher(client, "images", "arn:stack", sleep=lambda _: None).publish(events)


def list_versions(bus: Bus, image: str) -> list[int]:
    return [version for name, version in bus.published if name == image]


def test_entry_names_the_bus_the_source_the_stack_and_the_time() -> None:
    bus, events = Bus(), make_events("a")
    assert publish(bus, events) == {}
    detail = events["0"].detail
    assert bus.calls == [
        [
            {
                "EventBusName": "images",
                "Source": "image-upload-service",
                "DetailType": "image.updated",
                "Detail": events["0"].dump(),
                "Resources": ["arn:stack"],
                "Time": detail.at,
            }
        ]
    ]
    assert json.loads(bus.calls[0][0]["Detail"])["id"] == "a"


def test_no_events_are_no_call() -> None:
    bus = Bus()
    assert publish(bus, {}) == {}
    assert bus.calls == []


@pytest.mark.parametrize(("images", "calls"), [(1, 1), (10, 1), (11, 2), (100, 10)])
def test_calls_are_as_few_as_possible(images: int, calls: int) -> None:
    bus = Bus()
    assert publish(bus, make_events(*map(str, range(images)))) == {}
    assert len(bus.calls) == calls


def test_events_of_one_image_go_in_calls_of_their_own() -> None:
    bus = Bus()
    assert publish(bus, make_events("a", "b", "a", "c", "a")) == {}
    assert [len(call) for call in bus.calls] == [3, 1, 1]
    assert list_versions(bus, "a") == [2, 3, 4]


def test_many_events_of_few_images_take_no_more_calls_than_an_image_has_events() -> None:
    bus = Bus()
    assert publish(bus, make_events(*"aaaabbbbccccdddd")) == {}
    assert [len(call) for call in bus.calls] == [4] * 4
    assert list_versions(bus, "d") == [2, 3, 4, 5]


def test_entry_that_fails_for_a_moment_is_sent_again_alone() -> None:
    bus = Bus(judge=lambda call, entry: "InternalFailure" if (call, is_of(entry, "b")) == (0, True) else None)
    assert publish(bus, make_events("a", "b", "c")) == {}
    assert sorted(name for name, _ in bus.published) == ["a", "b", "c"]
    assert [len(call) for call in bus.calls] == [3, 1]


def is_of(entry: dict[str, Any], image: str) -> bool:
    found: str = json.loads(entry["Detail"])["id"]
    return found == image


def test_later_event_of_an_image_waits_for_one_that_failed() -> None:
    bus = Bus(judge=lambda _, entry: "ThrottlingException" if is_of(entry, "a") else None)
    failures = publish(bus, make_events("a", "b", "a", "b"))
    assert {number: type(error) for number, error in failures.items()} == {"0": Unpublished, "2": Unpublished}
    assert bus.published == [("b", 2), ("b", 3)]
    versions = [
        json.loads(entry["Detail"])["version"] for call in bus.calls for entry in call if is_of(entry, "a")
    ]
    assert versions == [2] * len(PAUSES_SECONDS)


def test_event_that_the_bus_refuses_is_not_sent_again_and_holds_up_no_later_one() -> None:
    bus = Bus(judge=lambda call, entry: "MalformedDetail" if (call, is_of(entry, "a")) == (0, True) else None)
    failures = publish(bus, make_events("a", "a"))
    assert {number: str(error) for number, error in failures.items()} == {"0": "MalformedDetail"}
    assert isinstance(failures["0"], RefusedEvent)
    assert bus.published == [("a", 3)]


@pytest.mark.parametrize("fault", ["ThrottlingException", "lost"])
def test_bus_that_does_not_respond_is_asked_once(fault: str) -> None:
    bus = Bus(break_call=lambda _: fault)
    events = make_events(*map(str, range(35)))
    failures = publish(bus, events)
    assert failures.keys() == events.keys()
    assert all(isinstance(error, Unpublished) for error in failures.values())
    assert isinstance(failures["0"], Unreachable)
    assert len(bus.calls) == 1


def test_call_that_is_not_allowed_fails_for_good() -> None:
    bus = Bus(break_call=lambda _: "AccessDeniedException")
    failures = publish(bus, make_events("a", "b"))
    assert not any(isinstance(error, Unpublished) for error in failures.values())
    assert len(failures) == 2


def test_lost_response_publishes_twice_and_loses_nothing() -> None:
    bus = Bus(break_call=lambda call: "lost" if call == 0 else None)
    events = make_events("a", "b")
    assert publish(bus, events).keys() == {"0", "1"}
    assert publish(bus, events) == {}
    assert bus.published == [("a", 2), ("b", 2)] * 2


def test_pauses_come_only_between_tries() -> None:
    slept: list[float] = []
    client: Any = Bus()
    Publisher(client, "images", "arn:stack", sleep=slept.append).publish(make_events("a"))
    assert slept == [0]
    client = Bus(judge=lambda _, __: "InternalFailure")
    slept.clear()
    Publisher(client, "images", "arn:stack", sleep=slept.append).publish(make_events("a"))
    assert slept == [*PAUSES_SECONDS]


@given(
    images=st.lists(st.sampled_from("abcdefghijklm"), min_size=1, max_size=60),
    seed=st.integers(0, 1000),
)
def test_versions_arrive_in_order_whatever_fails(images: list[str], seed: int) -> None:
    """As the stream does it: all changes from the first that failed on come again."""
    fate = random.Random(seed)  # noqa: S311 - no secret
    bus = Bus(
        judge=lambda _, __: "InternalFailure" if fate.random() < 1 / 3 else None,
        break_call=lambda _: fate.choice([None, None, "lost", "ThrottlingException"]),
    )
    events = make_events(*images)
    first_seen: dict[tuple[str, int], int] = {}
    left = events
    while left:
        failures = publish(bus, left)
        numbers = [*left]
        left = {name: left[name] for name in numbers[min(map(numbers.index, failures)) :]} if failures else {}
    for place, event in enumerate(bus.published):
        first_seen.setdefault(event, place)
    assert first_seen.keys() == {(event.detail.id, event.detail.version) for event in events.values()}
    for image in {*images}:
        places = [first_seen[image, version] for version in range(2, 2 + images.count(image))]
        assert all(earlier < later for earlier, later in pairwise(places))
    assert all(len(call) <= MAX_ENTRIES for call in bus.calls)
