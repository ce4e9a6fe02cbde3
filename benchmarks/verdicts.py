"""Uploads every file of the corpora to a running service, and compares the results with the expectations.

PYTHONPATH=src:. python benchmarks/verdicts.py URL FOLDER

URL is the address of the API, for example http://localhost:3000. FOLDER holds the corpora, in the
structure that `corpus.py` describes. Each image is sent with every method of uploading. The exit code is 1
if the service fails, takes too long for a form, does not finish an image, or treats a file in another way
than its corpus expects. The script uploads as a new user, and does not delete the images afterwards.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.corpus import read_cases, read_images, require_corpora
from benchmarks.uploads import CASE_METHOD, FORM_METHODS, IMAGE_METHODS, USER, send_form, send_whole_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.corpus import Sample
    from benchmarks.uploads import Send

ACCEPTED_SUFFIXES = (".jpg", ".png", ".gif", ".webp", ".avif")

THREADS = 4
PATIENCE_SECONDS = 180
POLL_SECONDS = 0.2
MAX_INLINE_BYTES = 4_400_000
MAX_JSON_IMAGE_BYTES = 3_300_000
JSON_METHODS = ("json", "data uri")
MAX_FORM_MS = 1000
MIN_VALID_SHARE = 0.995

BAD_REQUEST, TOO_LARGE, UNSUPPORTED, UNPROCESSABLE, SERVER_ERROR = 400, 413, 415, 422, 500
UNFINISHED = ("pending", "processing")


@dataclass(frozen=True)
class Verdict:
    """The result for a sample. `status` is the last status of the image, or empty if there is no image."""

    method: str
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
        most = MAX_JSON_IMAGE_BYTES if self.method in JSON_METHODS else MAX_INLINE_BYTES
        return self.method != "direct" and len(self.sample.data) > most


type Job = tuple[str, Send, Sample]


def judge(api: httpx.Client, method: str, send: Send, sample: Sample) -> Verdict:
    started = time.monotonic()
    try:
        reply = send(api, sample)
        image = reply.image_id and await_end(api, reply.image_id)
    except httpx.TransportError as error:
        return Verdict(method, sample, 0, 1000 * (time.monotonic() - started), repr(error))
    milliseconds = 1000 * reply.response.elapsed.total_seconds()
    verdict = Verdict(method, sample, reply.response.status_code, milliseconds, read_reason(reply.response))
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
    return is_case_as_expected(verdict) if verdict.method == CASE_METHOD else is_image_as_expected(verdict)


def is_image_as_expected(verdict: Verdict) -> bool:
    sample = verdict.sample
    if verdict.too_large:
        return verdict.code == TOO_LARGE
    # 400 is not in the set, because the request itself can be read.
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
            raise SystemExit(f"{sample.name}: the expectation {unknown!r} is unknown. Add it to this script.")


def is_case_as_expected(verdict: Verdict) -> bool:
    """Judge the result of a form. 400: it cannot be read. 415 and 422: its content is refused."""
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
            raise SystemExit(
                f"{verdict.sample.name}: the expectation {unknown!r} is unknown. Add it to this script."
            )


def print_table(verdicts: Sequence[Verdict]) -> None:
    columns = "{:11} {:21} {:>5} {:>6} {:>9} {:>7} {:>11}  {}"
    titles = ("method", "group", "sent", "ready", "rejected", "failed", "unfinished", "refused at once")
    print(columns.format(*titles))
    for method, group in dict.fromkeys((verdict.method, verdict.sample.group) for verdict in verdicts):
        row = [verdict for verdict in verdicts if (verdict.method, verdict.sample.group) == (method, group)]
        statuses = Counter(verdict.status for verdict in row)
        codes = Counter(verdict.code for verdict in row if not verdict.status)
        refusals = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
        unfinished = sum(statuses[status] for status in UNFINISHED)
        counts = (len(row), statuses["ready"], statuses["rejected"], statuses["failed"], unfinished)
        print(columns.format(method, group, *counts, refusals))


def print_verdicts(title: str, verdicts: Sequence[Verdict]) -> None:
    print(f"{title}: {len(verdicts)}")
    for verdict in verdicts:
        sample = verdict.sample
        outcome = f"{verdict.code} {verdict.status}".rstrip()
        print(
            f"  {verdict.method}, {sample.name}: {outcome}; the corpus expects {sample.expect};"
            f" response after {verdict.milliseconds:.0f} ms. {verdict.reason}"
        )


def report(verdicts: Sequence[Verdict], failures: Sequence[str]) -> bool:
    """Print everything. Return True if the service passes."""
    print_table(verdicts)
    print()

    surprises = [verdict for verdict in verdicts if not is_as_expected(verdict)]
    print(f"as expected: {len(verdicts) - len(surprises)} of {len(verdicts)}")
    print_verdicts("not as expected", surprises)

    print(f"responses of {SERVER_ERROR} and above: {len(failures)}")
    for failure in sorted(set(failures)):
        print(f"  {failure}")
    silent = [verdict for verdict in verdicts if verdict.code == 0]
    print_verdicts("without a response", silent)
    unfinished = [verdict for verdict in verdicts if verdict.status in UNFINISHED]
    print_verdicts(f"unfinished after {PATIENCE_SECONDS} s", unfinished)

    forms = [verdict for verdict in verdicts if verdict.method in FORM_METHODS]
    slow = [verdict for verdict in forms if verdict.milliseconds > MAX_FORM_MS]
    slowest = max(forms, key=lambda verdict: verdict.milliseconds)
    print(f"slowest response to a form: {slowest.milliseconds:.0f} ms, {slowest.sample.name}")
    print_verdicts(f"forms that took more than {MAX_FORM_MS} ms", slow)

    valid = [
        verdict
        for verdict in verdicts
        if verdict.method != CASE_METHOD and verdict.sample.expect == "ok" and not verdict.too_large
    ]
    lost = [verdict for verdict in valid if verdict.status != "ready"]
    share = 1 - len(lost) / len(valid)
    print(f"valid images that became ready: {share:.2%} of {len(valid)}")
    print_verdicts("valid images that did not become ready", lost)

    return not (surprises or failures or silent or unfinished or slow) and share >= MIN_VALID_SHARE


def main(url: str, folder: Path) -> int:
    require_corpora(folder)
    failures: list[str] = []

    def note_failure(response: httpx.Response) -> None:
        if response.status_code >= SERVER_ERROR:
            failures.append(f"{response.request.method} {response.request.url} {response.status_code}")

    images = list(read_images(folder / "images"))
    jobs: list[Job] = [(CASE_METHOD, send_whole_form, case) for case in read_cases(folder / "multipart")]
    jobs += [(method, send, image) for method, send in IMAGE_METHODS.items() for image in images]
    warm_up: Job = ("multipart", send_form, next(image for image in images if image.expect == "ok"))
    with (
        httpx.Client(base_url=url, timeout=60, event_hooks={"response": [note_failure]}) as api,
        ThreadPoolExecutor(THREADS) as threads,
    ):

        def run(jobs: Sequence[Job]) -> list[Verdict]:
            return list(threads.map(lambda job: judge(api, *job), jobs))

        try:
            api.get("/health").raise_for_status()
        except httpx.HTTPError as error:
            raise SystemExit(
                f"No service responds at {url}: {error}. Start one with `make start`."
            ) from error
        run([warm_up] * THREADS)  # the first request to a function is always slow
        verdicts = run(jobs)
    return 0 if report(verdicts, failures) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", metavar="URL")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    options = parser.parse_args()
    sys.exit(main(options.url, options.folder))
