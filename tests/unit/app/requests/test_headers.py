"""Headers with parameters, and the file names in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.requests.headers import read_filename, read_value, take_filename
from shared.details import clean_filename


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ({}, None),
        ({"filename": "a.jpg"}, "a.jpg"),
        ({"filename": "a.jpg", "filename*": "UTF-8''%C3%A9.jpg"}, "é.jpg"),
        ({"filename": "a.jpg", "filename*": "iso-8859-1'de'%E9.jpg"}, "é.jpg"),
        ({"filename": "a.jpg", "filename*": "Shift_JIS''%8E%CA%90%5E.jpg"}, "写真.jpg"),
        ({"filename": "a.jpg", "filename*": "gbk''%CD%BC%C6%AC.jpg"}, "图片.jpg"),
        ({"filename": "a.jpg", "filename*": "windows-1251''%F4%EE%F2%EE.jpg"}, "фото.jpg"),
        ({"filename": "a.jpg", "filename*": "utf-8''%FF.jpg"}, "a.jpg"),
        ({"filename": "a.jpg", "filename*": "klingon''%FF.jpg"}, "a.jpg"),
        ({"filename": "a.jpg", "filename*": "cp9999''%FF.jpg"}, "a.jpg"),
        ({"filename": "a.jpg", "filename*": "punycode''a-b"}, "a.jpg"),
        ({"filename": "a.jpg", "filename*": "b.jpg"}, "a.jpg"),
    ],
)
def test_extended_name_counts_first_if_it_can_be_read(
    parameters: dict[str, str], filename: str | None
) -> None:
    assert take_filename(parameters, "The header") == filename
    assert parameters == {}


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ("", None),
        ("attachment; filename*=klingon''%FF.jpg", None),
        ("attachment", None),
        ('attachment; filename="strand.jpg"', "strand.jpg"),
        ("inline; filename=strand.jpg", "strand.jpg"),
        ('attachment; filename="../../etc/strand.jpg"', "strand.jpg"),
        ("attachment; filename=\"a.jpg\"; filename*=UTF-8''%E5%86%99%E7%9C%9F.jpg", "写真.jpg"),
        ('attachment; filename="写真.jpg"', "写真.jpg"),
        ('attachment; filename="写真.jpg"'.encode().decode("latin-1"), "写真.jpg"),
        ('attachment; filename="写真.jpg"'.encode("shift_jis").decode("latin-1"), "写真.jpg"),
        ('attachment; filename="é.jpg"', "é.jpg"),
        ('attachment; filename=".."', None),
        ('attachment; filename="a', None),
        ("attachment; filename=a; filename=b", None),
        (";;;=", None),
    ],
)
def test_disposition_of_a_request_names_its_file_or_nothing(disposition: str, filename: str | None) -> None:
    assert read_filename(disposition) == filename


@given(st.text())
def test_no_disposition_is_refused_and_every_name_is_clean(text: str) -> None:
    filename = read_filename(f"attachment; filename={text}") or read_filename(text) or ""
    assert clean_filename(filename) == filename


def test_value_and_names_of_parameters_are_in_lower_case() -> None:
    assert read_value("Form-Data; NAME=File", "x") == ("form-data", {"name": "File"})
