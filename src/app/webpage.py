"""The web page: the document that a browser loads first, and the files that it names."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from string import Template
from urllib.parse import urlsplit

from pydantic.alias_generators import to_camel

from app.access.issuers import SignIn
from app.bundles import make_bundles
from app.responses.documents import ASSET_CACHE, MAX_ADDRESSES, Document, make_version

DOCUMENT = "index.html"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
DOCUMENT_CACHE = "no-cache"
"""A document that is kept would name files of a release that is gone."""
BUNDLES = ("main.js", "workbench.js")
"""The modules that the first pictures wait for, and those that come behind them."""
WORKER = "hash-worker.js"
FIRST_LISTING = "images?visibility=public&amp;limit=100"
"""What the page asks for first, if nobody is signed in and the address asks for nothing else."""

# Pictures that the browser makes of files are blobs, and those of placeholders are data. Styles of single
# elements are set by the DOM, which no policy forbids.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; manifest-src 'none';"
    " img-src 'self' data: blob: {origins}; connect-src 'self' {called};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@lru_cache(MAX_ADDRESSES)
def make_webpage(
    base_url: str, storage_origins: tuple[str, ...], auth_mode: str, sign_in: SignIn | None
) -> Document:
    """Make the document. It may load what is its own, and call the API, S3 and the issuer."""
    parts = urlsplit(base_url)
    folder = f"{parts.path}/page/{get_version()}"
    described = {to_camel(name): value for name, value in asdict(sign_in).items()} if sign_in else None
    settings = {"authMode": auth_mode, "signIn": described}
    text = Template((_folder() / DOCUMENT).read_text(encoding="utf-8")).substitute(
        folder=folder,
        listing=f"{parts.path}/{FIRST_LISTING}",
        settings=json.dumps(settings).replace("<", "\\u003c"),
    )
    origins = {_get_origin(base_url): None, **dict.fromkeys(storage_origins)}
    issuer_urls = (sign_in.token_url, sign_in.revocation_url) if sign_in else ()
    called = dict.fromkeys([*origins, *(_get_origin(url) for url in issuer_urls if url)])
    headers = {
        "Content-Security-Policy": POLICY.format(origins=" ".join(origins), called=" ".join(called)),
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
    }
    return Document("text/html; charset=utf-8", text, DOCUMENT_CACHE, headers)


def _get_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def list_storage_origins(endpoint_url: str | None, bucket: str) -> tuple[str, ...]:
    """Return where forms of direct uploads may lead: the bucket is in the host name, or in the path."""
    if endpoint_url is None:
        return ()
    parts = urlsplit(endpoint_url)
    return (_get_origin(endpoint_url), f"{parts.scheme}://{bucket}.{parts.netloc}")


@cache
def get_assets() -> Mapping[str, Document]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in _folder().iterdir()}
    modules = {name: text for name, text in texts.items() if PurePath(name).suffix == ".js"}
    served = {name: text for name, text in texts.items() if name not in {DOCUMENT, *modules}}
    served |= {**make_bundles(modules, BUNDLES), WORKER: modules[WORKER]}
    return {name: _make_asset(name, text) for name, text in sorted(served.items())}


def _make_asset(name: str, text: str) -> Document:
    return Document(CONTENT_TYPES[PurePath(name).suffix], text, ASSET_CACHE)


@cache
def get_version() -> str:
    return make_version(get_assets().values())


def _folder() -> Traversable:
    return files("app") / "page"
