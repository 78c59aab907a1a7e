"""Certificates that must be refused, with real handshakes."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.faulty import FaultyServer, answer
from tokbox import errors
from tokbox.rest.http.requester import Requester

Connect = Callable[..., Requester]
_NOW = dt.datetime.now(dt.UTC)
_DAY = dt.timedelta(days=1)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FaultyServer]:
    """Make a TLS server with a self-signed certificate, which is trusted or not."""

    def make(
        address: str = "127.0.0.1",
        ends: dt.datetime = _NOW + _DAY,
        *,
        trusted: bool = True,
        newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> FaultyServer:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
        alternative = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(address))]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - 3 * _DAY)
            .not_valid_after(ends)
            .add_extension(alternative, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
        chain.write_bytes(certificate.public_bytes(pem))
        private.write_bytes(
            key.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        if newest < ssl.TLSVersion.TLSv1_2 and newest > 0:
            with warnings.catch_warnings():
                # Too old to be used, which is the point.
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = newest
            # OpenSSL itself has given these up unless it is asked to.
            context.set_ciphers("ALL:@SECLEVEL=0")
        return FaultyServer(answer(200, {}), tls=context)

    return make


def test_a_trusted_certificate_is_accepted(
    connect: Connect, serve: Callable[..., FaultyServer]
) -> None:
    with serve() as server:
        assert connect(server.url).request_json("GET", "/x")[0] == {}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param({"trusted": False}, "self.signed", id="self-signed"),
        pytest.param({"ends": _NOW - _DAY}, "expired", id="expired"),
        pytest.param({"address": "127.0.0.2"}, "mismatch", id="wrong-host"),
    ],
)
def test_a_bad_certificate_is_refused_at_once(
    options: dict[str, object],
    reason: str,
    connect: Connect,
    serve: Callable[..., FaultyServer],
) -> None:
    with serve(**options) as server:
        with pytest.raises(errors.TLSError, match=f"certificate is not valid: .*{reason}"):
            connect(server.url, retries=2).request("GET", "/x")
        assert server.requests == []
        assert server.connections == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_with_old_versions_only_is_refused_at_once(
    method: str,
    version: ssl.TLSVersion,
    connect: Connect,
    serve: Callable[..., FaultyServer],
) -> None:
    with serve(newest=version) as server:
        with pytest.raises(errors.TLSError, match=r"TLS failed: .*(?i:version)"):
            connect(server.url, retries=2).request(method, "/x")
        assert (server.requests, server.connections) == ([], 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_handshake_that_breaks_off_is_tried_again(method: str, connect: Connect) -> None:
    # Not at once: before the handshake, Python's ssl leaves the socket to the collection.
    with FaultyServer(answer(200, {}), resets=10, reset_after_hello=True) as server:
        client = connect(f"https://127.0.0.1:{server.port}", retries=2)
        with pytest.raises(errors.ConnectError) as caught:
            client.request(method, "/x")
        assert caught.value.attempts == server.connections == 3


def test_a_server_without_tls_is_a_tls_error(connect: Connect) -> None:
    with (
        FaultyServer(answer(200, {}), greeting=b"220 mail.example ESMTP\r\n") as server,
        pytest.raises(errors.TLSError),
    ):
        connect(f"https://127.0.0.1:{server.port}").request("GET", "/x")


@pytest.mark.parametrize(
    "greeting", [b"", b"\x16\x03\x03\x40\x00\x02"], ids=["silent", "half-a-record"]
)
def test_a_handshake_that_stalls_keeps_to_the_timeout(
    greeting: bytes, connect: Connect
) -> None:
    with (
        FaultyServer(answer(200, {}), greeting=greeting) as server,
        pytest.raises(errors.RequestTimeoutError, match="timeout"),
    ):
        connect(f"https://127.0.0.1:{server.port}", timeout=0.3).request("GET", "/x")
