"""Turns a request body into form fields and files (multipart/form-data, RFC 7578).

streaming-form-data splits the body, but trusts it: it accepts truncated bodies, reads on after the end, and
headers can hang or crash it. So this module reads the boundary and the part headers itself, strictly. The
library gets the files alone, all at once, under a boundary and headers that are made here. For the headers of
each part it takes 0.2 ms, which texts do not need.
"""

from __future__ import annotations

import binascii
import re
import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from jiter import from_json

from app.requests.forms import FilePart, Form, is_file_field, is_json
from app.requests.headers import read_value, take_filename
from shared.details import clean_filename
from shared.errors import FieldError, InvalidFields, MalformedRequest
from shared.texts import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.headerregistry import ContentTypeHeader

MAX_PARTS = 32
"""20 tags one by one, the other fields and the file. The rest is room for wrong fields, so that the error
can name them."""

MAX_PART_HEADER_BYTES = 8192

_BOUNDARY = re.compile(r"[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]", re.ASCII)
_HEADER = re.compile(r"([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n\0]*)", re.ASCII)


@dataclass(frozen=True)
class _Head:
    """The headers of a part. `filename` is None if the part has no file name."""

    where: str
    name: str
    filename: str | None
    content_type: str | None
    transfer_encoding: str

    @property
    def is_file(self) -> bool:
        return is_file_field(self.name)

    @property
    def may_be_file(self) -> bool:
        return self.filename is not None or self.is_file


def parse_form(body: bytes, content_type: str) -> Form:
    """Read a form. A part is a file if it has a file name.

    Some clients send no file name. Then the part in a field for files is the file, but no text beside one.

    Raises MalformedRequest if the body cannot be read, InvalidFields if a field is not UTF-8 text.
    """
    parts = list(_find_parts(body, _read_boundary(content_type)))
    heads = [
        _read_head(head, f"Part {number} of the multipart body") for number, (head, _) in enumerate(parts, 1)
    ]
    views = [payload for _, payload in parts]
    # A body may have megabytes. If the caller does not keep it, it ends before the library copies it.
    del body, parts
    payloads = _take_payloads(heads, views)

    has_file = any(
        head.is_file and head.filename is not None and (head.filename or payload)
        for head, payload in zip(heads, payloads, strict=True)
    )
    fields: dict[str, list[str]] = {}
    files = []
    for head, payload in zip(heads, payloads, strict=True):
        if head.filename is None and head.is_file and has_file:
            continue
        data = _decode_transfer(payload, head)
        if head.filename is None and not head.is_file:
            fields.setdefault(head.name, []).append(_decode_text(data, head))
        else:
            files.append(FilePart(head.name, clean_filename(head.filename or ""), head.content_type, data))
    return Form({name: tuple(values) for name, values in fields.items()}, tuple(files))


def _read_boundary(content_type: str) -> str:
    media_type, parameters = read_value(content_type, "The Content-Type header")
    if media_type != "multipart/form-data":
        raise MalformedRequest("The Content-Type header is not multipart/form-data.")
    if "boundary" not in parameters:
        raise MalformedRequest("The Content-Type header has no boundary parameter.")
    if not _BOUNDARY.fullmatch(parameters["boundary"]):
        raise MalformedRequest(
            "The boundary in the Content-Type header must have 1 to 70 characters that RFC 2046 allows."
        )
    return parameters["boundary"]


def _find_parts(body: bytes, boundary: str) -> Iterator[tuple[bytes, memoryview]]:
    """Yield headers and payload of each part, from the first boundary to the closing one (RFC 2046, 5.1.1).

    Lines end in CRLF. If the first boundary ends in LF, all of them do, as in a body written by hand.
    """
    dashes = b"--" + re.escape(boundary.encode())
    opening = re.search(b"^" + dashes + rb"(?:--|[ \t]*+(?=(\r?\n)))", body, re.MULTILINE)
    if not opening:
        raise MalformedRequest("The multipart body does not hold the boundary that its Content-Type names.")
    newline = opening[1]
    if not newline:
        if body[: opening.start()].strip():
            raise MalformedRequest("The multipart body holds nothing but its closing boundary.")
        return

    view = memoryview(body)
    blank_line = newline * 2
    start = opening.end()
    delimiter = re.compile(newline + dashes + rb"(--|[ \t]*+(?=" + newline + b"))")
    beginning = newline + b"--" + boundary.encode()
    for number, match in enumerate(_find_all(delimiter, beginning, body, start), start=1):
        if number > MAX_PARTS:
            raise MalformedRequest(f"The multipart body has more than {MAX_PARTS} parts.")
        # If a part has no payload, its blank line may be the line end in front of the next boundary.
        head_limit = min(match.start() + len(newline), start + MAX_PART_HEADER_BYTES)
        head_end = body.find(blank_line, start, head_limit)
        if head_end < 0:
            raise MalformedRequest(
                f"Part {number} of the multipart body has no blank line after its headers, "
                f"or more than {MAX_PART_HEADER_BYTES} bytes of headers."
            )
        yield body[start:head_end], view[head_end + len(blank_line) : match.start()]
        if match[1] == b"--":
            return
        start = match.end()
    raise MalformedRequest("The multipart body ends without its closing boundary. It may be truncated.")


