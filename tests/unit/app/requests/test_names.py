import pytest

from app.requests.names import find_meant, strip_list_suffix

KNOWN = ("userId", "description", "visibility", "tags")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *[
            (name, "userId")
            for name in ("userid", "user_id", "user-ID", "USERID", "user", "userIds", "usrId")
        ],
        *[(name, "description") for name in ("desc", "Description", "descripton", "descriptions")],
        *[(name, "visibility") for name in ("visible", "vis", "visiblity", "is_visibility")],
        *[(name, "tags") for name in ("tag", "Tags", "tag[]", "tags[x]", "tgas", "tagsList")],
    ],
)
def test_slips_spellings_and_abbreviations_mean_a_known_name(name: str, meant: str) -> None:
    assert find_meant(name, KNOWN) == meant


@pytest.mark.parametrize(
    "name", ["colour", "ta", "x", "", "[]", "title", "file", "type", "name", "t" * 10**6]
)
def test_other_names_mean_no_known_one(name: str) -> None:
    assert find_meant(name, KNOWN) is None


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("tags", "tags"),
        ("tags[]", "tags"),
        ("tags[0]", "tags"),
        ("tags[999]", "tags"),
        ("tags[1000]", "tags[1000]"),
        ("tags[a]", "tags[a]"),
        ("tags[][0]", "tags[]"),
        ("[]", ""),
        ("a[]b", "a[]b"),
    ],
)
def test_suffix_of_a_list_is_stripped_once(name: str, base: str) -> None:
    assert strip_list_suffix(name) == base
