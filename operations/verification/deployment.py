"""A deployment under verification: its parts, and the steps that several claims take."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from operations.verification.answers import require_status
from operations.verification.handshakes import accepts_tls
from operations.verification.samples import make_png
from operations.verification.verdicts import Refuted

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    import httpx

READY_SECONDS = 60  # cold functions, and a queue of events
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Options:
    """Things that the operator allows."""

    slow: bool = False
    """To wait for minutes."""
    burst: int = 0
    """The number of requests to send at once."""
    cold: bool = False
    """To send requests to another version of the API's function for a moment."""


@dataclass
class Deployment:
    """A deployed stack, with a caller of its own for the time of the verification."""

    client: Callable[[str], Any]
    stack_name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    api: httpx.Client
    """Sends requests of the caller to the API."""
    web: httpx.Client
    """Sends requests without credentials anywhere."""
    user_id: str
    """Empty if there is no caller."""
    owns_user: bool = True
    """The user was made for this alone, and its rows may be deleted."""
    is_embedded: bool = False
    options: Options = Options()
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep
    accepts_tls: Callable[[str, ssl.TLSVersion], bool] = accepts_tls
    made: list[str] = field(default_factory=list)
    """Ids of images that may still be there."""
    noted: set[str] = field(default_factory=set)
    """Ids of all images that were made."""
    noted_files: set[str] = field(default_factory=set)
    """Ids of all files of the legacy upload that were made."""

    def post_image(self, content: bytes | None = None, **query: str) -> httpx.Response:
        """Upload an image as a bare body, and note it for the cleanup."""
        return self.note(
            self.api.post(
                "/images/upload",
                content=make_png() if content is None else content,
                headers={"Content-Type": "image/png"},
                params=query,
            )
        )

    def note(self, response: httpx.Response) -> httpx.Response:
        """Note the image that an answer has made."""
        if response.status_code == HTTPStatus.CREATED:
            self.made.append(response.json()["id"])
            self.noted.add(response.json()["id"])
        return response

    def upload(self, content: bytes | None = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Upload an image and return it."""
        return require_status(self.post_image(content, **query), HTTPStatus.CREATED).json()

    def read(self, image_id: str) -> Any:  # noqa: ANN401 - JSON
        return require_status(self.api.get(f"/images/{image_id}"), HTTPStatus.OK).json()

    def upload_ready(self) -> Any:  # noqa: ANN401 - JSON
        """Upload an image, wait until it is ready, and return it."""
        image_id = self.upload()["id"]
        return self.await_ready(image_id)

    def await_ready(self, image_id: str, seconds: float = READY_SECONDS) -> Any:  # noqa: ANN401 - JSON
        def get() -> Any:  # noqa: ANN401 - JSON
            image = self.read(image_id)
            if image["status"] in {"rejected", "failed"}:
                raise Refuted(f"the image is {image['status']}: {image['statusReason']}")
            return image if image["status"] == "ready" else None

        return self.await_value(get, seconds, "the image is not ready")

    def begin_upload(self, size: int, *, expires_in: int = 1800) -> Any:  # noqa: ANN401 - JSON
        """Begin a direct upload of a PNG, and return what the API says."""
        body = {"contentType": "image/png", "size": size, "expiresIn": expires_in}
        return require_status(
            self.note(self.api.post("/images/uploads", json=body)), HTTPStatus.CREATED
        ).json()

    def post_form(self, form: Any, content: bytes) -> httpx.Response:  # noqa: ANN401 - JSON
        """Post bytes to S3 as a browser does."""
        return self.web.post(form["url"], data=form["fields"], files={"file": ("a.png", content)})

    def sign(self, image_id: str) -> str:
        """Return the signed URL of the original."""
        response = require_status(self.api.get(f"/images/{image_id}/content"), HTTPStatus.FOUND)
        return urljoin(str(response.request.url), response.headers["Location"])

    def read_used(self) -> int:
        """Return how many images the caller has, for the quota."""
        return self._read_usage()["images"]

    def has_counted_down(self) -> bool:
        """Tell if nothing of the caller counts for a quota any more."""
        usage = self._read_usage()
        return not (usage["images"] or usage["files"])

    def _read_usage(self) -> dict[str, int]:
        limits = require_status(self.api.get("/limits"), HTTPStatus.OK).json()
        used: dict[str, int] = limits["used"]
        return used

    def await_value[T](self, get: Callable[[], T | None], seconds: float, complaint: str) -> T:
        """Ask until there is a value. Raises Refuted with the complaint when the time is over."""
        deadline = self.clock() + seconds
        while (value := get()) is None:
            if self.clock() > deadline:
                raise Refuted(f"{complaint} after {seconds:.0f} s")
            self.sleep(POLL_SECONDS)
        return value

    def measure(self, send: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
        """Send a request, and return its answer and its seconds."""
        started = self.clock()
        return send(), self.clock() - started

    def list_objects(self, image_id: str) -> list[str]:
        """Return the keys of every object of an image."""
        s3, bucket = self.client("s3"), self.outputs["BucketName"]
        return [
            item["Key"]
            for room in ("uploads", "originals", "renditions")
            for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{room}/{image_id}/").get("Contents", [])
        ]

    def find_resource(self, logical_id: str) -> str:
        """Return the physical id of a resource of the stack."""
        output = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack_name, LogicalResourceId=logical_id
        )
        physical_id: str = output["StackResourceDetail"]["PhysicalResourceId"]
        return physical_id

    def read_queue(self) -> Mapping[str, str]:
        """Return the attributes of the failure queue."""
        attributes: dict[str, str] = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["FailureQueueUrl"], AttributeNames=["All"]
        )["Attributes"]
        return attributes


def run_at_once[T](call: Callable[[int], T], times: int) -> Sequence[T]:
    with ThreadPoolExecutor(times) as executor:
        return list(executor.map(call, range(times)))
