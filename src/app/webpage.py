"""The web page: the document that a browser loads first, and the files that it names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from string import Template
from urllib.parse import urlsplit

from app.responses.documents import ASSET_CACHE, MAX_ADDRESSES, Document, make_version

DOCUMENT = "index.html"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
DOCUMENT_CACHE = "no-cache"
"""A document that is kept would name files of a release that is gone."""
WORKER = "hash-worker.js"
"""The page starts it by itself, so the document does not announce it."""

# Pictures that the browser makes of files are blobs, and those of placeholders are data. Styles of single
# elements are set by the DOM, which no policy forbids.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; manifest-src 'none';"
    " img-src 'self' data: blob: {origins}; connect-src 'self' {origins};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class SignIn:
    """The issuer on whose page a person signs in. Empty texts: nobody can."""

    mode: str
    issuer: str = ""
    client_id: str = ""
    scopes: str = ""


@lru_cache(MAX_ADDRESSES)
def make_webpage(base_url: str, storage_origins: tuple[str, ...], sign_in: SignIn) -> Document:
    """Make the document. It may load what is its own, and call the API, S3 and the issuer."""
    parts = urlsplit(base_url)
    folder = f"{parts.path}/page/{get_version()}"
    settings = {
        "authMode": sign_in.mode,
        "issuer": sign_in.issuer,
        "clientId": sign_in.client_id,
        "scopes": sign_in.scopes,
    }
    text = Template(_read(DOCUMENT)).substitute(
        folder=folder,
        preloads="\n".join(
            f'<link rel="modulepreload" href="{folder}/{name}">'
            for name in get_assets()
            if name.endswith(".js") and name != WORKER
        ),
        settings=json.dumps(settings).replace("<", "\\u003c"),
    )
    origins = {f"{parts.scheme}://{parts.netloc}": None, **dict.fromkeys(storage_origins)}
    headers = {
        "Content-Security-Policy": POLICY.format(origins=" ".join(origins)),
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
    }
    return Document("text/html; charset=utf-8", text, DOCUMENT_CACHE, headers)


def list_storage_origins(endpoint_url: str | None, bucket: str) -> tuple[str, ...]:
    """Return where forms of direct uploads may lead: the bucket is in the host name, or in the path."""
    if endpoint_url is None:
        return ()
    parts = urlsplit(endpoint_url)
    return (f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{bucket}.{parts.netloc}")


@cache
def get_assets() -> Mapping[str, Document]:
    names = sorted(path.name for path in _folder().iterdir() if path.name != DOCUMENT)
    return {name: Document(CONTENT_TYPES[PurePath(name).suffix], _read(name), ASSET_CACHE) for name in names}


@cache
def get_version() -> str:
    return make_version(get_assets().values())


def _folder() -> Traversable:
    return files("app") / "page"


def _read(name: str) -> str:
    return (_folder() / name).read_text(encoding="utf-8")
