"""A client of the emulator made of the standard library alone.

It signs with plain ``hmac``, so that nothing the emulator verifies with is also what
made the thing to verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tokbox.emulator import Server
from tokbox.emulator.model.events import Event

#: The frozen time of the emulator under test, in seconds since the epoch.
NOW = 1_800_000_000
KEY = "12345678"
SECRET = "0123456789abcdef0123456789abcdef01234567"
APPLICATION = "00000000-0000-4000-8000-000012345678"
ACCOUNT = "87654321"
ACCOUNT_SECRET = "fedcba9876543210fedcba9876543210fedcba98"
OTHER_KEY = "40000123"
OTHER_SECRET = "example0secret0example0secret0example0sec"


def jwt(
    claims: object,
    secret: str = SECRET,
    *,
    header: dict[str, Any] | None = None,
) -> str:
    """Sign *claims* (an object, or the payload's raw bytes) with HS256."""
    message = _unsigned(
        claims, {"typ": "JWT", "alg": "HS256"} if header is None else header
    )
    mac = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return f"{message}.{_encode(mac)}"


def rs256(claims: object, pem: str, *, algorithm: str = "RS256") -> str:
    """Sign *claims* with RS256, regardless of the algorithm in the header."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    message = _unsigned(claims, {"typ": "JWT", "alg": algorithm})
    return f"{message}.{_encode(key.sign(message.encode(), PKCS1v15(), SHA256()))}"


def _unsigned(claims: object, header: dict[str, Any]) -> str:
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return f"{_encode(json.dumps(header).encode())}.{_encode(payload)}"


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def credentials(
    key: str = KEY, secret: str = SECRET, *, at: float = NOW, **changes: object
) -> str:
    """Make the value of X-OPENTOK-AUTH; a change to ``None`` leaves a claim out."""
    claims = {
        "iss": key,
        "ist": "project",
        "iat": at,
        "exp": at + 180,
        "jti": "x",
        **changes,
    }
    return jwt({name: value for name, value in claims.items() if value is not None}, secret)


def application_credentials(pem: str, *, at: float = NOW, **changes: object) -> str:
    """Make a bearer token; a change to ``None`` leaves a claim out."""
    claims = {
        "application_id": APPLICATION,
        "iat": at,
        "exp": at + 900,
        "jti": "x",
        **changes,
    }
    return rs256({name: value for name, value in claims.items() if value is not None}, pem)


def client_token(
    session_id: str,
    *,
    key: str = KEY,
    secret: str = SECRET,
    at: float = NOW,
    role: str | None = "publisher",
    **changes: object,
) -> str:
    """Make a token to join with, in the JWT form; ``None`` leaves a claim out."""
    claims = {
        "iss": key,
        "ist": "project",
        "iat": at,
        "exp": at + 30 * 86_400,
        "session_id": session_id,
        "role": role,
        "scope": "session.connect",
        "nonce": 1,
        **changes,
    }
    return jwt({name: value for name, value in claims.items() if value is not None}, secret)


def t1_token(
    session_id: str,
    *,
    key: str = KEY,
    secret: str = SECRET,
    at: int = NOW,
    **changes: object,
) -> str:
    """Make a token to join with, in the T1 form; ``None`` leaves a field out."""
    fields = {
        "session_id": session_id,
        "create_time": at,
        "expire_time": at + 86_400,
        "role": "publisher",
        "connection_data": "",
        "nonce": 123456,
        **changes,
    }
    data = urlencode({name: value for name, value in fields.items() if value is not None})
    sig = hmac.new(secret.encode(), data.encode(), hashlib.sha1).hexdigest()
    return "T1==" + base64.b64encode(f"partner_id={key}&sig={sig}:{data}".encode()).decode()


def events_of(server: Server, group: str) -> list[Event]:
    """Collect the webhooks of one group of events from now on, in order."""
    told: list[Event] = []

    def listen(event: Event) -> None:
        if event.group == group:
            told.append(event)

    server._app.state.emulator.events.subscribe(listen)
    return told


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Api:
    """Talk to an emulator as a project."""

    url: str
    key: str = KEY
    secret: str = SECRET
    #: The private key of an application, which then is who speaks.
    pem: str | None = None
    #: Headers of every request.
    headers: dict[str, str] = field(default_factory=lambda: {"Accept": "application/json"})

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        """Send a request; other bodies than bytes and iterators are sent as JSON."""
        merged: dict[str, str | None] = {
            **self._credentials(),
            **self.headers,
            **(headers or {}),
        }
        if isinstance(body, dict | list | str):
            body = json.dumps(body).encode()
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        try:
            connection.request(
                method,
                path,
                body,  # type: ignore[arg-type]
                {name: value for name, value in merged.items() if value is not None},
            )
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def _credentials(self) -> dict[str, str]:
        if self.pem is None:
            return {"X-OPENTOK-AUTH": credentials(self.key, self.secret)}
        token = application_credentials(self.pem, application_id=self.key)
        return {"Authorization": f"Bearer {token}"}

    def token(self, session_id: str, **claims: object) -> str:
        """Make a token to join with, as this tenant signs it."""
        if self.pem is None:
            return client_token(session_id, key=self.key, secret=self.secret, **claims)  # type: ignore[arg-type]
        base = {"application_id": self.key, "iat": NOW, "session_id": session_id}
        return rs256({**base, "exp": NOW + 30 * 86_400, **claims}, self.pem)

    def project(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        """Send a request to a path below ``/v2/project/{tenant}``."""
        return self.request(method, f"/v2/project/{self.key}{path}", body, **more)

    # The fixtures that most tests use.

    def create_session(self, **form: str) -> str:
        names = {"media": "p2p.preference"}
        body = urlencode({names.get(name, name): value for name, value in form.items()})
        answer = self.request("POST", "/session/create", body.encode())
        assert answer.status == 200, answer.body
        return str(answer.json()[0]["session_id"])

    def join(
        self, session_id: str, *, publish: bool = True, **claims: object
    ) -> dict[str, Any]:
        token = self.token(session_id, **claims)
        answer = self.join_with(session_id, token, publish=publish)
        assert answer.status == 201, answer.body
        joined: dict[str, Any] = answer.json()
        return joined

    def join_with(self, session_id: str, token: str, *, publish: bool = False) -> Answer:
        return self.request(
            "POST",
            f"/_emulator/session/{quote(session_id)}/connection",
            {"token": token, "publish": publish},
        )

    def leave(self, session_id: str, joined: dict[str, Any]) -> None:
        path = f"/_emulator/session/{session_id}/connection/{joined['connectionId']}"
        assert self.request("DELETE", path).status == 204

    def start_archive(self, session_id: str, **options: object) -> dict[str, Any]:
        answer = self.project("POST", "/archive", {"sessionId": session_id, **options})
        assert answer.status == 200, answer.body
        archive: dict[str, Any] = answer.json()
        return archive

    def archive(self, archive_id: str) -> dict[str, Any]:
        answer = self.project("GET", f"/archive/{archive_id}")
        assert answer.status == 200, answer.body
        archive: dict[str, Any] = answer.json()
        return archive

    def archives(self, query: str = "") -> dict[str, Any]:
        answer = self.project("GET", f"/archive{query}")
        assert answer.status == 200, answer.body
        page: dict[str, Any] = answer.json()
        return page

    def stop_archive(self, archive_id: str) -> dict[str, Any]:
        answer = self.project("POST", f"/archive/{archive_id}/stop")
        assert answer.status == 200, answer.body
        archive: dict[str, Any] = answer.json()
        return archive

    def start(self, noun: str, session_id: str, **options: object) -> dict[str, Any]:
        """Start what ``POST P/{noun}`` starts, with a moderator's token if it needs one."""
        if noun not in ("archive", "broadcast"):
            options = {"token": self.token(session_id, role="moderator"), **options}
        answer = self.project("POST", f"/{noun}", {"sessionId": session_id, **options})
        assert answer.status in (200, 202), answer.body
        started: dict[str, Any] = answer.json()
        return started

    def read(self, path: str) -> dict[str, Any]:
        """Read what is at a path below ``/v2/project/{tenant}``."""
        answer = self.project("GET", path)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json()
        return found

    def streams(self, session_id: str) -> list[dict[str, Any]]:
        """List the streams of a session."""
        items: list[dict[str, Any]] = self.read(f"/session/{session_id}/stream")["items"]
        return items

    def connections(self, session_id: str) -> list[str]:
        """List the ids of the connections of a session."""
        page = self.read(f"/session/{session_id}/connection")
        return [item["connectionId"] for item in page["items"]]

    def advance(self, seconds: float) -> None:
        answer = self.request("POST", "/_emulator/clock", {"advance": seconds})
        assert answer.status == 200, answer.body
