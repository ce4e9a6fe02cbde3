"""Listings of other services: Cloudinary's and Supabase's, as their APIs return them."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from local.console import Problem
from operations.moving.entries import Entry, InvalidEntry, read_entry
from shared.details import clean_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    type Entries = Iterator[Entry | InvalidEntry]

CHUNK_BYTES = 2**16
MAX_DOCUMENT_CHARS = 32 * 2**20
"""Pages of the APIs have at most 1000 entries, which take far less."""


def read_documents(file: BinaryIO) -> Iterator[Any]:
    """Yield the JSON documents of a file: the pages of a listing, one after the other.

    At most one page is in memory. Raises Problem for what is not JSON.
    """
    decoder = json.JSONDecoder()
    decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
    text, is_last, needed = "", False, 1
    while not is_last or text:
        while not is_last and len(text) < needed:
            chunk = file.read(CHUNK_BYTES)
            is_last = not chunk
            text = (text + decode(chunk, final=is_last)).lstrip()
        if not text:
            return
        try:
            document, end = decoder.raw_decode(text)
        except (ValueError, RecursionError) as error:
            needed = 2 * len(text)  # a page is parsed a few times, however long it is
            if is_last or needed > 2 * MAX_DOCUMENT_CHARS:
                raise Problem(f"the listing is not JSON, or one page of it is too long: {error}") from error
            continue
        yield document
        text, needed = text[end:].lstrip(), 1


def read_cloudinary(documents: Iterator[Any]) -> Entries:
    """Read responses of the Admin API (`GET /resources/image`), or arrays of their resources."""
    for item in _list_items(documents, "resources"):
        yield _read(item, str(item.get("public_id", "")), _map_cloudinary)


def read_supabase(documents: Iterator[Any]) -> Entries:
    """Read responses of `POST /storage/v1/object/list/...`, or rows of the table `storage.objects`."""
    for item in _list_items(documents, "objects"):
        if item.get("id") is not None or "signedURL" in item or "signedUrl" in item:  # others are folders
            yield _read(item, str(item.get("name") or item.get("path") or ""), _map_supabase)


FORMATS: Mapping[str, Callable[[Iterator[Any]], Entries]] = {
    "cloudinary": read_cloudinary,
    "supabase": read_supabase,
}


def _map_cloudinary(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("resource_type", "image") != "image":
        raise ValueError(f"is of the type {item['resource_type']}, and not an image")
    public_id, extension = item["public_id"], item.get("format")
    suffix = f".{extension}" if extension else ""
    texts = _get_object(item, "context")
    texts = _get_object(texts, "custom") or texts
    return {
        "path": public_id + suffix,
        "url": item.get("secure_url") or item.get("url"),
        "filename": clean_filename((item.get("display_name") or public_id) + suffix),
        "description": texts.get("caption") or texts.get("alt"),
        "tags": item.get("tags"),
        "createdAt": item.get("created_at"),
    }


def _map_supabase(item: dict[str, Any]) -> dict[str, Any]:
    name = item.get("name") or item["path"]
    return {
        "path": name,
        "url": item.get("signedURL") or item.get("signedUrl"),
        "userId": item.get("owner_id") or item.get("owner"),
        "filename": clean_filename(name),
        "createdAt": item.get("created_at"),
    }


def _read(
    item: dict[str, Any], place: str, map_item: Callable[[dict[str, Any]], dict[str, Any]]
) -> Entry | InvalidEntry:
    try:
        fields = map_item(item)
    except ValueError as error:
        return InvalidEntry(place, str(error))
    except (KeyError, TypeError, AttributeError):
        return InvalidEntry(place, "lacks its name, or has another form than in a listing")
    return read_entry(place, {name: value for name, value in fields.items() if value or value == 0})


def _list_items(documents: Iterator[Any], key: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of each page, which is an array, or an object that holds one."""
    for document in documents:
        page = document.get(key, [document]) if isinstance(document, dict) else document
        if not isinstance(page, list):
            raise Problem(f"the listing has neither an array nor an object with {key}")
        yield from (item for item in page if isinstance(item, dict))


def _get_object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}
