"""The documentation of the API for browsers: a page of Swagger UI, its scripts and its style."""

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from urllib.parse import urlsplit

from app.responses.documents import ASSET_CACHE, MAX_ADDRESSES, PAGE_CACHE, Document, make_version

TITLE = "Image upload service"
SCRIPT_TYPE = "text/javascript; charset=utf-8"

# All paths are relative, so that the page works under every address and stage.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="docs/{version}/icon.svg">
<link rel="stylesheet" href="docs/{version}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui" data-url="openapi.json"></div>
<script src="docs/{version}/swagger-ui.js"></script>
<script src="docs/{version}/start.js"></script>
</body>
</html>
"""
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect x="2" y="5" width="28" height="22" rx="4" fill="#205ea0"/>
<circle cx="10" cy="12" r="3" fill="#fff"/>
<path d="M5 24l7-8 4 4 5-7 6 11z" fill="#fff"/>
</svg>
"""
# Swagger UI fills the fields of a form with samples, and would send them. For these alone it asks for a
# sample of the media type `false`.
START = """"use strict";
const leaveFormsEmpty = () => ({
  afterLoad() {
    const { getSampleSchema } = this.fn;
    this.fn.getSampleSchema = (schema, mediaType, ...rest) => {
      if (mediaType !== false) return getSampleSchema(schema, mediaType, ...rest);
      return schema.get("type") === "array" ? "[]" : "";
    };
  },
});
const root = document.getElementById("swagger-ui");
SwaggerUIBundle({
  domNode: root,
  url: new URL(root.dataset.url, window.location.href).href,
  deepLinking: true,
  filter: true,
  showExtensions: true,
  validatorUrl: null,
  plugins: [leaveFormsEmpty],
});
"""
# Swagger UI sets styles of elements by the DOM alone, which no policy forbids. It shows images of responses
# as blobs, and its icons are data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self' {origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@lru_cache(MAX_ADDRESSES)
def make_page(base_url: str) -> Document:
    """The page may call the API at `base_url`, and nothing else."""
    parts = urlsplit(base_url)
    policy = POLICY.format(origin=f"{parts.scheme}://{parts.netloc}")
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Document(
        "text/html; charset=utf-8", PAGE.format(title=TITLE, version=get_version()), PAGE_CACHE, headers
    )


@cache
def get_assets() -> Mapping[str, Document]:
    source = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    script = (source / "swagger-ui-bundle.min.js").read_text(encoding="utf-8")
    style = (source / "swagger-ui.min.css").read_text(encoding="utf-8")
    return {
        "swagger-ui.js": Document(SCRIPT_TYPE, script, ASSET_CACHE),
        "swagger-ui.css": Document("text/css; charset=utf-8", style, ASSET_CACHE),
        "start.js": Document(SCRIPT_TYPE, START, ASSET_CACHE),
        "icon.svg": Document("image/svg+xml", ICON, ASSET_CACHE),
    }


@cache
def get_version() -> str:
    return make_version(get_assets().values())
