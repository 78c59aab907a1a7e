"""The work that everybody does: one project, one session, one set of claims.

Our tokens for it are 372 characters long. A rival's may be a little shorter or longer,
as its nonce and its order of fields want it.
"""

from __future__ import annotations

from typing import Any

API_KEY = "40000123"
SECRET = "example0secret0example0secret0example0sec"
SESSION_ID = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
ROLE = "publisher"
CONNECTION_DATA = "user-12345678"
EXPIRATION = 86_400  # seconds
#: The same as keyword arguments.
CLAIMS: dict[str, Any] = {
    "role": ROLE,
    "connection_data": CONNECTION_DATA,
    "expiration": EXPIRATION,
}

#: Length of a tokbox T1 token for this work, in characters.
TOKEN_LENGTH = 372

#: Tokens in a batch.
N = 1_000_000


def connection_data(n: int) -> list[str]:
    """Different connection data for each of *n* rows: 16 to 64 bytes, all of them plain."""
    return [
        f"user-{i:011d}" + "-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJK"[: i % 49]
        for i in range(n)
    ]
