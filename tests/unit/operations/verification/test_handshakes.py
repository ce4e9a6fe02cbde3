"""Handshakes with real servers on this machine."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from operations.verification import handshakes
from operations.verification.handshakes import accepts_tls
from operations.verification.verdicts import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """A server's, for TLS 1.2 and newer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path)
    return context


@contextmanager
def serve(context: ssl.SSLContext) -> Iterator[int]:
    """Answer one connection, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_version_that_the_server_speaks_is_accepted(context: ssl.SSLContext) -> None:
    with serve(context) as port:
        assert accepts_tls("127.0.0.1", ssl.TLSVersion.TLSv1_2, port=port)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
def test_version_that_the_server_does_not_speak_is_refused(
    context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with serve(context) as port:
        assert not accepts_tls("127.0.0.1", version, port=port)


def test_version_that_this_machine_cannot_speak_is_skipped(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "LOCAL_REASONS", {"TLSV1_ALERT_PROTOCOL_VERSION"})
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with serve(context) as port, pytest.raises(Skipped, match="cannot speak TLSv1_2"):
        accepts_tls("127.0.0.1", ssl.TLSVersion.TLSv1_2, port=port)
