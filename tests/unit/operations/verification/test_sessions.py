from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations.verification import sessions
from operations.verification.deployment import Options
from operations.verification.sessions import delete_images, open_deployment, read_claim
from tests.unit.operations.verification.answers_of_aws import OUTPUTS

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment
    from tests.unit.operations.verification.fakes import Fake

PAYLOAD = base64.urlsafe_b64encode(json.dumps({"sub": "u-1", "username": "x"}).encode()).decode().rstrip("=")
TOKEN = f"h.{PAYLOAD}.s"


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The users that were made."""
    names: list[str] = []

    def make_token(_: object, outputs: object, name: str) -> str:
        assert outputs is OUTPUTS
        names.append(name)
        return TOKEN

    monkeypatch.setattr(sessions, "make_token", make_token)
    return names


def set_parameter(fake: Fake, name: str, value: str) -> None:
    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        for item in output["Stacks"][0]["Parameters"]:
            if item["ParameterKey"] == name:
                item["ParameterValue"] = value

    fake.outputs["cloudformation", "describe_stacks"] = change


def list_deleted_users(fake: Fake) -> list[str]:
    return [given["Username"] for _, name, given in fake.calls if name == "admin_delete_user"]


def test_user_has_a_random_name_and_is_deleted_at_the_end(fake: Fake, names: list[str]) -> None:
    for _ in range(2):
        with open_deployment(fake.client, OUTPUTS, "images-dev", Options()) as deployment:
            assert deployment.user_id == "u-1"
            assert deployment.api.headers["Authorization"] == f"Bearer {TOKEN}"
            assert "Authorization" not in deployment.web.headers
            assert str(deployment.api.base_url) == "https://api.test/dev/"
            assert not deployment.is_embedded
    assert list_deleted_users(fake) == names
    assert len({*names}) == 2


def test_user_is_deleted_also_after_an_error(fake: Fake, names: list[str]) -> None:
    with (
        pytest.raises(ValueError, match="bad"),
        open_deployment(fake.client, OUTPUTS, "images-dev", Options()),
    ):
        raise ValueError("bad")
    assert list_deleted_users(fake) == names


def test_problem_of_a_user_who_was_never_made_stays_the_problem(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise Problem("a second factor")

    def miss(_: object) -> None:
        raise LookupError

    monkeypatch.setattr(sessions, "make_token", refuse)
    fake.outputs["cognito-idp", "admin_delete_user"] = miss
    with (
        pytest.raises(Problem, match="a second factor"),
        open_deployment(fake.client, OUTPUTS, "images-dev", Options()),
    ):
        pass


def test_caller_of_an_open_stack_is_named_in_a_header(fake: Fake, names: list[str]) -> None:
    set_parameter(fake, "AuthMode", "open")
    with open_deployment(fake.client, OUTPUTS, "images-dev", Options()) as deployment:
        assert deployment.api.headers["X-User-Id"] == deployment.user_id
        assert deployment.user_id.startswith("verify-")
    assert names == []


def test_stack_with_another_issuer_has_no_caller(fake: Fake, names: list[str]) -> None:
    outputs = {name: value for name, value in OUTPUTS.items() if name != "UserPoolClientId"}
    with open_deployment(fake.client, outputs, "images-dev", Options()) as deployment:
        assert deployment.user_id == ""
        assert "Authorization" not in deployment.api.headers
    assert names == []


def test_embedded_stack_is_reached_at_its_public_url(fake: Fake) -> None:
    set_parameter(fake, "PublicUrl", "http://localhost:3000")
    with open_deployment(fake.client, OUTPUTS, "", Options()) as deployment:
        assert str(deployment.api.base_url) == "http://localhost:3000"
        assert deployment.is_embedded


def test_stack_that_is_not_there_is_a_problem(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "describe", lambda *_: None)
    with (
        pytest.raises(Problem, match="does not describe the stack images-dev"),
        open_deployment(fake.client, OUTPUTS, "images-dev", Options()),
    ):
        pass


def test_claim_of_a_token_is_read() -> None:
    assert [read_claim(TOKEN, name) for name in ("sub", "username")] == ["u-1", "x"]


def test_image_that_is_gone_already_counts_as_deleted(deployment: Deployment) -> None:
    image_id = deployment.upload()["id"]
    deployment.api.delete(f"/images/{image_id}")
    assert delete_images(deployment) == []
    assert deployment.made == []
