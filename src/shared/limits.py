"""Limits that a client can run into. `GET /limits` and the docs name them."""

MAX_INLINE_BYTES = 4_400_000  # as base64, and with what surrounds it, it fits in the 6 MB of a Lambda event
MAX_JSON_IMAGE_BYTES = 3_300_000  # API Gateway encodes JSON in base64, and the image is base64 already
MAX_DIRECT_BYTES = 50 * 1024 * 1024
MAX_JSON_BYTES = 100_000
MIN_UPLOAD_SECONDS = 120
MAX_UPLOAD_SECONDS = 3540  # the credentials that sign a form live for an hour
DEFAULT_UPLOAD_SECONDS = 1800
MIN_LINK_SECONDS = 1
MAX_LINK_SECONDS = 7 * 24 * 3600
DEFAULT_LINK_SECONDS = 3600
MAX_ORIGINAL_LINK_SECONDS = 300  # whoever has the link gets all that the file holds
MAX_TAGS = 20
MAX_TAG_CHARS = 50
MAX_FILTER_TAGS = 10
MAX_DESCRIPTION_CHARS = 2000
MAX_FILENAME_CHARS = 255
MAX_USER_ID_CHARS = 128
MAX_USER_ID_BYTES = 256  # in UTF-8; percent-encoded, they fit in a key of S3
MAX_ITEM_NAME_CHARS = 200
MAX_PAGE_SIZE = 100
MAX_BATCH_IDS = 100
DEFAULT_PAGE_SIZE = 20
MAX_CURSOR_CHARS = 1000
MAX_FIELDS = 50
MAX_IDEMPOTENCY_KEY_CHARS = 255
IDEMPOTENCY_KEY_SECONDS = 24 * 3600
