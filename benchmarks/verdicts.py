"""What a running service says of every file of the corpora, on every way in.

python benchmarks/verdicts.py URL [FOLDER]

Ends with 1 if the service fails or takes long over a form, if an image is never done, or if one fares other
than its corpus expects. The images stay, with a user of their own.
"""

from __future__ import annotations

import base64
import csv
import json
import mimetypes
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

DEFAULT_FOLDER = Path(__file__).parents[2] / "shared" / "corpora"
VALID_FOLDERS = ("pillow", "libavif", "exif-orientation")
ACCEPTED_SUFFIXES = (".jpg", ".png", ".gif", ".webp", ".avif")
ACCEPTED_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
MISREAD_CASE = "python-multipart/single_field_blocks.body"
"""Expected to be read, though its boundary lines lack the two dashes in front of the boundary."""

THREADS = 4
PATIENCE_SECONDS = 180
POLL_SECONDS = 0.2
MAX_INLINE_BYTES = 4_400_000
MAX_FORM_MS = 1000
MIN_VALID_SHARE = 0.995

CREATED, BAD_REQUEST, TOO_LARGE, UNSUPPORTED, UNPROCESSABLE, SERVER_ERROR = 201, 400, 413, 415, 422, 500
UNFINISHED = ("pending", "processing")

USER = f"verdicts-{uuid.uuid4()}"


@dataclass(frozen=True)
class Sample:
    """A file of a corpus: an image, or the body of a request with a form. `content_type` is of either."""

    name: str
    group: str
    content_type: str
    data: bytes
    expect: str


class Reply(NamedTuple):
    """The response that decided about an upload, and the image if it was accepted."""

    response: httpx.Response
    image_id: str | None


@dataclass(frozen=True)
class Verdict:
    """What became of a sample. `status` is the image's last, or empty where there was none."""

    path: str
    sample: Sample
    code: int
    milliseconds: float
    reason: str
    status: str = ""
    filename: str = ""

    @property
    def refused(self) -> bool:
        return BAD_REQUEST <= self.code < SERVER_ERROR

    @property
    def too_large(self) -> bool:
        return self.path != "direct" and len(self.sample.data) > MAX_INLINE_BYTES


type Send = Callable[[httpx.Client, Sample], Reply]
type Job = tuple[str, Send, Sample]


# Ways in


def send_form(api: httpx.Client, image: Sample) -> Reply:
    file = (Path(image.name).name, image.data, image.content_type)
    return read_reply(api.post("/images/upload", files={"file": file}, data={"userId": USER}))


def send_json(api: httpx.Client, image: Sample, prefix: str = "") -> Reply:
    content = prefix + base64.b64encode(image.data).decode()
    described = {"filename": Path(image.name).name, "content": content, "contentType": image.content_type}
    return read_reply(api.post("/images/upload", json={"image": described, "metadata": {"userId": USER}}))


def send_data_uri(api: httpx.Client, image: Sample) -> Reply:
    return send_json(api, image, f"data:{image.content_type};base64,")


def send_bytes(api: httpx.Client, image: Sample) -> Reply:
    query = {"userId": USER, "filename": Path(image.name).name}
    headers = {"Content-Type": image.content_type}
    return read_reply(api.post("/images/upload", params=query, content=image.data, headers=headers))


def send_directly(api: httpx.Client, image: Sample) -> Reply:
    content_type = image.content_type if image.content_type in ACCEPTED_TYPES else "image/jpeg"
    wanted = {
        "filename": Path(image.name).name,
        "contentType": content_type,
        "size": len(image.data),
        "metadata": {"userId": USER},
    }
    begun = api.post("/images/uploads", json=wanted)
    if begun.status_code != CREATED:
        return Reply(begun, None)
    upload = begun.json()["upload"]
    response = api.post(upload["url"], data=upload["fields"], files={"file": image.data})
    return Reply(response, begun.json()["id"] if response.is_success else None)


def send_whole_form(api: httpx.Client, case: Sample) -> Reply:
    headers = {"Content-Type": case.content_type, "X-User-Id": USER}
    return read_reply(api.post("/images/upload", content=case.data, headers=headers))


def read_reply(response: httpx.Response) -> Reply:
    return Reply(response, response.json()["id"] if response.status_code == CREATED else None)


IMAGE_PATHS: dict[str, Send] = {
    "multipart": send_form,
    "json": send_json,
    "data uri": send_data_uri,
    "raw body": send_bytes,
    "direct": send_directly,
}
CASE_PATH = "form as is"
FORM_PATHS = ("multipart", CASE_PATH)


# Samples


