"""An emulator behind the host names of the service, for programs in other processes.

The programs of the documentation are run unchanged, so they call ``api.opentok.com`` and
``video.api.vonage.com``. Their environment names a proxy that answers for these hosts, with
a certificate that the environment trusts, and forwards each request to an emulator. A
participant joins each new session, because archives and signals need one.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.support.applications import public_pem
from tests.support.contract import control
from tokbox.emulator import Server, serve

__all__ = ["HOSTS", "SIGNATURE_SECRET", "Service", "running_service"]

HOSTS = ("api.opentok.com", "video.api.vonage.com")
SIGNATURE_SECRET = "example0signature0secret"
#: Of one connection; the pool sets its own.
_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_SESSION_ID = re.compile(rb'"session_id":"([^"]+)"|<session_id>([^<]+)<')


@dataclass(frozen=True)
class Service:
    """A running emulator, and the environment of programs that use it as the service."""

    server: Server
    environment: dict[str, str]


def _write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for the hosts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "crl_sign"),
            *("key_agreement", "encipher_only", "decipher_only"),
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage),
            critical=True,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def _handler(server: Server, tls: ssl.SSLContext) -> type[BaseHTTPRequestHandler]:
    pool = urllib3.PoolManager()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        service = ""

        def do_CONNECT(self) -> None:
            self.service = self.path.rpartition(":")[0]
            if self.service not in HOSTS:
                self.send_error(403, "This host is not the service")
                return
            self.send_response(200)
            self.end_headers()
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb", -1)
            self.wfile = self.connection.makefile("wb", 0)  # type: ignore[assignment]
            self.close_connection = False

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def _forward(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            sent = {n: v for n, v in self.headers.items() if n.lower() not in _HOP}
            response = pool.request(
                self.command,
                server.url + self.path,
                body=self.rfile.read(size) or None,
                headers=sent,
                redirect=False,
                retries=False,
            )
            if self.path == "/session/create" and response.status == 200:
                found = _SESSION_ID.search(response.data)
                assert found, "a session has an ID"
                session_id = (found[1] or found[2]).decode()
                control(server, f"session/{session_id}/client", {"publish": True})
            # Links to files lead through this proxy, too.
            here = f"https://{self.service}".encode()
            data = response.data.replace(server.url.encode(), here)
            self.send_response(response.status)
            for name, value in response.headers.items():
                if name.lower() not in _HOP | {"date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _forward

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """Run an emulator under the names of the service. *folder* gets its certificate."""
    chain, private = _write_certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain, private)
    with serve(processing_delay=0) as server:
        front = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, tls))
        # Joined at the end.
        front.daemon_threads = False
        thread = threading.Thread(
            target=front.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        try:
            programs = Path(sys.executable).parent
            yield Service(
                server,
                {
                    "HTTPS_PROXY": f"http://127.0.0.1:{front.server_address[1]}",
                    "SSL_CERT_FILE": str(chain),
                    "REQUESTS_CA_BUNDLE": str(chain),
                    "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                    "LANG": "C.UTF-8",
                    "SIGNATURE_SECRET": SIGNATURE_SECRET,
                },
            )
        finally:
            front.shutdown()
            thread.join()
            front.server_close()


def credentials(server: Server, *, application: bool) -> dict[str, str]:
    """Return the variables that ``from_env()`` and the examples of the SDKs read."""
    if application:
        return {
            "VONAGE_APPLICATION_ID": server.application_id,
            "VONAGE_PRIVATE_KEY_PATH": "private.key",
        }
    return {
        "TOKBOX_API_KEY": server.api_key,
        "TOKBOX_SECRET": server.secret,
        "TOKBOX_ACCOUNT_KEY": server.account_key,
        "TOKBOX_ACCOUNT_SECRET": server.account_secret,
    }


def write_keys(folder: Path, server: Server) -> None:
    """Write the key pair of the default application where the examples read it."""
    key = serialization.load_pem_private_key(server.private_key.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    (folder / "private.key").write_text(server.private_key)
    (folder / "public.pem").write_text(public_pem(key))
