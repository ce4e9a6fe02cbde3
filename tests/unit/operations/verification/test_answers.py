from __future__ import annotations

import httpx
import pytest

from operations.verification.answers import describe_times, require_problem, require_status
from operations.verification.verdicts import Refuted, require, require_equal
from tests.unit.operations.verification.fake_files import problem

REQUEST = httpx.Request("GET", "https://api.test/dev/images")


def send(response: httpx.Response) -> httpx.Response:
    response.request = REQUEST
    return response


def test_wrong_status_is_told_with_the_request_and_the_text() -> None:
    with pytest.raises(Refuted, match=r"GET /dev/images answers 500: oops"):
        require_status(send(httpx.Response(500, text="oops")), 200, 201)


def test_right_status_passes() -> None:
    response = send(httpx.Response(201))
    assert require_status(response, 200, 201) is response


def test_error_without_a_code_is_refuted() -> None:
    with pytest.raises(Refuted, match="names no code"):
        require_problem(send(problem(404, "")), 404)


def test_body_of_a_right_error_is_returned() -> None:
    assert require_problem(send(problem(404, "not_found")), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([0.2], "median 200 ms, p95 200 ms"),
        ([number / 100 for number in range(20, 0, -1)], "median 105 ms, p95 200 ms"),
    ],
)
def test_times_are_described(seconds: list[float], words: str) -> None:
    assert describe_times(seconds) == words


def test_requirements_say_what_is_wrong() -> None:
    require(holds=True, message="")
    require_equal(1, 1, "number")
    with pytest.raises(Refuted, match="number is 1 instead of 2"):
        require_equal(1, 2, "number")
