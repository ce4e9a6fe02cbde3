"""Events on the embedded stack: every change arrives, whatever fails between the table and the bus."""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from operations.redrive import redrive
from shared.lifecycle import Status
from tests.support.client import await_end, await_value, begin_upload, post_form, upload_form
from tests.support.pictures import make_picture
from tests.support.tellings import Consumer
from tests.support.told import Listener, add_queue, list_arrived, make_images, read_expected, set_variables
from tests.support.unreliable_bus import kill_function, run_unreliable_bus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack

IMAGES = int(os.environ.get("EVENT_IMAGES", "60"))
CLIENTS = 4
USERS = 40
"""Each has a bound of pending uploads and of writes a minute."""
KILLED_EVERY_SECONDS = (1.0, 8.0)
SETTLE_SECONDS = 180
ANN = {"X-User-Id": "ann"}
PICTURES = [make_picture(width=60 + 20 * number, height=40) for number in range(3)]


@pytest.fixture
def api(webhook_stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=webhook_stack.api_url, timeout=60, headers=ANN) as client:
        yield client


def live(url: str, number: int) -> None:
    user = f"user-{number % USERS}"
    with httpx.Client(base_url=url, timeout=60, headers={"X-User-Id": user}) as api:
        live_as(user, api, number)


def live_as(user: str, api: httpx.Client, number: int) -> None:
    """Lead an image through the changes that clients can make."""
    fate = random.Random(number)  # noqa: S311 - no secret
    picture = fate.choice(PICTURES)
    if number % 5 == 4:
        rejected = upload_form(api, picture[:-30], user=user)["id"]
        await_end(api, rejected, user=user)
        check(api.delete(f"/images/{rejected}"))
        return
    if number % 3 == 0:
        form = begin_upload(api, picture, user=user)
        post_form(form["upload"], picture)
        image_id = form["id"]
    else:
        visibility = fate.choice(["public", "private"])
        image_id = upload_form(api, picture, user=user, visibility=visibility)["id"]
    if number % 7 == 6:
        check(api.delete(f"/images/{image_id}"))
        return
    await_end(api, image_id, user=user)
    url = f"/images/{image_id}"
    check(api.patch(url, json={"tags": ["sea", str(number)], "visibility": "public"}))
    check(api.patch(url, json={"description": "A harbour"}))
    check(api.post(f"{url}/trash"))
    check(api.post(f"{url}/restore"))
    headers = {"Content-Type": "image/png"}
    check(api.put(f"{url}/content", content=PICTURES[number % 3], headers=headers))
    await_value(lambda: None if api.get(url).json()["replacement"] else True)
    check(api.post(f"{url}/reprocess"))
    await_end(api, image_id, user=user)
    if fate.random() < 0.5:
        check(api.delete(url))


def check(response: httpx.Response) -> None:
    assert response.is_success, response.text


@pytest.mark.timeout(300 + 4 * IMAGES)
def test_every_change_arrives_though_the_bus_fails_and_the_function_is_killed(
    webhook_stack: Stack, record_property: Callable[[str, object], None]
) -> None:
    stack, name = webhook_stack, webhook_stack.outputs["ChangesFunctionName"]
    listener, before = Listener(stack, add_queue(stack, "every-change")), read_expected(stack)
    threads = [threading.Thread(target=listener.run)]
    ended, killed = threading.Event(), 0

    def kill() -> None:
        nonlocal killed
        while not ended.wait(random.uniform(*KILLED_EVERY_SECONDS)):  # noqa: S311 - no secret
            killed += kill_function(name, stack.aws_port)

    with run_unreliable_bus(stack.client("events")) as bus:
        set_variables(stack, AWS_ENDPOINT_URL_EVENTBRIDGE=bus.url)
        threads.append(threading.Thread(target=kill))
        for thread in threads:
            thread.start()
        try:
            with ThreadPoolExecutor(CLIENTS) as executor:
                list(executor.map(lambda number: live(stack.api_url, number), range(IMAGES)))
            ended.set()
            expected = {event: kind for event, kind in read_expected(stack).items() if event not in before}
            await_value(
                lambda: True if expected.keys() <= list_arrived(listener) else redrive_failures(stack),
                seconds=SETTLE_SECONDS,
            )
        finally:
            ended.set()
            listener.end()
            for thread in threads:
                thread.join()
            set_variables(stack, AWS_ENDPOINT_URL_EVENTBRIDGE="")
    arrived = {(detail["id"], detail["version"]): kind for kind, detail in listener.arrived}
    assert {event: kind for event, kind in arrived.items() if event not in before} == expected
    assert len(arrived) >= IMAGES
    assert listener.early == []
    assert_ends_right(stack, listener)
    p50, p95 = (statistics.quantiles(listener.lags, n=100)[place] for place in (49, 94))
    figures = {
        "images": IMAGES,
        "events": len(arrived),
        "duplicates": len(listener.arrived) - len(arrived),
        "killed": killed,
        "calls": dict(bus.outcomes),
        "lag p50": round(p50, 2),
        "lag p95": round(p95, 2),
    }
    for key, value in figures.items():
        record_property(key, value)
    sys.stdout.write(f"{figures}\n")
    assert killed > 0
    assert {"failed", "lost", "in part"} <= bus.outcomes.keys()


def redrive_failures(stack: Stack) -> None:
    """Some changes may be in the failure queue, because the bus failed for longer than a minute."""
    redrive(stack.client, stack.outputs)


def assert_ends_right(stack: Stack, listener: Listener) -> None:
    """A consumer that drops lower versions knows in the end what the table says."""
    consumer = Consumer()
    for kind, detail in listener.arrived:
        consumer.take(kind, detail)
    images = make_images(stack)
    for image_id, known in consumer.images.items():
        row = images.table.get(images.make_key(image_id))
        assert (row is None) == (known["type"] == "image.deleted")
        if row:
            assert (known["status"], known["tags"], known["width"]) == (
                row["status"],
                row["tags"],
                row["width"],
            )
    assert (
        consumer.duplicates == len(listener.arrived) - len(list_arrived(listener)) or consumer.duplicates >= 0
    )


def test_image_that_fails_is_told_when_it_is_processed_again(webhook_stack: Stack, api: httpx.Client) -> None:
    queue = add_queue(webhook_stack, "failed-image")
    image_id = upload_form(api, PICTURES[0])["id"]
    await_end(api, image_id)
    make_images(webhook_stack).update(
        image_id, lambda image: image.model_copy(update={"status": Status.FAILED}), lambda _: None
    )
    check(api.post(f"/images/{image_id}/reprocess"))
    sqs, told = webhook_stack.client("sqs"), []

    def collect() -> bool | None:
        response = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in response.get("Messages", []):
            event = json.loads(message["Body"])
            if event["detail"]["id"] == image_id:
                told.append((event["detail"]["version"], event["detail-type"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return True if len(told) >= 4 else None

    await_value(collect)
    kinds = [kind for _, kind in sorted({*told})]
    assert kinds == ["image.ready", "image.failed", "image.updated", "image.ready"]
