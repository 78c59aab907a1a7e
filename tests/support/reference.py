"""The plain twin: what the core computes, in as few lines of the standard library as it takes.

It shares no code with the package and is what every kernel is compared with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import quote_plus, urlencode

#: The claims that may differ from row to row, in their order in a token.
CLAIMS = (
    "expiration",
    "session_id",
    "role",
    "connection_data",
    "initial_layout_class_list",
)

#: The paths that an application's tokens allow.
ACL = {"paths": {"/session/**": {}}}


def nonce_start(random: bytes) -> int:
    """The number that a batch with these 24 random bytes begins to count from."""
    high, middle, low = (int.from_bytes(random[i : i + 8], "little") for i in (0, 8, 16))
    high = 10**8 + high % (9 * 10**8 - 1)
    return (high * 10**9 + middle % 10**9) * 10**9 + low % 10**9


def nonce_key(secret: bytes) -> bytes:
    """The key from which the nonces of an API secret are derived."""
    return hmac.digest(secret, b"tokbox derived nonces v1", hashlib.sha256)


def derived_nonce(key: bytes, run_id: str, row_key: str) -> int:
    """The nonce of a row, wherever and whenever it is signed."""
    run = run_id.encode()
    message = len(run).to_bytes(8, "big") + run + row_key.encode()
    return nonce_start(hmac.digest(key, message, hashlib.sha256)[:24])


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
    """The token with the fields *data*."""
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


def rs256(modulus: int, exponent: int, message: bytes) -> bytes:
    """The signature of *message* (RFC 8017, section 8.2.1) by a private *exponent*."""
    size = (modulus.bit_length() + 7) // 8
    # The DER prefix of a SHA-256 digest (section 9.2, note 1).
    digest = bytes.fromhex("3031300d060960864801650304020105000420")
    digest += hashlib.sha256(message).digest()
    padded = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
    return pow(int.from_bytes(padded, "big"), exponent, modulus).to_bytes(size, "big")


def rs256_jwt(
    numbers: tuple[int, int], payload: str, header: str = '{"typ":"JWT","alg":"RS256"}'
) -> str:
    """The token with these JSON texts, by a private key's modulus and exponent."""
    signed = base64url(header.encode()) + "." + base64url(payload.encode())
    return signed + "." + base64url(rs256(*numbers, signed.encode()))


def compact(payload: dict) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def row(kind, api_key, secret, create_time, claims, columns, nonce):
    """The token of one row: what all rows share comes first, *columns* are what differs.

    *secret* is the key: for *kind* "rs256", a private key's modulus and exponent, and
    *api_key* is the application.
    """
    said = {}
    for name in sorted(CLAIMS, key=lambda name: name in columns):
        if name == "expiration" and claims[name]:
            end = "expire_time" if kind == "t1" else "exp"
            said[end] = create_time + claims[name]
        elif claims[name]:
            said[name] = claims[name]
    if kind == "jwt":
        first = {"iss": api_key, "ist": "project"}
        payload = {**first, "iat": create_time, "scope": "session.connect", **said}
        return jwt(secret, compact({**payload, "jti": str(nonce)}))
    if kind == "rs256":
        first = {"application_id": api_key, "sub": "video", "acl": ACL}
        payload = {**first, "iat": create_time, "scope": "session.connect", **said}
        return rs256_jwt(secret, compact({**payload, "jti": str(nonce)}))
    first = {"create_time": create_time}
    if "session_id" not in columns:
        first = {"session_id": claims["session_id"], **first}
    return t1(api_key, secret, urlencode({**first, **said, "nonce": nonce}))
