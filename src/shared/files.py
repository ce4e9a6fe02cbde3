"""Files of the legacy upload in DynamoDB, listed for their owners."""

from collections.abc import Sequence

from shared.images import make_user_partition
from shared.listing import Span
from shared.models import File
from shared.quotas import Usage
from shared.records import RecordPage, RecordRepository

FILE_KIND = "FILE"
LISTING_PREFIX = "FILES#"


class FileRepository(RecordRepository[File]):
    """The files, in the images table: its stream tells when the bytes of a file can go."""

    kind = FILE_KIND
    model = File
    max_record_bytes = 20_000

    def get_partitions(self, record: File) -> Sequence[str]:
        return [_make_partition(record.user_id)]

    def get_usage(self, record: File) -> Usage:
        return get_file_usage(record)

    def list_partitions_of(self, user_id: str) -> Sequence[str]:
        return [_make_partition(user_id)]

    def has_listing(self, partition: str) -> bool:
        return partition.startswith(LISTING_PREFIX)

    def list_owned(self, user_id: str, span: Span, *, limit: int) -> RecordPage[File]:
        return self.list([[_make_partition(user_id)]], span, limit=limit)


def get_file_usage(file: File | None) -> Usage:
    """Return what one file adds to the usage of its user."""
    return Usage(files=1, bytes=file.size) if file and file.expires_at is None else Usage()


def _make_partition(user_id: str) -> str:
    return LISTING_PREFIX + make_user_partition(user_id)
