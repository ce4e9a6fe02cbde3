import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.filepost import encode_multipart_formdata

from app.requests.forms import FilePart, Form
from app.requests.multipart import parse_form
from shared.errors import MalformedRequest

CONTENT_TYPE = "multipart/form-data; boundary=B"
DISPOSITION = 'Content-Disposition: form-data; name="file"; filename="a.jpg"'
PART = f"--B\r\n{DISPOSITION}\r\n\r\nabc\r\n".encode()


def parse_part(headers: str, payload: bytes = b"abc") -> Form:
    return parse_form(b"--B\r\n" + headers.encode() + b"\r\n\r\n" + payload + b"\r\n--B--\r\n", CONTENT_TYPE)


# What clients send


def test_fields_keep_their_order_and_may_be_repeated() -> None:
    parts = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in [("tags", "sea"), ("userId", "ana"), ("tags", "sun"), ("tags", "sea")]
    )
    form = parse_form(parts.encode() + b"--B--", CONTENT_TYPE)
    assert form == Form({"tags": ("sea", "sun", "sea"), "userId": ("ana",)}, ())


def test_a_file_has_its_field_name_clean_file_name_type_and_bytes() -> None:
    form = parse_part(f"{DISPOSITION}\r\nContent-Type: image/jpeg", b"\xff\xd8\r\n\0")
    assert form == Form({}, (FilePart("file", "a.jpg", "image/jpeg", b"\xff\xd8\r\n\0"),))
    assert form.file is form.files[0]


def test_forms_of_httpx_and_urllib3_are_read() -> None:
    name = 'IMG (1) "öä"; x=y.jpg'
    expected = Form({"tags": ("a", "ü\r\n")}, (FilePart("file", name, "image/jpeg", b"abc"),))

    request = httpx.Request(
        "POST", "http://x/", data={"tags": ["a", "ü\r\n"]}, files={"file": (name, b"abc", "image/jpeg")}
    )
    assert parse_form(request.read(), request.headers["Content-Type"]) == expected

    body, content_type = encode_multipart_formdata(
        [("tags", "a"), ("tags", "ü\r\n"), ("file", (name, b"abc", "image/jpeg"))]
    )
    assert parse_form(body, content_type) == expected


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ("name=file; filename=a.jpg", "a.jpg"),
        ('filename="a.jpg";name="file";', "a.jpg"),
        ('NAME="file" ; FileName = "a.jpg"', "a.jpg"),
        ('name="file"; filename="IMG (1); a=b, c.jpg"', "IMG (1); a=b, c.jpg"),
        ('name="file"; filename="C:\\Users\\ana\\cat.png"', "cat.png"),
        ('name="file"; filename="12%22 vinyl.jpg"', '12" vinyl.jpg'),
        ('name="file"; filename="12\\" vinyl.jpg"', '12" vinyl.jpg'),
        ('name="file"; filename="a%0D%0Ab.jpg"', "a%0D%0Ab.jpg"),
        ('name="file"; filename="=?utf-8?B?Li4vLi4vZXRj?="', "=?utf-8?B?Li4vLi4vZXRj?="),
        ('name="file"; filename="写真.jpg"', "写真.jpg"),
        ('name="file"; filename="a\x07\u202eb.jpg"', "ab.jpg"),
        ("name=file; filename=\"=?utf-8?B?w6kuanBn?=\"; filename*=utf-8''%C3%A9.jpg", "é.jpg"),
        ("name=file; filename*=UTF-8'en'..%2F..%2Fa%0D%0A.jpg", "a.jpg"),
        ("name=file; filename=a.jpg; filename*=gbk''%CD%BC%C6%AC.jpg", "图片.jpg"),
        ("name=file; filename=a.jpg; filename*=klingon''%FF", "a.jpg"),
        ('name="file"; filename=""', ""),
        ('name="file"', ""),
    ],
)
def test_a_file_name_is_read_as_clients_write_it(parameters: str, filename: str) -> None:
    form = parse_part(f"Content-Disposition: form-data; {parameters}")
    assert form.file == FilePart("file", filename, None, b"abc")


