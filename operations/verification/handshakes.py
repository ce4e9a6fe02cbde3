"""Tries TLS connections of one version."""

from __future__ import annotations

import socket
import ssl
import warnings

from operations.verification.verdicts import Skipped

TIMEOUT_SECONDS = 10
LOCAL_REASONS = {"NO_PROTOCOLS_AVAILABLE", "UNSUPPORTED_PROTOCOL", "NO_CIPHERS_AVAILABLE", "INTERNAL_ERROR"}
"""Errors of a library that cannot speak the version itself."""


def accepts_tls(host: str, version: ssl.TLSVersion, *, port: int = 443) -> bool:
    """Tell if a server accepts a connection of exactly this version. Raises Skipped if we cannot speak it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what is asked is the version, and nothing is sent
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = context.maximum_version = version
    if version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with (
            socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:
        if error.reason in LOCAL_REASONS:
            raise Skipped(f"this machine cannot speak {version.name}: {error.reason}") from error
        return False
    except ConnectionResetError:
        return False
