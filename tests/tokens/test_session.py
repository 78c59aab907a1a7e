"""What a session asks for before it signs: memory that is there, and threads."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tokbox.enums import Role
from tokbox.tokens import batch as batches
from tokbox.tokens.session import SessionSigner
from tokbox.tokens.signer import Signer

KEY, SECRET = "40000123", "canary0secret0canary0secret0canary0secret"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
#: What makes many tokens.
MANY = ["tokens", "token_batch", "iter_batches", "write_tokens"]
#: Arguments that are what is signed without them.
CLAIMS = (Role.PUBLISHER, "", 24 * 60 * 60)


@pytest.fixture
def session() -> SessionSigner:
    return Signer(KEY, SECRET).session(SESSION)


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the machine have so many bytes of memory."""

    def have(size: int) -> None:
        there = {"SC_PHYS_PAGES": size, "SC_PAGE_SIZE": 1}
        monkeypatch.setattr(batches.os, "sysconf", there.__getitem__)

    return have


def make(session: SessionSigner, name: str, *args: Any, **options: Any) -> Any:
    """Make tokens by that method, all of them."""
    if name == "write_tokens":
        with open(os.devnull, "wb") as nowhere:
            return list(session.write_tokens(nowhere, *args, **options))
    made = getattr(session, name)(*args, **options)
    return list(made) if name == "iter_batches" else made


def test_sessions_are_equal_by_their_ids(session: SessionSigner) -> None:
    same = Signer(KEY, SECRET).session(SESSION)
    assert same == session
    assert hash(same) == hash(session)
    assert repr(session) == f"SessionSigner(session_id='{SESSION}')"
    with pytest.raises(TypeError):
        SessionSigner(SESSION, Signer(KEY, SECRET))  # type: ignore[call-arg, misc]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        # A string's text ends with a zero byte, which sys.getsizeof("") counts.
        ("tokens", lambda token: sys.getsizeof(token) + struct.calcsize("P")),
        ("token_batch", len),
    ],
)
def test_what_fits_to_the_byte_is_signed_and_nothing_more(
    session: SessionSigner,
    name: str,
    size: Callable[[str], int],
    allow: Callable[[int], None],
) -> None:
    needed = 1000 * size(session.token())
    allow(needed)
    assert len(make(session, name, 1000)) == 1000
    allow(needed - 1)
    with pytest.raises(MemoryError, match="1,000 tokens need"):
        make(session, name, 1000)


@pytest.mark.parametrize(
    ("n", "chunk", "held"), [(1000, 100, 200), (100, 1000, 200), (10**6, 0, 2 * 8192)]
)
def test_a_stream_holds_two_batches_at_most(
    session: SessionSigner, n: int, chunk: int, held: int, allow: Callable[[int], None]
) -> None:
    needed = held * len(session.token())
    allow(needed)
    next(session.iter_batches(n, chunk=chunk))
    allow(needed - 1)
    with pytest.raises(MemoryError):
        session.iter_batches(n, chunk=chunk)


@pytest.mark.parametrize("name", MANY)
def test_threads_are_used_only_where_they_are_asked_for(
    session: SessionSigner, name: str, asked_threads: list[tuple[int, bool]]
) -> None:
    for options in ({}, {"multithread": False}, {"multithread": True}):
        make(session, name, 10_000, **options)
    n = 8192 if name in {"iter_batches", "write_tokens"} else 10_000
    assert asked_threads == [(n, False), (n, False), (n, True)]


@pytest.mark.parametrize("name", MANY)
def test_threads_come_before_the_claims(session: SessionSigner, name: str) -> None:
    made = make(session, name, 3, False, *CLAIMS)
    assert made == [3] if name == "write_tokens" else len(made) in {1, 3}


@pytest.mark.parametrize("count", [3, 8192, 20_000])
def test_a_stream_is_made_in_pieces_of_a_cache(session: SessionSigner, count: int) -> None:
    lengths = [len(batch) for batch in session.iter_batches(count)]
    assert sum(lengths) == count
    assert lengths[:-1] == [8192] * (len(lengths) - 1)


def test_pieces_that_are_larger_than_the_whole_take_no_more_than_it(
    session: SessionSigner,
) -> None:
    (batch,) = session.iter_batches(3, chunk=10**12)
    assert len(set(batch)) == 3
