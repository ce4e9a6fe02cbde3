from __future__ import annotations

from app.webpage import SignIn, list_storage_origins, make_webpage


def test_files_are_below_the_stage_of_the_api() -> None:
    page = make_webpage("https://a.example/prod", (), SignIn("open"))
    assert 'src="/prod/page/' in page.text
    assert "https://a.example;" in page.headers["Content-Security-Policy"]


def test_settings_cannot_end_their_element() -> None:
    page = make_webpage("https://a.example", (), SignIn("jwt", issuer="</script><b>"))
    assert "<b>" not in page.text


def test_bucket_is_in_the_host_name_or_in_the_path() -> None:
    assert list_storage_origins("https://s3.example:9", "b") == (
        "https://s3.example:9",
        "https://b.s3.example:9",
    )
    assert list_storage_origins(None, "b") == ()
