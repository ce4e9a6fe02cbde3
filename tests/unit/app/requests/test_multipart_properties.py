"""A legal body is read byte for byte, the beginning of one is refused, and a damaged one does no harm."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from string import ascii_letters, digits
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.requests.forms import FilePart, Form, is_file_field
from app.requests.multipart import MAX_PARTS, parse_form
from shared.details import clean_filename
from shared.errors import DomainError, MalformedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

CONTENT_TYPE = "multipart/form-data; boundary=B"
WARM_UP = b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--B--"
MAX_CALLS_PER_PART = 1000  # the library reads the header that it is given with the standard library's parser
BARE = re.compile(r"[\w'()+,./:=?-]+", re.ASCII)

spaces = st.sampled_from(["", " ", "\t", " \t "])
spellings: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.lower, str.upper, str.title])
# Two letters from U+0180 to U+0385 in a row may be two of GBK.
characters = (
    st.sampled_from(' "\\;=%2')
    | st.characters(max_codepoint=0x017F, exclude_characters="\r\n\0")
    | st.characters(min_codepoint=0x0386, codec="utf-8")
)
texts = st.lists(characters, max_size=20).map("".join)
# Clients do not write a backslash before a quote, or a %22, so that it can be told from a quote.
names = st.sampled_from(["file", "tags", "userId"]) | texts.filter(
    lambda text: text and "%22" not in text and '\\"' not in text and text[-1] != "\\"
)


@dataclass(frozen=True)
class Sample:
    """A legal body and what it holds. `end` is where its closing boundary ends."""

    content_type: str
    body: bytes
    form: Form
    end: int


@st.composite
def draw_boundaries(draw: st.DrawFn) -> str:
    size = draw(st.integers(min_value=1, max_value=70))
    characters = st.text(ascii_letters + digits + "'()+_,-./:=? ", min_size=size, max_size=size)
    return draw(characters.filter(lambda text: text[-1] != " "))


@st.composite
def draw_values(draw: st.DrawFn, value: str, parameters: Mapping[str, str]) -> str:
    """The value of a header with its parameters, in any order and spelling."""
    written = draw(spellings)(value) + draw(spaces)
    for name, content in draw(st.permutations(list(parameters.items()))):
        if name.endswith("*"):
            text = "UTF-8''" + quote(content, safe="")
        elif BARE.fullmatch(content) and draw(st.booleans()):
            text = content
        else:
            text = '"' + content.replace('"', draw(st.sampled_from(["%22", '\\"']))) + '"'
        before, around, after = draw(st.tuples(spaces, spaces, spaces))
        written += f";{before}{draw(spellings)(name)}{around}={around}{text}{after}"
    return written + draw(st.sampled_from(["", ";", "; "]))


@st.composite
def draw_heads(draw: st.DrawFn, newline: str, name: str, filename: str | None, content_type: str) -> bytes:
    parameters = {"name": name}
    if filename is not None:
        parameters["filename*" if filename and draw(st.booleans()) else "filename"] = filename
        if "filename*" in parameters and draw(st.booleans()):
            parameters["filename"] = "for old clients"
    headers = {"Content-Disposition": draw(draw_values("form-data", parameters))}
    if content_type:
        headers["Content-Type"] = content_type
    headers |= draw(st.dictionaries(st.sampled_from(["X-1", "Content-Length", "!#$%&'*+-.^_`|~"]), texts))
    return "".join(
        f"{draw(spellings)(header)}:{draw(spaces)}{value}{draw(spaces)}{newline}"
        for header, value in draw(st.permutations(list(headers.items())))
    ).encode()


@st.composite
def draw_samples(draw: st.DrawFn, longest: int = 1) -> Sample:
    """The text between boundaries, before and after them repeats itself up to `longest` times."""
    boundary = draw(draw_boundaries())
    dashes = b"--" + boundary.encode()
    newline = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n"]))
    tricky = [b"\r\n", b"\r", b"\n", b"-", b"--", dashes, newline + dashes, newline + dashes[:-1]]
    blocks = st.lists(st.sampled_from(tricky) | st.binary(max_size=20), max_size=8).map(b"".join)
    fillers = st.builds(lambda block, times: block * times, blocks, st.integers(1, longest))
    opening = re.compile(b"^" + re.escape(dashes) + rb"(?:--|[ \t]*\r?\n)", re.MULTILINE)
    delimiter = re.compile(newline + re.escape(dashes) + b"(?:--|[ \t]*" + newline + b")")
    payloads = fillers.filter(lambda payload: not delimiter.search(newline + payload + newline))

    fields: dict[str, tuple[str, ...]] = {}
    named: list[tuple[int, FilePart, bool]] = []
    nameless: list[tuple[int, FilePart, bool]] = []
    preambles = fillers.map(lambda preamble: preamble and preamble + newline)
    body = draw(preambles.filter(lambda preamble: not opening.search(preamble)))
    for number in range(draw(st.integers(min_value=1, max_value=5))):
        name, payload = draw(names), draw(payloads)
        filename = draw(st.none() | st.just("") | names)
        file_type = draw(st.sampled_from(["", "a/b; c=d"]))
        if filename is None and not is_file_field(name):
            payload = payload.decode(errors="ignore").encode()
            if delimiter.search(newline + payload + newline):
                payload = b""
            fields[name] = (*fields.get(name, ()), payload.decode())
        else:
            part = FilePart(name, clean_filename(filename or ""), file_type or None, payload)
            (nameless if filename is None else named).append((number, part, bool(filename or payload)))
        head = draw(draw_heads(newline.decode(), name, filename, file_type))
        body += dashes + draw(spaces).encode() + newline + head + newline + payload
        if payload or draw(st.booleans()):
            body += newline
    end = len(body) + len(dashes) + 2
    body += dashes + b"--"
    if draw(st.booleans()):
        body += draw(spaces).encode() + newline + draw(fillers) + body[:100]
    parameters = {"boundary": boundary} | draw(st.dictionaries(st.just("charset"), st.just("utf-8")))
    content_type = draw(draw_values("multipart/form-data", parameters))
    if any(is_file_field(part.name) and is_chosen for _, part, is_chosen in named):
        nameless = []  # they stand beside a file
    files = tuple(part for _, part, _ in sorted(named + nameless, key=itemgetter(0)))
    return Sample(content_type, body, Form(fields, files), end)


@settings(max_examples=40)
@given(draw_samples(longest=1000))
def test_a_legal_body_is_read_exactly(sample: Sample) -> None:
    form = parse_form(sample.body, sample.content_type)
    assert form == sample.form
    assert list(form.fields) == list(sample.form.fields)


@settings(max_examples=40)
@given(draw_samples())
def test_a_body_cut_anywhere_before_the_end_of_its_closing_boundary_is_malformed(sample: Sample) -> None:
    for cut in range(sample.end):
        with pytest.raises(MalformedRequest):
            parse_form(sample.body[:cut], sample.content_type)


@st.composite
def draw_damaged(draw: st.DrawFn, sample: Sample) -> bytes:
    """The body with pieces replaced, moved or repeated a thousand times, mostly where its syntax is."""
    body = sample.body
    syntax = st.sampled_from([b"\r\n", b'"', b"*", b"\\", b";", b"=", b"%", b":", b" ", b"base64", b"; a=b"])
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        places = st.integers(0, len(body))
        marks = st.sampled_from([mark.start() for mark in re.finditer(rb'[:;="\n]', body)] or [0])
        copies = st.builds(
            lambda start, size, body=body: body[start : start + size], places, st.integers(1, 200)
        )
        piece = draw(syntax | st.binary(max_size=4) | copies) * draw(st.sampled_from([1, 1, 1000]))
        start = draw(marks | places)
        body = body[:start] + piece + body[start + draw(st.integers(0, 6)) :]
    return body


@settings(max_examples=40)
@given(draw_samples().flatmap(lambda sample: st.tuples(st.just(sample.content_type), draw_damaged(sample))))
def test_a_damaged_body_raises_nothing_but_domain_errors_for_work_within_bounds(
    damaged: tuple[str, bytes],
) -> None:
    content_type, body = damaged
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    parse_form(WARM_UP, CONTENT_TYPE)  # imports the library
    sys.setprofile(count)
    try:
        with suppress(DomainError):
            parse_form(body, content_type)
    finally:
        sys.setprofile(None)
    assert calls < MAX_CALLS_PER_PART * (MAX_PARTS + 1) + 2 * len(body)


@given(st.binary(), st.text().map("multipart/form-data;".__add__) | st.text() | st.just(CONTENT_TYPE))
def test_any_body_and_any_content_type_raise_nothing_but_domain_errors(
    body: bytes, content_type: str
) -> None:
    with suppress(DomainError):
        parse_form(body, content_type)