def read_images(folder: Path) -> Iterator[Sample]:
    with (folder / "generated" / "expected.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield read_image(folder, folder / "generated" / row["file"], row["expect"])
    for name in VALID_FOLDERS:
        for path in sorted((folder / name).rglob("*.*")):
            if path.is_file():
                yield read_image(folder, path, "ok")


def read_image(folder: Path, path: Path, expect: str) -> Sample:
    name = path.relative_to(folder)
    group = "/".join(name.parts[:2]) if name.parts[0] == "generated" else name.parts[0]
    guessed = mimetypes.guess_type(path.name)[0] or ""
    content_type = guessed if guessed.startswith("image/") else "image/jpeg"
    return Sample(str(name), group, content_type, path.read_bytes(), expect)


def read_cases(folder: Path) -> Iterator[Sample]:
    for line in (folder / "index.jsonl").read_text().splitlines():
        case = json.loads(line)
        name = case["file"]
        data = (folder / "cases" / name).read_bytes()
        yield Sample(name, name.partition("/")[0], case["content_type"], data, read_expectation(case))


def read_expectation(case: Mapping[str, Any]) -> str:
    """The index lists the parts of a form that can be read, and says nothing of one that may be either."""
    if case["file"] == MISREAD_CASE:
        return "error"
    match case["expect"]:
        case None:
            return "any"
        case list():
            return "ok"
        case expect:
            return str(expect)


# Verdicts


def judge(api: httpx.Client, path: str, send: Send, sample: Sample) -> Verdict:
    started = time.monotonic()
    try:
        reply = send(api, sample)
        image = reply.image_id and await_end(api, reply.image_id)
    except httpx.TransportError as error:
        return Verdict(path, sample, 0, 1000 * (time.monotonic() - started), repr(error))
    milliseconds = 1000 * reply.response.elapsed.total_seconds()
    verdict = Verdict(path, sample, reply.response.status_code, milliseconds, read_reason(reply.response))
    if not image:
        return verdict
    reason = image["statusReason"] or ""
    return replace(verdict, status=image["status"], reason=reason, filename=image["filename"])


def await_end(api: httpx.Client, image_id: str) -> Any:  # noqa: ANN401 - JSON
    image = {"status": "pending", "statusReason": "It could not be read.", "filename": ""}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while image["status"] in UNFINISHED and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        response = api.get(f"/images/{image_id}", headers={"X-User-Id": USER})
        image = response.json() if response.is_success else image
    return image


def read_reason(response: httpx.Response) -> str:
    if response.headers.get("Content-Type") == "application/problem+json":
        return str(response.json()["detail"])
    return "" if response.is_success else response.text[:200]


def is_as_expected(verdict: Verdict) -> bool:
    return is_case_as_expected(verdict) if verdict.path == CASE_PATH else is_image_as_expected(verdict)


def is_image_as_expected(verdict: Verdict) -> bool:
    sample = verdict.sample
    if verdict.too_large:
        return verdict.code == TOO_LARGE
    # Not 400: whatever the image is, the request that brings it can be read.
    refused = verdict.code in {TOO_LARGE, UNSUPPORTED, UNPROCESSABLE} or verdict.status == "rejected"
    match sample.expect:
        case "ok":
            return verdict.status == "ready"
        case "reject":
            return refused
        case "policy" if sample.name.endswith(ACCEPTED_SUFFIXES):
            return verdict.status == "ready"
        case "policy":
            return verdict.code == UNSUPPORTED or verdict.status == "rejected"
        case "ok-or-reject" | "reject-or-ok" | "reject-or-bounded" | "no-crash":
            return refused or verdict.status == "ready"
        case unknown:
            raise SystemExit(f"{sample.name} expects {unknown!r}, which this script does not know")


def is_case_as_expected(verdict: Verdict) -> bool:
    """400 says that the form cannot be read; 415 and 422 judge what was read in it."""
    done = verdict.status in {"ready", "rejected"}
    match verdict.sample.expect:
        case "error" | "error-fast":
            return verdict.refused
        case "400-not-500":
            return verdict.code == BAD_REQUEST
        case "ok":
            return done or verdict.code in {UNSUPPORTED, UNPROCESSABLE}
        case "clean":
            return done and verdict.filename.isprintable() and not set(verdict.filename) & set("/\\")
        case "any" | "ok-or-error" | "error-or-defined" | "error-or-ignored" | "ignored-or-error":
            return done or verdict.refused
        case unknown:
            raise SystemExit(f"{verdict.sample.name} expects {unknown!r}, which this script does not know")


# Report


def print_table(verdicts: Sequence[Verdict]) -> None:
    columns = "{:11} {:21} {:>5} {:>6} {:>9} {:>7} {:>11}  {}"
    titles = ("path", "class", "sent", "ready", "rejected", "failed", "unfinished", "refused at once")
    print(columns.format(*titles))
    for path, group in dict.fromkeys((verdict.path, verdict.sample.group) for verdict in verdicts):
        row = [verdict for verdict in verdicts if (verdict.path, verdict.sample.group) == (path, group)]
        statuses = Counter(verdict.status for verdict in row)
        codes = Counter(verdict.code for verdict in row if not verdict.status)
        refusals = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
        unfinished = sum(statuses[status] for status in UNFINISHED)
        counts = (len(row), statuses["ready"], statuses["rejected"], statuses["failed"], unfinished)
        print(columns.format(path, group, *counts, refusals))


def print_verdicts(title: str, verdicts: Sequence[Verdict]) -> None:
    print(f"{title}: {len(verdicts)}")
    for verdict in verdicts:
        sample = verdict.sample
        outcome = f"{verdict.code} {verdict.status}".rstrip()
        print(
            f"  {verdict.path}, {sample.name}: {outcome}, where the corpus expects {sample.expect};"
            f" answered in {verdict.milliseconds:.0f} ms. {verdict.reason}"
        )


def report(verdicts: Sequence[Verdict], failures: Sequence[str]) -> bool:
    """Print it all, and return whether all is well."""
    print_table(verdicts)
    print()

    surprises = [verdict for verdict in verdicts if not is_as_expected(verdict)]
    print(f"as expected: {len(verdicts) - len(surprises)} of {len(verdicts)}")
    print_verdicts("not as expected", surprises)

    print(f"responses of {SERVER_ERROR} and above: {len(failures)}")
    for failure in sorted(set(failures)):
        print(f"  {failure}")
    silent = [verdict for verdict in verdicts if verdict.code == 0]
    print_verdicts("without an response", silent)
    unfinished = [verdict for verdict in verdicts if verdict.status in UNFINISHED]
    print_verdicts(f"unfinished after {PATIENCE_SECONDS} s", unfinished)

    forms = [verdict for verdict in verdicts if verdict.path in FORM_PATHS]
    slow = [verdict for verdict in forms if verdict.milliseconds > MAX_FORM_MS]
    slowest = max(forms, key=lambda verdict: verdict.milliseconds)
    print(f"slowest response to a form: {slowest.milliseconds:.0f} ms, {slowest.sample.name}")
    print_verdicts(f"forms that took more than {MAX_FORM_MS} ms", slow)

    valid = [
        verdict
        for verdict in verdicts
        if verdict.path != CASE_PATH and verdict.sample.expect == "ok" and not verdict.too_large
    ]
    lost = [verdict for verdict in valid if verdict.status != "ready"]
    share = 1 - len(lost) / len(valid)
    print(f"valid images that became ready: {share:.2%} of {len(valid)}")
    print_verdicts("valid images that did not", lost)

    return not (surprises or failures or silent or unfinished or slow) and share >= MIN_VALID_SHARE


def main() -> None:
    if len(sys.argv) not in {2, 3}:
        raise SystemExit("usage: python benchmarks/verdicts.py URL [FOLDER]")
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_FOLDER  # noqa: PLR2004 - the second argument
    if not (folder / "images").is_dir() or not (folder / "multipart").is_dir():
        raise SystemExit(
            f"There are no corpora at {folder}: name a folder that holds `images` and `multipart`."
        )

    failures: list[str] = []

    def note(response: httpx.Response) -> None:
        if response.status_code >= SERVER_ERROR:
            failures.append(f"{response.request.method} {response.request.url} {response.status_code}")

    images = list(read_images(folder / "images"))
    jobs: list[Job] = [(CASE_PATH, send_whole_form, case) for case in read_cases(folder / "multipart")]
    jobs += [(path, send, image) for path, send in IMAGE_PATHS.items() for image in images]
    warm_up: Job = ("multipart", send_form, next(image for image in images if image.expect == "ok"))
    with (
        httpx.Client(base_url=sys.argv[1], timeout=60, event_hooks={"response": [note]}) as api,
        ThreadPoolExecutor(THREADS) as threads,
    ):

        def run(jobs: Sequence[Job]) -> list[Verdict]:
            return list(threads.map(lambda job: judge(api, *job), jobs))

        try:
            api.get("/health").raise_for_status()
        except httpx.HTTPError as error:
            raise SystemExit(f"There is no service at {sys.argv[1]}: {error}") from error
        run([warm_up] * THREADS)  # a function that starts is slow once, whatever it is sent
        verdicts = run(jobs)
    raise SystemExit(0 if report(verdicts, failures) else 1)


if __name__ == "__main__":
    main()
