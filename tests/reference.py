"""The plain twin: what the core computes, in as few lines of the standard library as it takes.

It shares no code with the package and is what every kernel is compared with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import quote_plus, urlencode

#: The claims that may differ from row to row, in the order in which a token says them.
CLAIMS = (
    "expiration",
    "session_id",
    "role",
    "connection_data",
    "initial_layout_class_list",
)


def nonce_start(random: bytes) -> int:
    """The number that a batch with these 24 random bytes begins to count from."""
    high, middle, low = (int.from_bytes(random[i : i + 8], "little") for i in (0, 8, 16))
    high = 10**8 + high % (9 * 10**8 - 1)
    return (high * 10**9 + middle % 10**9) * 10**9 + low % 10**9


def signed_part(session_id, create_time, expiration, role, connection_data="", classes=""):
    pairs = [("session_id", session_id), ("create_time", create_time)]
    if expiration:
        pairs.append(("expire_time", create_time + expiration))
    pairs.append(("role", role))
    if connection_data:
        pairs.append(("connection_data", connection_data))
    if classes:
        pairs.append(("initial_layout_class_list", classes))
    return "&".join(f"{k}={quote_plus(str(v))}" for k, v in pairs) + "&nonce="


def t1(api_key: str, secret: bytes, data: str) -> str:
    """The token that says *data*."""
    signature = hmac.new(secret, data.encode(), hashlib.sha1).hexdigest()
    raw = f"partner_id={api_key}&sig={signature}:{data}"
    return "T1==" + base64.b64encode(raw.encode()).decode()


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(secret: bytes, payload: str, header: str = '{"typ":"JWT","alg":"HS256"}') -> str:
    """The token with these JSON texts."""
    signed = base64url(header.encode()) + "." + base64url(payload.encode())
    return (
        signed + "." + base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())
    )


def row(kind, api_key, secret, create_time, claims, columns, nonce):
    """The token of one row: what all rows share comes first, *columns* are what differs."""
    said = {}
    for name in sorted(CLAIMS, key=lambda name: name in columns):
        if name == "expiration" and claims[name]:
            end = "exp" if kind == "jwt" else "expire_time"
            said[end] = create_time + claims[name]
        elif claims[name]:
            said[name] = claims[name]
    if kind == "jwt":
        first = {"iss": api_key, "ist": "project", "iat": create_time}
        payload = {**first, "scope": "session.connect", **said, "jti": str(nonce)}
        return jwt(secret, json.dumps(payload, ensure_ascii=False, separators=(",", ":")))
    first = {"create_time": create_time}
    if "session_id" not in columns:
        first = {"session_id": claims["session_id"], **first}
    return t1(api_key, secret, urlencode({**first, **said, "nonce": nonce}))
