"""Bodies that cannot be read as a form: each is refused with words that say why."""

import pytest

from app.requests.forms import Form
from app.requests.multipart import MAX_PART_HEADER_BYTES, MAX_PARTS, parse_form
from shared.errors import InvalidFields, MalformedRequest

CONTENT_TYPE = "multipart/form-data; boundary=B"
DISPOSITION = 'Content-Disposition: form-data; name="file"; filename="a.jpg"'
PART = f"--B\r\n{DISPOSITION}\r\n\r\nabc\r\n".encode()


def parse_part(headers: str, payload: bytes = b"abc") -> Form:
    return parse_form(b"--B\r\n" + headers.encode() + b"\r\n\r\n" + payload + b"\r\n--B--\r\n", CONTENT_TYPE)


@pytest.mark.parametrize(
    ("content_type", "detail"),
    [
        ("", "is not multipart/form-data"),
        ("multipart/mixed; boundary=B", "is not multipart/form-data"),
        ("multipart/form-data", "no boundary"),
        ("multipart/form-data; boundary", "cannot be read"),
        ("multipart/form-data; boundary=", "cannot be read"),
        ('multipart/form-data; boundary="B', "cannot be read"),
        ("multipart/form-data; boundary=B boundary=B", "cannot be read"),
        ("multipart/form-data;; boundary=B", "cannot be read"),
        ("multipart/form-data; " + "(" * 5000, "cannot be read"),
        ("multipart/form-data; boundary=B; boundary=C", "twice"),
        ('multipart/form-data; boundary=""', "RFC 2046"),
        ('multipart/form-data; boundary="B "', "RFC 2046"),
        ("multipart/form-data; boundary=B\r\n", "cannot be read"),
        ("multipart/form-data; boundary=É", "RFC 2046"),
        ("multipart/form-data; boundary=B[1]", "RFC 2046"),
        ("multipart/form-data; boundary=" + "B" * 71, "RFC 2046"),
    ],
)
def test_a_bad_content_type_is_malformed(content_type: str, detail: str) -> None:
    with pytest.raises(MalformedRequest, match=detail):
        parse_form(PART + b"--B--", content_type)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "does not hold the boundary"),
        (b"-----", "does not hold the boundary"),
        (PART.replace(b"--B", b"--b") + b"--b--", "does not hold the boundary"),
        (PART.replace(b"--B", b"--C") + b"--B--", "nothing but its closing boundary"),
        (PART, "without its closing boundary"),
        (PART + b"--B\r\n", "without its closing boundary"),
        (PART + b"--B-\r\n", "without its closing boundary"),
        (b"--B\r\n--B--", "Part 1 of the multipart body has no blank line"),
        (PART * (MAX_PARTS + 1) + b"--B--", f"more than {MAX_PARTS} parts"),
        (PART + b"--B\r\nX: y\r\n--B--", "Part 2 of the multipart body has no blank line"),
        (PART + b"--B\r\n\r\n--B--", "Part 2 of the multipart body has no `Content-Disposition"),
    ],
)
def test_a_bad_frame_is_malformed(body: bytes, detail: str) -> None:
    with pytest.raises(MalformedRequest, match=detail):
        parse_form(body, CONTENT_TYPE)


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ("", "Part 1 of the multipart body has no `Content-Disposition"),
        ("Content-Type: image/jpeg", "no `Content-Disposition"),
        ("Content-Disposition: attachment; name=file", "no `Content-Disposition"),
        (DISPOSITION + "\r\n" + DISPOSITION, "the same header twice"),
        ("Content-Disposition: form-data", "no name"),
        ('Content-Disposition: form-data; name=""', "no name"),
        ("Content-Disposition: form-data; name*0=fi; name*1=le", "no name"),
        ("Content-Disposition: form-data; name=file; name*=UTF-8''owner", "encoded parameter"),
        ("Content-Disposition: form-data; name=file; filename*0=a", "encoded parameter"),
        ("Content-Disposition: form-data; name=file; filename*=a.jpg", "not UTF-8"),
        ("Content-Disposition: form-data; name=file; filename*=bogus''a", "not UTF-8"),
        ("Content-Disposition: form-data; name=file; filename*=utf-8''%FF", "not UTF-8"),
        ("Content-Disposition: form-data; name=file; name=other", "the same parameter twice"),
        ("Content-Disposition: form-data; name", "cannot be read"),
        ('Content-Disposition: form-data; name="file', "cannot be read"),
        ('Content-Disposition: form-data; name="file"' + ";" * 4000, "cannot be read"),
        ("Content-Disposition: form-data; name=file " + "(" * 500, "cannot be read"),
        (DISPOSITION + "\r\n: x", "header line"),
        (DISPOSITION + "\r\n folded", "header line"),
        (DISPOSITION + "\r\nContent-<Type>: x", "header line"),
        (DISPOSITION + "\r\nX: a\rb", "header line"),
        (DISPOSITION + "\r\nX: a\0b", "header line"),
        (DISPOSITION + "\r\nX: " + "a" * MAX_PART_HEADER_BYTES, f"more than {MAX_PART_HEADER_BYTES} bytes"),
        (DISPOSITION + "\r\nContent-Transfer-Encoding: base64", "base64"),
    ],
)
def test_bad_headers_of_a_part_are_malformed(headers: str, detail: str) -> None:
    with pytest.raises(MalformedRequest, match=detail):
        parse_part(headers)


def test_a_field_that_is_not_utf_8_is_an_error_of_the_field() -> None:
    with pytest.raises(InvalidFields) as raised:
        parse_part("Content-Disposition: form-data; name=description", b"caf\xe9")
    assert [error.field for error in raised.value.errors] == ["description"]


@pytest.mark.parametrize(
    "body",
    [
        b"\n--B" * 1_000_000,
        b"--B\r\n" + b"\r\n--B " * 600_000,
        PART * 80_000,
        b"--B" + b" " * 4_000_000,
        b"--B\r\nContent-Disposition: form-data" + b'; a="\\"' * 500_000 + b"\r\n\r\n\r\n--B--",
    ],
    ids=["almost boundaries", "padding", "parts", "spaces", "parameters"],
)
@pytest.mark.timeout(10)  # a parser that reads it more than once would take minutes
def test_a_hostile_body_of_full_size_is_refused_at_once(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_form(body, CONTENT_TYPE)
