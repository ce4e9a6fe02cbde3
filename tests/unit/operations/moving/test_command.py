from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations import __main__ as commands
from operations.moving.command import (
    locate_journal,
    make_defaults,
    open_entries,
    open_source,
    read_settings,
    split_bucket_url,
)
from operations.moving.downloads import WebSource
from operations.moving.sources import BucketSource, FolderSource
from shared.models import Visibility

if TYPE_CHECKING:
    from pathlib import Path


def parse(*arguments: str) -> Namespace:
    parsed = vars(commands.parse(["import", "--name", "n", *arguments]))
    return Namespace(**parsed)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://bucket/a/b", ("bucket", "a/b/")),
        ("s3://bucket/a/b/", ("bucket", "a/b/")),
        ("/folder", None),
        ("https://s3.example/bucket", None),
    ],
)
def test_bucket_url_names_a_bucket_and_a_prefix(place: str, expected: object) -> None:
    assert split_bucket_url(place) == expected


def test_source_is_a_bucket_a_folder_or_the_web(tmp_path: Path, clients: dict[str, Any]) -> None:
    def open_place(*arguments: str) -> object:
        return open_source(parse(*arguments), clients.__getitem__)

    assert isinstance(open_place("--from", "s3://a/b"), BucketSource)
    assert isinstance(open_place("--from", "s3://a/b", "--endpoint", "http://localhost:1"), BucketSource)
    assert isinstance(open_place("--from", str(tmp_path)), FolderSource)
    assert isinstance(open_place("--from", "https://a.example/x"), WebSource)
    assert isinstance(open_place(), WebSource)
    with pytest.raises(Problem, match="is no folder"):
        open_place("--from", str(tmp_path / "no"))


def test_web_needs_a_manifest(clients: dict[str, Any]) -> None:
    source = open_source(parse(), clients.__getitem__)
    with pytest.raises(Problem, match="URLs need a manifest"), open_entries(source, "", ""):
        pass


def test_export_in_a_folder_is_read_by_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"x")
    with open_entries(FolderSource(tmp_path), "", "") as entries:
        assert [getattr(entry, "path", None) for entry in entries] == ["x.jpg"]
    (tmp_path / "images.jsonl").write_text('{"path": "y.jpg"}\n')
    with open_entries(FolderSource(tmp_path), "", "") as entries:
        assert [getattr(entry, "path", None) for entry in entries] == ["y.jpg"]


def test_options_for_all_entries_are_checked_before_anything_is_read() -> None:
    made = make_defaults(parse("--user", "ann", "--tags", "old, sea", "--visibility", "public"))
    assert (made.user_id, made.tags, made.visibility) == ("ann", ("old", "sea"), Visibility.PUBLIC)
    with pytest.raises(Problem, match="userId: begins or ends with a space"):
        make_defaults(parse("--user", " ann"))


@pytest.mark.parametrize(
    "arguments", [("--at-once", "0"), ("--at-once", "33"), ("--per-minute", "-1"), ("--format", "x")]
)
def test_option_out_of_range_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        parse(*arguments)


def test_each_table_has_its_own_journal() -> None:
    class Dynamodb:
        def __init__(self, day: int) -> None:
            self._at = datetime(2026, 1, day, tzinfo=UTC)

        def describe_table(self, **_: str) -> Any:  # noqa: ANN401 - JSON
            return {"Table": {"TableArn": "arn", "CreationDateTime": self._at}}

    first, second = (locate_journal("n", Dynamodb(day), "images") for day in (1, 2))
    assert first != second
    assert first == locate_journal("n", Dynamodb(1), "images")
    assert first.name.startswith("n-")


def test_settings_are_those_of_the_stack() -> None:
    class Functions:
        def get_function_configuration(self, **_: str) -> Any:  # noqa: ANN401 - JSON
            return {"Environment": {"Variables": {"MAX_USER_IMAGES": "7", "PUBLIC_SHARDS": "3"}}}

    settings = read_settings(lambda _: Functions(), {"ApiFunctionName": "api"})
    assert settings.quota.max_images == 7
    assert settings.public_shards == 3
