"""Sign-in: how people sign in, and the web page that tells them."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from botocore.exceptions import ClientError

from app.access.issuers import SignIn, fetch_sign_in
from app.dependencies import find_page_client, get_base_url
from app.parameters import get_settings
from app.responses.documents import Document
from app.webpage import list_storage_origins, make_webpage
from shared.errors import Unavailable
from shared.observability import get_logger


@cache
def read_sign_in() -> SignIn | None:
    """Read it once. Raises Unavailable if the issuer or its client is not there. The next call asks again."""
    settings = get_settings()
    if settings.auth_mode != "jwt":
        return None
    if settings.page_client_parameter:
        client_id = find_page_client()
        if client_id is None:
            raise Unavailable
    elif (client_id := settings.oidc_client_id) is None:
        return None
    return fetch_sign_in(settings.oidc_issuer, settings.oidc_discovery_url, client_id, settings.oidc_scopes)


def find_sign_in() -> SignIn | None:
    """Return None if nobody can sign in at the moment. The page shows what is public in any case."""
    try:
        return read_sign_in()
    except (Unavailable, ClientError):
        get_logger().warning("nobody can sign in on the page: the issuer or its client cannot be read")
        return None


def get_make_webpage(base_url: Annotated[str, Depends(get_base_url)]) -> Callable[[], Document] | None:
    """The issuer is asked when the first person comes."""
    settings = get_settings()
    if not settings.has_web_page:
        return None
    origins = list_storage_origins(settings.s3_public_url, settings.bucket)
    return lambda: make_webpage(base_url, origins, settings.auth_mode, find_sign_in())


MakeWebpage = Annotated[Callable[[], Document] | None, Depends(get_make_webpage)]
