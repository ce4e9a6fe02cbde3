"""The client with a server that is busy, away or hostile."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from images import client as client_module
from images.answers import BrokenAnswerError, ChangedError, Image, RefusedError
from images.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ID = "2f558fa9-4299-4440-9b39-9c0420c74f81"
DATA = b"the bytes of a photo"
SHA256 = hashlib.sha256(DATA).hexdigest()
S3_URL = "http://s3.test/bucket"

type Answer = httpx.Response | Exception


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0)
    monkeypatch.setattr(client_module, "MAX_TRIES", 3)


def make_image(**fields: object) -> dict[str, Any]:
    image = {"id": ID, "filename": "a.png", "status": "ready", "createdAt": "2026-11-28T20:00:00Z"}
    stored = {"size": len(DATA), "sha256": SHA256, "trashedAt": None, "statusReason": None, "url": "x"}
    return image | stored | fields


def make_problem(status: int, **fields: object) -> httpx.Response:
    return httpx.Response(status, json={"detail": "No.", **fields})


class Server:
    """Gives one answer after another, and the last one for ever. It keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = [*answers]
        self.requests: list[httpx.Request] = []
        self.client = Client("http://api.test", {"X-User-Id": b"alice"}, httpx.MockTransport(self.respond))

    def respond(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def keys(self) -> list[str]:
        return [request.headers["Idempotency-Key"] for request in self.requests]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(DATA)
    return path


def upload(server: Server, photo: Path, *, is_inline: bool = True) -> Image:
    fields = {"visibility": "private", "tags": ["a, b"]}
    return server.client.upload(photo, SHA256, fields, is_inline=is_inline)


@pytest.mark.parametrize(
    "answer",
    [
        make_problem(429),
        make_problem(503),
        httpx.Response(502, text="<html>bad gateway</html>"),
        make_problem(409, code="still_running"),
        httpx.ConnectError("away"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
)
def test_upload_is_repeated_with_its_key_until_it_succeeds(answer: Answer, photo: Path) -> None:
    server = Server(answer, answer, httpx.Response(201, json=make_image()))
    assert upload(server, photo).id == ID
    assert len(server.requests) == 3
    assert len({*server.keys}) == 1
    assert {request.content for request in server.requests} == {DATA}


@pytest.mark.parametrize(
    "answer",
    [make_problem(422), make_problem(401), make_problem(403), httpx.UnsupportedProtocol("ftp")],
)
def test_upload_that_never_succeeds_is_not_repeated(answer: Answer, photo: Path) -> None:
    server = Server(answer)
    with pytest.raises((RefusedError, httpx.UnsupportedProtocol)):
        upload(server, photo)
    assert len(server.requests) == 1


def test_pause_that_takes_hours_is_not_waited_for(photo: Path) -> None:
    server = Server(httpx.Response(429, headers={"Retry-After": "86400"}, json={"detail": "Full."}))
    with pytest.raises(RefusedError, match="Full"):
        upload(server, photo)
    assert len(server.requests) == 1


@pytest.mark.parametrize("pause", ["Fri, 31 Dec 1999 23:59:59 GMT", "-1", "nan", "1e9", ""])
def test_pause_that_is_no_number_is_none(pause: str) -> None:
    assert RefusedError(httpx.Response(503, headers={"Retry-After": pause})).pause_seconds == 0


def test_next_run_sends_the_same_key(photo: Path) -> None:
    runs = [Server(httpx.Response(201, json=make_image())) for _ in range(2)]
    for server in runs:
        upload(server, photo)
    assert runs[0].keys == runs[1].keys
    assert runs[0].requests[0].url == runs[1].requests[0].url


@pytest.mark.parametrize(
    "earlier",
    [
        make_problem(404),
        httpx.Response(201, json=make_image(status="rejected")),
        httpx.Response(201, json=make_image(trashedAt="2026-11-28T20:00:00Z")),
        httpx.Response(201, json=make_image(sha256="0" * 64)),
    ],
)
def test_image_of_an_earlier_run_that_is_gone_is_sent_again(earlier: httpx.Response, photo: Path) -> None:
    server = Server(earlier, httpx.Response(201, json=make_image()))
    assert upload(server, photo).is_kept
    assert len({*server.keys}) == 2


def test_image_that_has_other_bytes_is_not_that_of_the_file(photo: Path) -> None:
    server = Server(httpx.Response(201, json=make_image(sha256="0" * 64)))
    with pytest.raises(BrokenAnswerError, match="not those of the file"):
        upload(server, photo)


def test_form_of_s3_gets_no_header_of_the_user(photo: Path) -> None:
    begun = {"id": ID, "upload": {"url": S3_URL, "fields": {"key": "k"}}}
    server = Server(
        httpx.Response(201, json=begun), httpx.Response(204), httpx.Response(200, json=make_image())
    )
    assert upload(server, photo, is_inline=False).id == ID
    announced, posted, _ = server.requests
    assert json.loads(announced.content)["sha256"] == SHA256
    assert posted.url == S3_URL
    assert "X-User-Id" not in posted.headers
    assert DATA in posted.content


def test_duplicate_of_a_large_file_is_not_sent(photo: Path) -> None:
    server = Server(httpx.Response(200, json=make_image()))
    assert upload(server, photo, is_inline=False).id == ID
    assert len(server.requests) == 1


def test_name_of_any_bytes_is_sent_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a\udcff\"b'\n(1).png"
    path.write_bytes(DATA)
    server = Server(httpx.Response(201, json=make_image()))
    upload(server, path)
    assert server.requests[0].url.params["filename"] == "a\ufffd\"b'\n(1).png"
    assert json.loads(server.requests[0].url.params["tags"]) == ["a, b"]


LISTING: Callable[[Client], Any] = lambda client: [*client.list_images()]  # noqa: E731 - a case of the table
CALLS: list[Callable[[Client], Any]] = [
    LISTING,
    Client.count_images,
    Client.get_max_inline_bytes,
    lambda client: client.get_image(ID),
    lambda client: client.make_link(ID, "large", 60),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "body", [b"<html>sign in</html>", b"[]", b"null", b"{}", b"7", b"\xff", b"[" * 10_000]
)
def test_answer_of_something_else_is_told(body: bytes, call: Callable[[Client], Any]) -> None:
    server = Server(httpx.Response(200, content=body))
    with pytest.raises(BrokenAnswerError, match="no answer of the API"):
        call(server.client)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errors": [1]}', b'{"errors": 7}', b"\xff", b"null"])
def test_error_of_something_else_is_its_status(body: bytes) -> None:
    assert str(RefusedError(httpx.Response(400, content=body))) == "HTTP 400"


@pytest.mark.parametrize("fields", [{"id": "../../x"}, {"id": 7}, {"size": "x"}, {"size": []}])
def test_image_with_a_field_of_another_kind_is_refused(fields: dict[str, Any]) -> None:
    server = Server(httpx.Response(200, json=make_image(**fields)))
    with pytest.raises(BrokenAnswerError):
        server.client.get_image(ID)


def test_listing_that_leads_to_itself_ends() -> None:
    server = Server(httpx.Response(200, json={"images": [], "nextCursor": "a"}))
    with pytest.raises(BrokenAnswerError, match="itself"):
        LISTING(server.client)


def test_original_comes_from_s3_without_headers_of_the_user(tmp_path: Path) -> None:
    server = Server(
        httpx.Response(302, headers={"Location": f"{S3_URL}/a?X-Amz-Signature=b"}),
        httpx.Response(200, content=DATA),
    )
    server.client.download(Image.read(make_image()), [tmp_path / "a.png"])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.png": DATA}
    assert "X-User-Id" in server.requests[0].headers
    assert "X-User-Id" not in server.requests[1].headers


@pytest.mark.parametrize(
    "answers",
    [
        [httpx.Response(200, content=DATA)],
        [httpx.Response(302, headers={"Location": "file:///etc/passwd"})],
        [httpx.Response(302, headers={"Location": "http://[::"})],
        [httpx.Response(302, headers={"Location": S3_URL}), httpx.Response(200, content=DATA[:-1] + b"x")],
        [httpx.Response(302, headers={"Location": S3_URL}), httpx.Response(200, content=DATA * 100_000)],
        [httpx.Response(302, headers={"Location": S3_URL}), httpx.Response(403, text="<Error/>")],
        [httpx.Response(302, headers={"Location": S3_URL})],
    ],
)
def test_other_bytes_than_those_of_the_image_leave_no_file(answers: list[Answer], tmp_path: Path) -> None:
    server = Server(*answers)
    with pytest.raises(client_module.FAILURES):
        server.client.download(Image.read(make_image()), [tmp_path / "a.png"])
    assert [*tmp_path.iterdir()] == []


def test_stopped_client_repeats_nothing(photo: Path) -> None:
    server = Server(make_problem(503))
    server.client.stop()
    with pytest.raises(RefusedError):
        upload(server, photo)
    assert len(server.requests) == 1


def test_file_that_was_written_behind_a_download_is_not_overwritten(tmp_path: Path) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.test":
            return httpx.Response(302, headers={"Location": S3_URL})
        (tmp_path / "a.png").write_bytes(b"mine")
        return httpx.Response(200, content=DATA)

    client = Client("http://api.test", {}, httpx.MockTransport(respond))
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    assert client.download(Image.read(make_image()), paths) == paths[1]
    assert [path.read_bytes() for path in paths] == [b"mine", DATA]


def test_file_that_changes_while_it_is_read_is_not_uploaded(photo: Path) -> None:
    photo.write_bytes(DATA[:-1])
    server = Server(httpx.Response(201, json=make_image()))
    with pytest.raises(ChangedError):
        upload(server, photo)
    assert server.requests == []


def test_large_file_that_changes_is_named_as_such(photo: Path) -> None:
    begun = {"id": ID, "upload": {"url": S3_URL, "fields": {"key": "k"}}}
    server = Server(httpx.Response(201, json=begun), httpx.Response(400, text="<Error/>"))
    with pytest.raises(RefusedError, match="HTTP 400"):
        upload(server, photo, is_inline=False)
    photo.write_bytes(DATA[:-1])
    server = Server(httpx.Response(201, json=begun), httpx.Response(400, text="<Error/>"))
    with pytest.raises(ChangedError):
        upload(server, photo, is_inline=False)


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("slow"), make_problem(503)])
def test_deletion_whose_answer_was_lost_is_one(lost: Answer) -> None:
    server = Server(lost, make_problem(404))
    server.client.delete(ID)
    assert len(server.requests) == 2


def test_deletion_of_what_is_not_there_fails() -> None:
    server = Server(make_problem(404))
    with pytest.raises(RefusedError):
        server.client.delete(ID)
