"""Forms: which parts of a form count, whatever tool has made it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.requests.names import strip_list_suffix
from shared.errors import FieldError, InvalidFields

FILE_FIELD = "file"
FILE_FIELDS = {FILE_FIELD, "files", "filepond", "image"}

_JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json\b", re.ASCII | re.IGNORECASE)

# What tools write into a form without being asked, in lower case. Pieces of files (dzchunkindex, chunks) are
# not here: whoever sends a file in pieces has to learn that each would become an image.
_ADDED_FIELDS = frozenset(
    {
        # upload widgets describe their file: Uppy, Plupload, WebUploader, Fine Uploader, SWFUpload, Uploadify
        *("name", "type", "size", "id", "uuid", "relativepath", "webkitrelativepath", "fullpath"),
        *("filename", "filesize", "filetype", "mimetype", "lastmodified", "lastmodifieddate"),
        *("qquuid", "qqfilename", "qqtotalfilesize", "uploaduid"),
        # HTML and the frameworks behind it: buttons, PHP, Rails, Laravel, WordPress
        *("submit", "commit", "upload", "button", "action", "x", "y", "submit.x", "submit.y"),
        *("max_file_size", "utf8", "_charset_", "_method", "_wpnonce", "_wp_http_referer"),
    }
)
_ADDED_TOKEN = re.compile(
    r"(?:.*[csx]srf.*|.*verification[-_]?token|authenticity_token|_?token)", re.IGNORECASE
)


@dataclass(frozen=True)
class FilePart:
    """A file of the form. `filename` is clean, and empty where the client gave none."""

    name: str
    filename: str
    content_type: str | None
    data: bytes

    @property
    def is_chosen(self) -> bool:
        """False for a file input that its user left empty: browsers send a file without a name and bytes."""
        return bool(self.filename or self.data)


@dataclass(frozen=True)
class Form:
    """The fields and files of a form, in their order. A field may be repeated."""

    fields: Mapping[str, tuple[str, ...]]
    files: tuple[FilePart, ...]

    @property
    def file(self) -> FilePart:
        """Return the one file. Raises InvalidFields for any other number, or another field."""
        chosen = [part for part in self.files if part.is_chosen]
        errors = [
            FieldError(part.name, f"takes no file; send it in the field `{FILE_FIELD}`")
            for part in chosen
            if not is_file_field(part.name)
        ]
        files = [part for part in chosen if is_file_field(part.name)]
        # Some tools describe a file by JSON in the same field.
        files = [part for part in files if not is_json(part.content_type)] or files
        if not files:
            errors.append(FieldError(FILE_FIELD, "is required; send one file"))
        if len(files) > 1:
            errors.append(FieldError(files[1].name, f"takes one file, not {len(files)}"))
        if errors:
            raise InvalidFields(errors)
        return files[0]

    @property
    def own_fields(self) -> Mapping[str, tuple[str, ...]]:
        """The fields that the client means: without those that its tools have added."""
        return {name: values for name, values in self.fields.items() if not is_added(name)}


def is_file_field(name: str) -> bool:
    return strip_list_suffix(name) in FILE_FIELDS


def is_json(content_type: str | None) -> bool:
    return bool(_JSON_TYPE.match(content_type or ""))


def is_added(name: str) -> bool:
    """Tell if tools add a field of this name by themselves."""
    return name.lower() in _ADDED_FIELDS or bool(_ADDED_TOKEN.fullmatch(name))
