from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from operations.moving import sources
from operations.moving.entries import Entry
from operations.moving.sources import BucketSource, FolderSource, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from shared.storage import ImageStorage


def test_folder_lists_its_files_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.jpg", "a/y.jpg", "a/b/z.jpg", ".hidden", "a/.hidden"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "x.jpg")
    entries = [entry for entry in FolderSource(tmp_path).list_entries() if isinstance(entry, Entry)]
    assert {entry.path for entry in entries} == {"x.jpg", "a/y.jpg", "a/b/z.jpg"}
    assert all(entry.created_at for entry in entries)


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a/../../secret", "link", "folder", "no", "a\0b"]
)
def test_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError):
        FolderSource(root).read(Entry(path=path))


def test_file_that_is_too_large_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    (tmp_path / "a").write_bytes(bytes(10))
    (tmp_path / "b").write_bytes(bytes(11))
    assert FolderSource(tmp_path).read(Entry(path="a")) == bytes(10)
    with pytest.raises(SourceError, match="more than 10 bytes"):
        FolderSource(tmp_path).read(Entry(path="b"))


def test_bucket_lists_and_reads_what_is_below_its_prefix(
    storage: ImageStorage, clients: dict[str, Any]
) -> None:
    for key in ("in/a.jpg", "in/b/c.jpg", "in/", "out/d.jpg"):
        storage.add(key, key.encode(), "image/jpeg")
    source = BucketSource(clients["s3"], "bucket", "in/")
    entries = [entry for entry in source.list_entries() if isinstance(entry, Entry)]
    assert [entry.path for entry in entries] == ["a.jpg", "b/c.jpg"]
    assert [source.read(entry) for entry in entries] == [b"in/a.jpg", b"in/b/c.jpg"]
    assert source.open_manifest() is None
    with pytest.raises(SourceError):
        source.read(Entry(path="no.jpg"))
