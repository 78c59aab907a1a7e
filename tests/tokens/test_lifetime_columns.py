"""Columns of lifetimes as text: the core reads the usual ones, and agrees with the rule."""

from __future__ import annotations

import random

import pyarrow as pa

from tests.support.batches import KEY, NOW, SECRET, SESSION
from tokbox import Signer, decode
from tokbox.errors import InvalidClaimsError
from tokbox.tokens.claims import check_expiration

EDGES = [
    *["2h", "0s", "1m", "30d", "4w", "2592000", "2592000s", "00000012", "1H", " 2h"],
    *["", "s", "31d", "5w", "99999999w", "2592001", "1hh", "h2", "1h1", "1x", "2h "],
]


def lifetime(token: str | None) -> int | None:
    """The lifetime of a token in seconds; 0 if it has none."""
    if token is None:
        return None
    found = decode(token)
    return 0 if found.expire_time is None else found.expire_time - found.create_time


def accepted(text: str) -> int | None:
    try:
        return check_expiration(text)
    except InvalidClaimsError:
        return None


def test_a_column_of_texts_is_read_as_each_text_by_itself() -> None:
    chance = random.Random(NOW)
    letters = "0123456789" * 3 + "smhdw" * 2 + "H -"
    texts = EDGES + ["".join(chance.choices(letters, k=k % 10)) for k in range(5000)]
    for column in (texts, pa.array(texts), pa.array(texts, pa.large_string())):
        tokens = Signer(KEY, SECRET).sign_rows(SESSION, expiration=column, errors="null")
        assert [*map(lifetime, tokens)] == [*map(accepted, texts)]
