"""Schemathesis on the service: sends requests made from its OpenAPI document, and checks the responses."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.engine import Status, events, from_schema
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from app.access.callers import USER_ID_FIELD, USER_ID_HEADER, is_user_id
from app.requests.fields import IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN
from shared.inspection import CONTENT_TYPES
from tests.support.pictures import make_picture
from tests.support.variants import list_refusals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemathesis.core.failures import Failure
    from schemathesis.core.transport import Response
    from schemathesis.engine.recorder import ScenarioRecorder
    from schemathesis.generation.case import Case
    from schemathesis.hooks import HookContext

CASES = int(os.environ.get("OPENAPI_CASES", "0"))
"""The number for each operation. 0 stands for a few, without the phase that tries all bounds of fields."""

FEW_CASES = 3
SEED = 1
USER = "fay"

# Requests are chosen by their number and not at random, so that a run can be repeated.
MISS_EVERY = 3
REPEAT_EVERY = 5
STRANGER_EVERY = 4

PICTURES = {content_type: make_picture(name) for name, content_type in CONTENT_TYPES.items()}
BASE64_PICTURE = "base64-picture"

UNSEEN = {
    "holds a character that nobody sees",
    "has no visible character",
    "has no character that a file name can hold",
    "is blank",
}
"""Reasons to refuse a text that nobody sees. No pattern that all generators of clients read can say it."""

JSON = "application/json"
UPLOADS = {"POST /images/upload/", "POST /images/uploads"}
TAG_CHANGES = ("addTags", "removeTags", "update.addTags", "update.removeTags")
UNSAYABLE = {
    (IDEMPOTENCY_KEY_HEADER, "was used for another request"),
    ("cursor", "was not made for this query and this caller"),
    (USER_ID_FIELD, "is required if no X-User-Id header names the user"),
    ("sha256", "is required with onDuplicate"),
    ("onDuplicate", "is not read without the header X-User-Id"),
    ("sha256", "is not read without the header X-User-Id"),
    ("update", "is required for the action update"),
    ("update", "is for the action update alone"),
    *((name, "cannot stand beside tags, which replaces the whole list") for name in TAG_CHANGES),
    *list_refusals(),
}
"""Reasons to refuse a request that follows the document. They depend on other requests or fields."""

for _content_type, _picture in PICTURES.items():
    schemathesis.openapi.media_type(_content_type, st.just(_picture))
schemathesis.openapi.media_type("application/octet-stream", st.sampled_from([*PICTURES.values()]))
schemathesis.openapi.format(
    BASE64_PICTURE, st.sampled_from([b64encode(picture).decode() for picture in PICTURES.values()])
)


@dataclass
class Report:
    """The results of all requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            response = interaction.response
            self.statuses[response.status_code if response else 0] += 1
            self.failures += [
                f"{recorder.label}: {check.name}: {check.failure_info.failure.message}\n"
                f"{check.failure_info.code_sample}\n{response.text if response else 'no response'}"
                for check in recorder.checks.get(case_id, [])
                if check.status is Status.FAILURE and check.failure_info
            ]


def fuzz(
    document: Any,  # noqa: ANN401 - JSON
    known: Mapping[str, Sequence[str]],
    *,
    headers: Mapping[str, str] | None = None,
    app: object = None,
) -> Report:
    """Send requests of every kind to `app`, or to the document's server, and check every response.

    `known` are values of path parameters that lead to something; `headers` go with every request.
    """
    # A schema cannot say that a text must be the base64 of an image.
    for name in ("ImageContent", "FileCreate"):
        content = document["components"]["schemas"][name]["properties"]["content"]
        content.clear()
        content |= {"type": "string", "format": BASE64_PICTURE}
    config = _configure(document["servers"][0]["url"], headers or {})
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app
    numbers = count(1)

    def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
        del context
        _aim(case, known, next(numbers))
        return case

    schema.hook(map_case)
    schema.hook(filter_failure)
    report = Report()
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            raise event.value
        if isinstance(event, events.ScenarioFinished):
            report.add(event.recorder)
    return report


def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Tell whether a failure that Schemathesis reports is a real one."""
    del context
    if isinstance(failure, AcceptedNegativeData) and case.media_type == "multipart/form-data":
        return "violates `type`" not in failure.message  # in a form all is text
    if isinstance(failure, RejectedPositiveData):
        errors = json.loads(response.content)["errors"]
        return not errors or not all(
            (error["field"], error["message"]) in UNSAYABLE or error["message"] in UNSEEN for error in errors
        )
    return True


def _configure(base_url: str, headers: Mapping[str, str]) -> SchemathesisConfig:
    acceptance = ["2xx", "3xx", "401", "403", "404", "409", "412"]
    rejection = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
    return SchemathesisConfig.from_dict(
        {
            "base-url": base_url,
            "seed": SEED,
            "headers": dict(headers),
            "continue-on-failure": True,
            "suppress-health-check": ["filter_too_much"],
            "cache": {"enabled": False},
            "phases": {"coverage": {"enabled": bool(CASES)}},
            "generation": {
                "max-examples": CASES or FEW_CASES,
                "deterministic": True,
                "database": "none",
                "no-shrink": True,
            },
            "checks": {
                "positive_data_acceptance": {"expected-statuses": acceptance},
                "negative_data_rejection": {"expected-statuses": rejection},
            },
        }
    )


def _aim(case: Case[Any], known: Mapping[str, Sequence[str]], number: int) -> None:
    """Change a request so that it gets further than a random one."""
    if number % MISS_EVERY and case.meta and case.meta.phase.name is not TestPhase.STATEFUL:
        for name in known.keys() & case.path_parameters.keys():
            case.path_parameters[name] = known[name][number % len(known[name])]
    if case.operation.label in UPLOADS and case.media_type == JSON and isinstance(case.body, dict):
        case.body.pop(USER_ID_FIELD, None)  # a step copies it from the response before, to the wrong place
    if number % STRANGER_EVERY:
        for fields, name in _find_users(case):
            fields[name] = USER
    key = case.headers.get(IDEMPOTENCY_KEY_HEADER)
    if number % REPEAT_EVERY and isinstance(key, str) and re.fullmatch(IDEMPOTENCY_KEY_PATTERN, key):
        case.headers[IDEMPOTENCY_KEY_HEADER] = f"{number}-{key}"[:255]


def _find_users(case: Case[Any]) -> Iterator[tuple[Any, str]]:
    """Yield the places where a request names a valid user."""
    body = case.body if isinstance(case.body, dict) else {}
    metadata = body.get("metadata")
    fields = [case.query, body, metadata if isinstance(metadata, dict) else {}]
    for holder, name in [(case.headers, USER_ID_HEADER), *((part, USER_ID_FIELD) for part in fields)]:
        if is_user_id(holder.get(name)):
            yield holder, name
