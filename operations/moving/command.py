"""The commands `import` and `export`, and their options."""

from __future__ import annotations

import argparse
import hashlib
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from local.console import Problem
from local.layout import LOCAL
from operations.moving.destinations import Bucket, BucketDestination, FolderDestination
from operations.moving.downloads import Downloader, WebSource
from operations.moving.entries import Defaults, Entry, InvalidEntry, read_entry
from operations.moving.exports import Exporter
from operations.moving.imports import Importer
from operations.moving.journal import Journal, Outcome
from operations.moving.listings import FORMATS
from operations.moving.manifests import read_manifest
from operations.moving.runs import Pace, Run, describe_counts
from operations.moving.sources import MANIFEST, BucketSource, FolderSource
from operations.targets import find_target
from shared.images import ImageRepository
from shared.models import Visibility
from shared.settings import Settings
from shared.storage import ImageStorage
from shared.table import Table
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

IMPORTS = LOCAL / "imports"
MAX_AT_ONCE = 32
GOOD = {Outcome.IMPORTED, Outcome.ACCEPTABLE}

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)
_BUCKET_URL = re.compile(r"s3://([^/]+)/?(.*)")


def import_images(options: argparse.Namespace) -> None:
    """Import images from a folder, a bucket or URLs, with dates, tags and owners."""
    if not _NAME.fullmatch(options.name):
        raise Problem("name the import with letters, digits, dots and hyphens: make import NAME=old-site ...")
    client, outputs = find_target(options.aws_port, options.stack_name)
    source = open_source(options, client)
    journal_path = locate_journal(options.name, client("dynamodb"), outputs["ImagesTableName"])
    defaults = make_defaults(options)
    with open_entries(source, options.manifest, options.format) as entries, Journal(journal_path) as journal:
        run = Run(
            options.name,
            make_importer(source, client, outputs),
            journal,
            pace=Pace(options.at_once, options.per_minute),
            keeps_ids=options.keeps_ids,
            is_trial=options.is_trial,
        )
        counts = run.take(entries, defaults)
        print(describe_counts(counts))
        if not options.is_trial:
            report = journal_path.with_suffix(".jsonl")
            journal.write_report(report)
            print(f"what became of each entry: {report}")
    if bad := counts.total() - sum(counts[outcome] for outcome in GOOD):
        raise Problem(f"{bad} of {counts.total()} entries are not imported; correct them and run it again")


def export_images(options: argparse.Namespace) -> None:
    """Export the originals and the metadata of all images, or of one user."""
    if not options.place:
        raise Problem("name a folder or a bucket: make export TO=backup, or TO=s3://bucket/prefix")
    client, outputs = find_target(options.aws_port, options.stack_name)
    bucket = Bucket(client("s3"), outputs["BucketName"])
    found = split_bucket_url(options.place)
    destination = BucketDestination(client("s3"), *found) if found else FolderDestination(Path(options.place))
    images = ImageRepository(
        Table(client("dynamodb"), outputs["ImagesTableName"]),
        public_shards=read_settings(client, outputs).public_shards,
    )
    done = Exporter(images, bucket, destination, at_once=options.at_once).export(options.user)
    for reason, count in sorted(done.left_out.items()):
        print(f"{count} left out: {reason}")
    print(f"{done.exported} images and {MANIFEST} are in {options.place}")


def open_source(
    options: argparse.Namespace, client: Callable[[str], Any]
) -> FolderSource | BucketSource | WebSource:
    """Find out what kind of place `--from` names. Without it, entries have URLs."""
    place: str = options.source
    if found := split_bucket_url(place):
        if options.profile or options.endpoint:
            session = boto3.Session(profile_name=options.profile or None)
            return BucketSource(session.client("s3", endpoint_url=options.endpoint or None), *found)
        return BucketSource(client("s3"), *found)
    if not place or re.match("https?://", place):
        return WebSource(Downloader(allowed_hosts=frozenset(options.allowed_hosts)), place)
    if not Path(place).is_dir():
        raise Problem(f"{place} is no folder; name one, or s3://bucket/prefix, or https://host/path")
    return FolderSource(Path(place))


@contextmanager
def open_entries(
    source: FolderSource | BucketSource | WebSource, manifest: str, kind: str
) -> Iterator[Iterator[Entry | InvalidEntry]]:
    """Read the manifest. Without one: that of an export, or else list the source."""
    if manifest:
        path = Path(manifest)
        if not path.is_file():
            raise Problem(f"there is no manifest {manifest}")
        with path.open("rb") as file:
            yield read_manifest(file, kind or path.suffix.removeprefix("."))
    elif isinstance(source, WebSource):
        raise Problem("URLs need a manifest: make import MANIFEST=urls.txt ...")
    elif found := source.open_manifest():
        with found:
            yield read_manifest(found, "jsonl")
    else:
        yield source.list_entries()


