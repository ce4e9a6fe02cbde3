from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from imaging.decoder import Decoder
from processor import main
from shared.errors import Unavailable
from shared.keys import Revision, make_original_key, make_upload_key
from shared.lifecycle import Status
from shared.observability import get_logger
from shared.quotas import Usage
from shared.renditions import STILLS
from tests.support.api import REQUEST_ID, make_context
from tests.support.clock import assert_calls_end_in_time
from tests.support.images import make_image, make_pending, new_id
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

PICTURE = make_picture()
MISSING = "00000000-0000-4000-8000-000000000000"


@dataclass
class Spy:
    """Stands in for the processor, and notes its calls. Those for the image `bad` fail."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def accept(self, upload: Revision, uploaded_at: datetime) -> str:
        self.calls.append(("accept", upload, uploaded_at))
        if upload.image_id == "bad":
            raise ValueError("a reason")
        return "accepted"

    def process(self, original: Revision, uploaded_at: datetime, *, seconds: float) -> str:
        self.calls.append(("process", original, uploaded_at, seconds))
        if original.image_id == "bad":
            raise ValueError("a reason")
        return "ready"


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(main, "create_processor", lambda: spy)
    return spy


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


def make_record(key: str) -> dict[str, Any]:
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2126-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": "bucket"}, "object": {"key": key}},
    }


def handle(*keys: str) -> None:
    main.lambda_handler({"Records": [make_record(key) for key in keys]}, make_context())


class TestHandler:
    def test_original_is_processed_in_the_time_that_is_left(self, spy: Spy) -> None:
        handle("originals/1/1")
        assert spy.calls == [("process", Revision("1"), datetime(2126, 1, 1, tzinfo=UTC), 19.0)]

    def test_upload_is_accepted(self, spy: Spy) -> None:
        handle("uploads/1/1")
        assert spy.calls == [("accept", Revision("1"), datetime(2126, 1, 1, tzinfo=UTC))]

    def test_every_record_of_an_event_is_processed(self, spy: Spy) -> None:
        handle("originals/1/1", "uploads/2/3", "originals/3/1")
        assert [call[:2] for call in spy.calls] == [
            ("process", Revision("1")),
            ("accept", Revision("2", 3)),
            ("process", Revision("3")),
        ]

    @pytest.mark.parametrize("key", ["originals%2Fa%2Db%2F1", "originals/a-b/1"])
    def test_key_arrives_encoded(self, spy: Spy, key: str) -> None:
        handle(key)
        assert [call[1] for call in spy.calls] == [Revision("a-b")]

    def test_space_in_a_key_arrives_as_a_plus(self, spy: Spy) -> None:
        handle("originals/a+b/1")
        assert [call[1] for call in spy.calls] == [Revision("a b")]

    def test_record_of_another_folder_is_left_alone(self, spy: Spy, logs: StringIO) -> None:
        handle("renditions/1/1/small.webp", "elsewhere", "originals/1", "originals/1/x")
        assert spy.calls == []
        assert logs.getvalue() == ""

    def test_test_event_of_s3_is_ignored(self, spy: Spy, logs: StringIO) -> None:
        event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bucket"}
        main.lambda_handler(event, make_context())
        assert spy.calls == []
        assert logs.getvalue() == ""

    @pytest.mark.parametrize("bad", ["originals/bad/1", "uploads/bad/1"])
    def test_record_that_fails_is_raised_after_the_others_were_processed(
        self, spy: Spy, logs: StringIO, bad: str
    ) -> None:
        with pytest.raises(ExceptionGroup, match="1 objects failed") as raised:
            handle(bad, "originals/good/1")
        assert [str(error) for error in raised.value.exceptions] == ["a reason"]
        assert [call[1].image_id for call in spy.calls] == ["bad", "good"]
        failed, processed = (json.loads(line) for line in logs.getvalue().splitlines())
        assert (failed["message"], failed["level"], failed["image_id"]) == ("failed", "ERROR", "bad")
        assert "a reason" in failed["exception"]
        assert (processed["message"], processed["image_id"]) == ("processed", "good")

    @pytest.mark.parametrize(("key", "outcome"), [("uploads/1/1", "accepted"), ("originals/1/1", "ready")])
    def test_outcome_is_logged(self, spy: Spy, logs: StringIO, key: str, outcome: str) -> None:
        handle(key)
        assert len(spy.calls) == 1
        log = json.loads(logs.getvalue())
        assert (log["image_id"], log["outcome"], log["request_id"]) == ("1", outcome, REQUEST_ID)

    @pytest.mark.usefixtures("spy")
    def test_no_call_outlives_the_invocation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert_calls_end_in_time(monkeypatch, "processor.main", handle)


class TestFactory:
    """The real factories, on moto."""

    @pytest.fixture(autouse=True)
    def fresh(self) -> Iterator[None]:
        factories = (
            main.create_processor,
            main.get_table,
            main.get_storage,
            main.get_decoder,
            main.get_deadline,
        )
        for factory in factories:
            factory.cache_clear()
        yield
        main.get_decoder().stop()
        for factory in factories:
            factory.cache_clear()

    @pytest.fixture
    def bounds(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """The bounds of every decoder that is made, and `started` when it starts."""
        made: list[Any] = []

        class Watched(Decoder):
            def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the decoder's
                made.append({name: value for name, value in options.items() if name != "metrics"})
                assert options["metrics"] is main.get_metrics()
                super().__init__(**options)

            def start(self) -> None:
                made.append("started")

        monkeypatch.setattr(main, "Decoder", Watched)
        return made

    def test_decoder_is_started_once_within_its_bounds(self, bounds: list[Any]) -> None:
        """The bounds are what a function of 2048 MB has left for it."""
        assert main.create_processor() is main.create_processor()
        assert bounds == [{"cpu_seconds": 40, "memory_bytes": 1748 * 2**20}, "started"]

    def test_bounds_follow_from_the_memory_of_the_function(
        self, bounds: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        main.get_decoder()
        assert bounds == [{"cpu_seconds": 40, "memory_bytes": 212 * 2**20}]

    def test_image_is_rendered_in_the_process_of_the_decoder(
        self, images: ImageRepository, storage: ImageStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rendered: list[tuple[int, float]] = []
        render = Decoder.render

        def watch(self: Decoder, data: bytes, seconds: float) -> Any:  # noqa: ANN401 - what is rendered
            rendered.append((len(data), seconds))
            return render(self, data, seconds)

        monkeypatch.setattr(Decoder, "render", watch)
        image = images.add(make_image())
        storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
        handle(make_original_key(image.id))
        ready = images.get(image.id)
        assert (ready.status, ready.width, {*ready.renditions}) == (Status.READY, 80, {*STILLS})
        assert rendered == [(len(PICTURE), 19.0)]

    @pytest.mark.parametrize(
        ("variable", "value", "fits"),
        [
            ("MAX_USER_IMAGES", "1", False),
            ("MAX_USER_IMAGES", "2", True),
            ("MAX_USER_BYTES", str(1000 + len(PICTURE) - 1), False),
            ("MAX_USER_BYTES", str(1000 + len(PICTURE)), True),
        ],
    )
    def test_upload_counts_for_the_quota_of_the_settings(  # noqa: PLR0913, PLR0917 - rows and fixtures
        self,
        images: ImageRepository,
        usages: UsageRepository,
        storage: ImageStorage,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        value: str,
        fits: bool,
    ) -> None:
        monkeypatch.setenv(variable, value)
        usages.reserve(new_id(), "ann", Usage(images=1, bytes=1000))
        pending = images.add(make_pending(size=len(PICTURE)))
        storage.add(make_upload_key(pending.id), PICTURE, "image/jpeg")
        handle(make_upload_key(pending.id), make_original_key(pending.id))
        assert images.get(pending.id).status is (Status.READY if fits else Status.REJECTED)
        assert usages.get("ann").images == (2 if fits else 1)

    @pytest.mark.parametrize("image_id", [MISSING, "no id"])
    def test_clients_keep_to_the_deadline(self, bounds: list[Any], image_id: str) -> None:
        """The first call for an id is DynamoDB's, and S3's for what is no id."""
        processor: Processor = main.create_processor()
        assert bounds
        main.get_deadline().start(1)
        with pytest.raises(Unavailable, match="too slow"):
            processor.accept(Revision(image_id), datetime.now(UTC))

    @pytest.mark.usefixtures("storage", "images", "bounds")
    @pytest.mark.parametrize(
        ("variable", "error"), [("IMAGES_TABLE", "ResourceNotFound"), ("BUCKET", "NoSuchBucket")]
    )
    def test_table_and_bucket_are_those_of_the_settings(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, error: str
    ) -> None:
        assert main.create_processor().accept(Revision(MISSING), datetime.now(UTC)) == "not awaited"
        for factory in (main.create_processor, main.get_table, main.get_storage):
            factory.cache_clear()
        monkeypatch.setenv(variable, "missing")
        with pytest.raises(ClientError, match=error):
            main.create_processor().accept(Revision(MISSING), datetime.now(UTC))


@pytest.fixture
def stored(images: ImageRepository, storage: ImageStorage) -> list[Image]:
    made = [images.add(make_image()), images.add(make_image())]
    for image in made:
        storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    return made


def test_event_makes_its_images_ready(
    processor: Processor, images: ImageRepository, stored: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "create_processor", lambda: processor)
    handle(*(make_original_key(image.id) for image in stored))
    assert [images.get(image.id).status for image in stored] == [Status.READY, Status.READY]
