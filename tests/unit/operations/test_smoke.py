"""The smoke test passes on a right deployment, and names the step that is broken."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.console import Problem
from operations import smoke as command
from operations.smoke import CHECKS, smoke
from operations.verification.deployment import Options
from operations.verification.runner import run_claims
from operations.verification.sessions import open_deployment
from tests.unit.operations.verification.answers_of_aws import OUTPUTS, PARAMETERS
from tests.unit.operations.verification.fakes import Fake
from tests.unit.operations.verification.faults_of_api import IMAGE, edit, reply, status
from tests.unit.operations.verification.test_sessions import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operations.verification.deployment import Deployment

NOTHING = httpx.Response(200, json={"images": [], "files": []})
OTHER_BYTES = httpx.Response(200, content=b"other")
FAULTS: list[tuple[str, str, Callable[[Fake], object]]] = [
    ("health", "healthy: GET /dev/health answers 503", status("/health$", 503)),
    ("form", "accepted: POST /dev/images/upload answers 500", status("/images/upload$", 500)),
    (
        "json",
        "ready: the image is rejected",
        edit(IMAGE, status="rejected", statusReason="x"),
    ),
    ("raw", "ready: the image is not ready after 60 s", edit(IMAGE, status="processing")),
    ("raw", "listed: the image is not in the listing", reply(r"GET .*/images\?", NOTHING)),
    ("form", "seen: SHA-256 of the original", reply("GET https://s3.test", OTHER_BYTES)),
    ("form", "seen: type of", reply(r"GET .*/content/\w+$", OTHER_BYTES)),
    ("json", "deleted: DELETE", status("DELETE", 503)),
    ("direct", "accepted: POST /dev/images/uploads answers 403", status("/images/uploads$", 403)),
    ("direct", "accepted: POST /bucket answers 403", status("POST https://s3.test", 403)),
    ("legacy", "accepted: POST /dev/upload answers 500", status("POST .*/dev/upload$", 500)),
    ("legacy", "listed: the file is not in the listing", reply("GET .*/files$", NOTHING)),
    ("legacy", "seen: the bytes of the file", reply("GET https://s3.test", OTHER_BYTES)),
    ("legacy", "deleted: GET", reply("GET https://api.test/dev/files/", OTHER_BYTES)),
]


@pytest.fixture(autouse=True)
def aws() -> None:
    """No emulated AWS runs."""


def run(fake: Fake, check_id: str = "", **options: Any) -> tuple[list[str], dict[str, int]]:  # noqa: ANN401
    lines: list[str] = []
    checks = [check for check in CHECKS if check_id in {"", check.id}]
    return lines, run_claims(fake.deploy(**options), checks, lines.append)


def test_right_deployment_passes_every_check_and_nothing_is_left() -> None:
    fake = Fake()
    lines, outcomes = run(fake)
    assert outcomes == {"ok": len(CHECKS), "FAILED": 0}, lines
    assert lines[1] == "form: ok (accepted 0.0 s, ready 0.0 s, listed 0.0 s, seen 0.0 s, deleted 0.0 s)"
    assert (fake.images, fake.files.found, [key for key in fake.objects if "renditions" not in key]) == (
        {},
        {},
        [],
    )


@pytest.mark.parametrize(("check_id", "words", "fault"), FAULTS, ids=[words for _, words, _ in FAULTS])
def test_what_is_broken_is_named(check_id: str, words: str, fault: Callable[[Fake], object]) -> None:
    fake = Fake()
    fault(fake)
    lines, outcomes = run(fake, check_id)
    assert outcomes["FAILED"]
    assert lines[0].startswith(f"{check_id}: FAILED: {words}"), lines


def test_bytes_that_stay_after_the_deletion_are_named() -> None:
    fake = Fake()
    kept = httpx.Response(200, content=b"", headers={"Content-Type": "image/png"})

    def keep(response: httpx.Response) -> httpx.Response:
        return kept if response.status_code == httpx.codes.NOT_FOUND else response

    fake.changes.append(("GET https://s3.test", keep))
    lines, _ = run(fake, "raw")
    assert lines == ["raw: FAILED: deleted: the bytes are still there after 60 s"]


def test_legacy_upload_that_is_switched_off_is_skipped() -> None:
    lines, _ = run(Fake(), "legacy", parameters=PARAMETERS | {"LegacyUpload": "disabled"})
    assert lines == ["legacy: skipped: LegacyUpload is disabled"]


def test_file_is_deleted_also_if_it_is_not_listed() -> None:
    fake = Fake()
    reply("GET .*/files$", NOTHING)(fake)
    run(fake, "legacy")
    assert fake.files.found == {}


def test_notes_that_a_record_was_counted_down_are_deleted_too() -> None:
    fake = Fake()
    run(fake, "raw")
    run(fake, "legacy")
    deleted = [
        given["Key"]["pk"]["S"].partition("#")[0] for _, name, given in fake.calls if name == "delete_item"
    ]
    assert deleted == ["USER", "IMAGE", "USER", "FILE"]


def test_rows_of_a_user_of_another_issuer_are_left_alone() -> None:
    fake = Fake()
    run(fake, "raw", owns_user=False)
    assert [name for _, name, _ in fake.calls if name == "delete_item"] == []


def test_token_names_the_caller_and_no_user_is_made() -> None:
    fake = Fake()
    with open_deployment(fake.client, OUTPUTS, "images-dev", Options(), token=TOKEN) as deployment:
        assert (deployment.user_id, deployment.owns_user) == ("u-1", False)
        assert deployment.api.headers["Authorization"] == f"Bearer {TOKEN}"
    assert [service for service, _, _ in fake.calls] == ["cloudformation"]


def serve(monkeypatch: pytest.MonkeyPatch, fake: Fake, **options: Any) -> None:  # noqa: ANN401
    @contextmanager
    def open_fake(*_: object, token: str) -> Iterator[Deployment]:
        assert token == "t"  # noqa: S105 - of nobody
        yield fake.deploy(**options)

    monkeypatch.setattr(command, "open_deployment", open_fake)


def test_command_prints_a_line_for_each_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake()
    serve(monkeypatch, fake)
    smoke(fake.client, OUTPUTS, "images-dev", "t")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[1:-1]] == [check.id for check in CHECKS]
    assert lines[-1] == "6 checks passed, and nothing is left"


def test_command_fails_if_a_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake()
    status("/health$", 503)(fake)
    serve(monkeypatch, fake)
    with pytest.raises(Problem, match="1 of 6 checks failed"):
        smoke(fake.client, OUTPUTS, "images-dev", "t")


def test_stack_without_a_caller_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake()
    serve(monkeypatch, fake, user_id="")
    with pytest.raises(Problem, match="SMOKE_TOKEN"):
        smoke(fake.client, OUTPUTS, "images-dev", "t")
