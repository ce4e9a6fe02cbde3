from __future__ import annotations

import os
import time

import pytest

from processor.renditions import render
from processor.sandbox import Bounds, call
from shared.errors import FieldError, UnacceptableImage, Unavailable, UnsupportedImage
from tests.pictures import make_picture

MEGABYTE = 2**20
BOUNDS = Bounds(cpu_seconds=1, memory_bytes=200 * MEGABYTE)

# xdist's workers run a thread beside the test; the functions have none.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def spin(_: bytes) -> None:
    while True:
        pass


def refuse(_: bytes) -> None:
    raise UnsupportedImage("Why.", [FieldError("file", "is odd")])


def fail(_: bytes) -> None:
    raise ZeroDivisionError("by zero")


def test_result_comes_back() -> None:
    assert call(render, make_picture(), BOUNDS, seconds=60) == render(make_picture())


def test_refusal_comes_back_as_it_was() -> None:
    with pytest.raises(UnsupportedImage, match="Why") as raised:
        call(refuse, b"", BOUNDS, seconds=60)
    assert raised.value.errors == (FieldError("file", "is odd"),)


def test_mistake_comes_back_with_the_place_where_it_was_made() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        call(fail, b"", BOUNDS, seconds=60)
    assert "in fail" in raised.value.__notes__[0]


def test_image_that_takes_too_long_is_refused() -> None:
    with pytest.raises(UnacceptableImage, match="too long"):
        call(spin, b"", BOUNDS, seconds=60)


def test_image_that_takes_too_much_memory_is_refused() -> None:
    assert call(lambda _: len(bytearray(100 * MEGABYTE)), b"", BOUNDS, seconds=60) == 100 * MEGABYTE
    with pytest.raises(UnacceptableImage, match="memory"):
        call(lambda _: len(bytearray(300 * MEGABYTE)), b"", BOUNDS, seconds=60)


def test_time_that_passes_without_work_is_no_fault_of_the_image() -> None:
    with pytest.raises(Unavailable):
        call(lambda _: time.sleep(60), b"", BOUNDS, seconds=0.1)


def test_process_that_is_killed_is_no_fault_of_the_image() -> None:
    with pytest.raises(Unavailable):
        call(lambda _: os.kill(os.getpid(), 9), b"", BOUNDS, seconds=60)