@pytest.mark.parametrize(
    ("filename", "encoding"),
    [
        ("crème brûlée.jpg", "latin-1"),
        ("写真.jpg", "shift_jis"),
        ("予定表", "shift_jis"),  # its last byte is a backslash
        ("照片（1）.jpg", "gbk"),  # noqa: RUF001 - as people write it
        ("实誠", "gbk"),  # the same
    ],
)
def test_a_file_name_in_an_old_encoding_stays_readable(filename: str, encoding: str) -> None:
    body = PART.replace(b"a.jpg", filename.encode(encoding)) + b"--B--"
    assert parse_form(body, CONTENT_TYPE).file.filename == filename


@given(st.binary(max_size=40))
def test_no_bytes_in_a_file_name_refuse_a_form(name: bytes) -> None:
    quoted = re.sub(rb'[\r\n\0"\\\\]', b"", name)
    assert parse_form(PART.replace(b"a.jpg", quoted) + b"--B--", CONTENT_TYPE).file.data == b"abc"


@pytest.mark.parametrize(
    ("content_type", "payload", "value"),
    [
        ("application/json", '"public"', "public"),
        ("application/json; charset=utf-8", ' "caf\\u00e9 \\"x\\"" ', 'café "x"'),
        ("application/vnd.api+json", '"a"', "a"),
        ("application/json", "null", ""),
        ("application/json", '["a", "b"]', '["a", "b"]'),
        ("application/json", "5", "5"),
        ("application/json", "public", "public"),
        ("text/plain", '"public"', '"public"'),
        (None, '"public"', '"public"'),
    ],
)
def test_a_part_of_json_is_the_text_that_it_holds(content_type: str | None, payload: str, value: str) -> None:
    head = "Content-Disposition: form-data; name=description"
    head += f"\r\nContent-Type: {content_type}" if content_type else ""
    assert parse_part(head, payload.encode()).fields == {"description": (value,)}


def test_header_names_and_the_disposition_ignore_case_and_other_headers_are_ignored() -> None:
    form = parse_part("X-Other-1: ü\r\ncontent-TYPE:image/png \r\nCONTENT-DISPOSITION:  Form-Data; name=file")
    assert form.file == FilePart("file", "", "image/png", b"abc")


@pytest.mark.parametrize(
    ("encoding", "payload", "data"),
    [
        ("base64", b"VGVz\r\ndCAx\r\n", b"Test 1"),
        ("Quoted-Printable", b"foo=3Dbar=\r\n", b"foo=bar"),
        ("binary", b"VGVzdA==", b"VGVzdA=="),
        ("utf-8", b"VGVzdA==", b"VGVzdA=="),
    ],
)
def test_a_declared_transfer_encoding_is_undone(encoding: str, payload: bytes, data: bytes) -> None:
    assert parse_part(f"{DISPOSITION}\r\nContent-Transfer-Encoding: {encoding}", payload).file.data == data


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data;boundary=B",
        'Multipart/Form-Data; charset=utf-8; BOUNDARY="B"; x="a;b";',
        "multipart/form-data ; boundary = B ",
    ],
)
def test_a_content_type_may_be_written_in_many_ways(content_type: str) -> None:
    assert parse_form(PART + b"--B--", content_type).file.data == b"abc"


@pytest.mark.parametrize(
    "body",
    [
        PART + b"--B--",
        PART + b"--B--\r\n\r\n",
        PART + b"--B--\r\n" + PART + b"--B--\r\n",
        b"\r\n" + PART + b"--B--\r\n",
        b"This is a preamble with --B in it.\r\n" + PART + b"--B--\r\n",
        PART.replace(b"--B", b"--B \t") + b"--B--  \r\n",
        PART.replace(b"\r\n", b"\n") + b"--B--\n",
    ],
)
def test_preamble_epilogue_padding_and_bare_line_feeds_do_not_matter(body: bytes) -> None:
    assert parse_form(body, CONTENT_TYPE).file == FilePart("file", "a.jpg", None, b"abc")


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"--B--", b"x\r\n--", b"\n--B\r\n--", b"x\r\n--B-\r\n--Bx\r\n--B \r", b"\n--B--\n"]
)
def test_a_payload_may_look_almost_like_a_boundary(data: bytes) -> None:
    headers = f"Content-Disposition: form-data; name=other\r\n\r\nx\r\n--B\r\n{DISPOSITION}"
    assert parse_part(headers, b"." + data).file.data == b"." + data


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_a_part_may_end_with_its_blank_line(newline: bytes) -> None:
    body = newline.join([b"--B", DISPOSITION.encode(), b"", b"--B", DISPOSITION.encode(), b"", b"--B--"])
    assert parse_form(body, CONTENT_TYPE).files == (FilePart("file", "a.jpg", None, b""),) * 2


