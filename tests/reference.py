"""The plain twin: what the core computes, in as few lines of the standard library as it takes.

It shares no code with the package and is what every kernel is compared with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote_plus


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
    return signed + "." + base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())
