from __future__ import annotations

from dataclasses import replace

from app.access.issuers import SignIn
from app.webpage import list_storage_origins, make_webpage

SIGN_IN = SignIn("page", "openid", "https://a.example/authorize", "https://b.example:9/token?a=1", None)


def test_files_are_below_the_stage_of_the_api() -> None:
    page = make_webpage("https://a.example/prod", (), "open", None)
    assert 'src="/prod/page/' in page.text
    assert "https://a.example;" in page.headers["Content-Security-Policy"]


def test_settings_cannot_end_their_element() -> None:
    page = make_webpage("https://a.example", (), "jwt", replace(SIGN_IN, client_id="</script><b>"))
    assert "<b>" not in page.text


def test_page_may_call_the_issuer_for_tokens_and_load_nothing_from_it() -> None:
    page = make_webpage("https://a.example", ("https://s3.example",), "jwt", SIGN_IN)
    parts = [part.split() for part in page.headers["Content-Security-Policy"].split(";")]
    naming = {name: sources for name, *sources in parts if "https://b.example:9" in sources}
    assert naming == {
        "connect-src": ["'self'", "https://a.example", "https://s3.example", "https://b.example:9"]
    }
    assert ["form-action", "'none'"] in parts


def test_page_may_end_tokens_at_another_host_of_the_issuer() -> None:
    for url, named in (("https://c.example/revoke", "https://c.example"), ("https://b.example:9/revoke", "")):
        page = make_webpage("https://a.example", (), "jwt", replace(SIGN_IN, revocation_url=url))
        called = f"connect-src 'self' https://a.example https://b.example:9 {named}".rstrip()
        assert f"{called};" in page.headers["Content-Security-Policy"]


def test_bucket_is_in_the_host_name_or_in_the_path() -> None:
    assert list_storage_origins("https://s3.example:9", "b") == (
        "https://s3.example:9",
        "https://b.s3.example:9",
    )
    assert list_storage_origins(None, "b") == ()