def test_an_empty_form_has_neither_fields_nor_files() -> None:
    assert parse_form(b"--B--\r\n", CONTENT_TYPE) == Form({}, ())


def test_the_library_is_imported_by_the_first_form_only() -> None:
    script = "import sys, app.requests.multipart; sys.exit('streaming_form_data' in sys.modules)"
    source = str(Path(__file__).parents[4] / "src")
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": source}, check=True)  # noqa: S603


def test_a_body_that_only_the_parser_holds_is_in_memory_twice_at_most() -> None:
    size = 4_400_000

    def make_body() -> bytes:
        body = PART.replace(b"abc", bytes(size)) + b"--B--"
        tracemalloc.reset_peak()
        return body

    parse_form(PART + b"--B--", CONTENT_TYPE)  # imports the library
    tracemalloc.start()
    try:
        parse_form(make_body(), CONTENT_TYPE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.1 * size


# Bounds


@pytest.mark.parametrize(("parts", "is_read"), [(32, True), (33, False)])
def test_form_has_up_to_32_parts(parts: int, is_read: bool) -> None:
    body = PART * parts + b"--B--"
    if is_read:
        assert len(parse_form(body, CONTENT_TYPE).files) == parts
    else:
        with pytest.raises(MalformedRequest, match="more than 32 parts"):
            parse_form(body, CONTENT_TYPE)


def make_head(size: int) -> bytes:
    """The headers of a part with the line end in front of them and the blank line behind, in bytes."""
    head = b"\r\n" + DISPOSITION.encode() + b"\r\nX: "
    return head + b"a" * (size - len(head) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize(("size", "is_read"), [(8192, True), (8193, False)])
def test_headers_of_a_part_have_up_to_8_kilobytes(size: int, is_read: bool) -> None:
    body = b"--B" + make_head(size) + b"abc\r\n--B--"
    if is_read:
        assert parse_form(body, CONTENT_TYPE).file.data == b"abc"
    else:
        with pytest.raises(MalformedRequest, match="more than 8192 bytes of headers"):
            parse_form(body, CONTENT_TYPE)


@pytest.mark.parametrize("boundary", ["B", "B" * 70, "a b", "'()+_,-./:=?", "0"])
def test_boundary_has_up_to_70_characters_of_rfc_2046(boundary: str) -> None:
    body = PART.replace(b"--B", b"--" + boundary.encode()) + f"--{boundary}--".encode()
    assert parse_form(body, f'multipart/form-data; boundary="{boundary}"').file.data == b"abc"


def test_field_that_is_named_file_is_a_file_without_a_name() -> None:
    form = parse_part("Content-Disposition: form-data; name=file")
    assert form == Form({}, (FilePart("file", "", None, b"abc"),))
    assert parse_part("Content-Disposition: form-data; name=other") == Form({"other": ("abc",)}, ())


@pytest.mark.parametrize("name", ["file", "files[]", "filepond", "image"])
@pytest.mark.parametrize("filename", ["a.jpg", ""])
def test_text_beside_a_file_in_a_field_for_files_is_no_file(name: str, filename: str) -> None:
    text = f'Content-Disposition: form-data; name="{name}"\r\n\r\n{{}}\r\n--B\r\n'
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    for headers in (text + head, text.replace(name, "image") + head):
        assert parse_part(headers) == Form({}, (FilePart(name, filename, None, b"abc"),))


def test_field_with_a_file_name_is_a_file() -> None:
    form = parse_part('Content-Disposition: form-data; name=other; filename=""')
    assert form == Form({}, (FilePart("other", "", None, b"abc"),))


def test_type_of_a_file_is_kept_as_it_was_sent() -> None:
    form = parse_part(f"{DISPOSITION}\r\nContent-Type: Text/HTML; charset=x \t")
    assert form.file.content_type == "Text/HTML; charset=x"
    assert parse_part(f"{DISPOSITION}\r\nContent-Type: ").file.content_type is None