def make_defaults(options: argparse.Namespace) -> Defaults:
    """Check what all entries get that do not say it themselves."""
    checked = read_entry(
        "the options", {"path": "x", "userId": options.user or None, "tags": options.tags or ""}
    )
    if isinstance(checked, InvalidEntry):
        raise Problem(f"{checked.place}: {checked.reason}")
    return Defaults(checked.user_id, Visibility(options.visibility), checked.tags)


def make_importer(
    source: FolderSource | BucketSource | WebSource,
    client: Callable[[str], Any],
    outputs: Mapping[str, str],
) -> Importer:
    """Make the importer of a stack. It takes no token of a user's rate, and keeps to the user's quota."""
    settings = read_settings(client, outputs)
    table = Table(client("dynamodb"), outputs["ImagesTableName"])
    return Importer(
        source,
        ImageRepository(table, public_shards=settings.public_shards),
        UsageRepository(table, settings.quota),
        ImageStorage(client("s3"), outputs["BucketName"]),
    )


def read_settings(client: Callable[[str], Any], outputs: Mapping[str, str]) -> Settings:
    """Read the settings of the stack, where its API has them."""
    api = client("lambda").get_function_configuration(FunctionName=outputs["ApiFunctionName"])
    return Settings(api["Environment"]["Variables"])


def locate_journal(name: str, dynamodb: Any, table: str) -> Path:  # noqa: ANN401 - of boto3
    """Return the path of the journal. Each table has its own: another one has other images."""
    found = dynamodb.describe_table(TableName=table)["Table"]
    identity = f"{found['TableArn']} {found['CreationDateTime'].timestamp()}"
    return IMPORTS / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}.sqlite"


def split_bucket_url(place: str) -> tuple[str, str] | None:
    """Return the bucket and the prefix of `s3://bucket/prefix`, None for another place."""
    found = _BUCKET_URL.fullmatch(place)
    if found is None:
        return None
    prefix = found[2].rstrip("/")
    return found[1], f"{prefix}/" if prefix else ""


def add_import(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    command = _add(commands, "import", import_images)
    command.add_argument("--name", default="", help="one import, however often it is run")
    command.add_argument("--from", dest="source", default="", metavar="SOURCE")
    command.add_argument("--manifest", default="", metavar="FILE")
    command.add_argument("--format", default="", choices=["", *FORMATS], help="of a listing")
    command.add_argument("--user", help="the owner of entries that name none")
    command.add_argument("--visibility", default=Visibility.PRIVATE, choices=[*map(str, Visibility)])
    command.add_argument("--tags", help="that every image gets, with commas between")
    command.add_argument(
        "--per-minute", type=_read_rate, default=0, help="images begun in a minute; 0: no bound"
    )
    command.add_argument("--allow-host", dest="allowed_hosts", action="append", default=[], metavar="HOST")
    command.add_argument("--profile", default="", help="of the AWS configuration, for the source's bucket")
    command.add_argument("--endpoint", default="", help="of the source's bucket, if it is not AWS's")
    command.add_argument("--keep-ids", dest="keeps_ids", action="store_true", help="those of an export")
    command.add_argument("--try", dest="is_trial", action="store_true", help="write nothing")


def add_export(commands: Any) -> None:  # noqa: ANN401 - same
    command = _add(commands, "export", export_images)
    command.add_argument("--to", dest="place", default="", metavar="PLACE")
    command.add_argument("--user", help="whose images; all without")


def _add(
    commands: Any,  # noqa: ANN401 - same
    name: str,
    run: Callable[[argparse.Namespace], None],
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=run.__doc__)
    command.set_defaults(run=lambda **options: run(argparse.Namespace(**options)))
    command.add_argument("--stack", dest="stack_name", default="")
    command.add_argument("--aws-port", type=int, default=4566)
    command.add_argument("--at-once", type=_read_at_once, default=4, help="images at a time")
    return command


def _read_at_once(text: str) -> int:
    if not 1 <= int(text) <= MAX_AT_ONCE:
        raise argparse.ArgumentTypeError(f"must be 1 to {MAX_AT_ONCE}")
    return int(text)


def _read_rate(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return int(text)