def _find_all(
    delimiter: re.Pattern[bytes], beginning: bytes, body: bytes, start: int
) -> Iterator[re.Match[bytes]]:
    """Find as `finditer` does. Finding the plain beginning first takes a tenth of the time."""
    while (at := body.find(beginning, start)) >= 0:
        match = delimiter.match(body, at) or delimiter.search(body, at)
        if not match:
            return
        yield match
        start = match.end()


def _read_head(block: bytes, where: str) -> _Head:
    headers = _read_headers(block, where)
    disposition, parameters = read_value(
        headers.get("content-disposition", ""), f"{where}: its Content-Disposition"
    )
    if disposition != "form-data":
        raise MalformedRequest(f"{where} has no `Content-Disposition: form-data`.")
    if not parameters.get("name"):
        raise MalformedRequest(f"{where} has no name.")
    # .NET repeats every file name as `filename*` (RFC 5987). Other parameters in this form are an attack.
    filename = take_filename(parameters, where)
    if any("*" in name for name in parameters):
        raise MalformedRequest(f"{where} has an encoded parameter in its Content-Disposition.")
    return _Head(
        where,
        parameters["name"],
        filename,
        headers.get("content-type") or None,
        headers.get("content-transfer-encoding", "binary").lower(),
    )


def _read_headers(block: bytes, where: str) -> dict[str, str]:
    """Read header lines. `block` begins with the line end of the boundary.

    It is decoded before it is parsed: in Shift-JIS and GBK, a backslash may be the half of a character.
    """
    text = decode_text(block)
    headers: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").split("\n")[1:]:
        match = _HEADER.fullmatch(line)
        if not match:
            raise MalformedRequest(f"{where} has a header line that cannot be read.")
        name = match[1].lower()
        if name in headers:
            raise MalformedRequest(f"{where} has the same header twice.")
        headers[name] = match[2].rstrip()
    return headers


def _take_payloads(heads: Sequence[_Head], views: list[memoryview]) -> list[bytes]:
    """Return the bytes of the parts. The views of the body end when its files are copied."""
    texts = [b"" if head.may_be_file else bytes(view) for head, view in zip(heads, views, strict=True)]
    files = [view for head, view in zip(heads, views, strict=True) if head.may_be_file]
    count = len(files)
    framed = _frame(files)
    views.clear()
    files.clear()
    split = iter(_split(framed, count))
    return [next(split) if head.may_be_file else text for head, text in zip(heads, texts, strict=True)]


@cache
def _make_content_type() -> ContentTypeHeader:
    """Make the header that the library gets. It takes 0.1 ms to parse one, but takes this one as it is.

    It would decode parts of the client's boundary. A random one that nobody sees cannot occur in a payload.
    """
    from email.policy import HTTP  # noqa: PLC0415 - the library imports it too, when there is a form

    boundary = secrets.token_hex(16)
    return cast(
        "ContentTypeHeader", HTTP.header_factory("Content-Type", f"multipart/form-data; boundary={boundary}")
    )


def _frame(payloads: Sequence[memoryview]) -> bytes:
    boundary = _make_content_type().params["boundary"]
    pieces: list[bytes | memoryview] = []
    for index, payload in enumerate(payloads):
        head = f"--{boundary}\r\nContent-Disposition: form-data; name={index}\r\n\r\n"
        pieces += (head.encode(), payload, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces)


def _split(framed: bytes, count: int) -> list[bytes]:
    # The import takes 50 ms. Only a request with a form should pay that.
    from streaming_form_data import StreamingFormDataParser  # noqa: PLC0415
    from streaming_form_data.targets import ValueTarget  # noqa: PLC0415

    parser = StreamingFormDataParser({"Content-Type": _make_content_type()})
    targets = [ValueTarget() for _ in range(count)]
    for index, target in enumerate(targets):
        parser.register(str(index), target)
    # Fed all at once, each payload comes out in one piece, and its target returns it without a copy.
    parser.data_received(framed)
    return [target.value for target in targets]


def _decode_transfer(payload: bytes, head: _Head) -> bytes:
    # RFC 7578 deprecates these encodings, but a client that names one wants the payload to be decoded.
    if head.transfer_encoding == "quoted-printable":
        return binascii.a2b_qp(payload)
    if head.transfer_encoding != "base64":
        return payload
    try:
        return binascii.a2b_base64(payload)
    except binascii.Error:
        raise MalformedRequest(f"{head.where} is not valid base64.") from None


def _decode_text(data: bytes, head: _Head) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InvalidFields([FieldError(head.name, "is not UTF-8 text")]) from None
    return _read_json_text(text) if is_json(head.content_type) else text


def _read_json_text(text: str) -> str:
    """Return the text of a JSON string, and none of `null`. Everything else stays as it came."""
    try:
        value = from_json(text.encode())
    except ValueError:
        return text
    return value if isinstance(value, str) else "" if value is None else text
