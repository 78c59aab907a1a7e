"""Checks of memory and thread counts before a session signs."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.kernels import every_kernel
from tests.support.lookalikes import bool_
from tokbox.enums import Role
from tokbox.errors import InvalidInputError
from tokbox.tokens import batch as batches
from tokbox.tokens.session import SessionSigner
from tokbox.tokens.signer import Signer

KEY, SECRET = "40000123", "canary0secret0canary0secret0canary0secret"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
#: The methods that make many tokens.
MANY = ["tokens", "token_batch", "iter_batches", "write_tokens"]
#: Arguments that have the same effect as their absence.
CLAIMS = (Role.PUBLISHER, "", 24 * 60 * 60)


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, SECRET)


@pytest.fixture
def session(signer: Signer) -> SessionSigner:
    return signer.session(SESSION)


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Pretend that the machine has this many bytes of memory."""

    def have(size: int) -> None:
        there = {"SC_PHYS_PAGES": size, "SC_PAGE_SIZE": 1}
        monkeypatch.setattr(batches.os, "sysconf", there.__getitem__)

    return have


def make(session: SessionSigner, name: str, *args: Any, **options: Any) -> Any:
    """Make tokens by that method, all of them."""
    if name == "write_tokens":
        with open(os.devnull, "wb") as nowhere:
            return session.write_tokens(nowhere, *args, **options)
    made = getattr(session, name)(*args, **options)
    return list(made) if name == "iter_batches" else made


def test_sessions_are_equal_by_their_ids(session: SessionSigner) -> None:
    same = Signer(KEY, SECRET).session(SESSION)
    assert same == session
    assert hash(same) == hash(session)
    assert repr(session) == f"SessionSigner(session_id='{SESSION}')"
    with pytest.raises(TypeError):
        SessionSigner(SESSION, Signer(KEY, SECRET))  # type: ignore[call-arg, misc]


@every_kernel
@pytest.mark.parametrize(
    ("name", "size"),
    [
        # A string's text ends with a zero byte, which sys.getsizeof("") counts.
        ("tokens", lambda token: sys.getsizeof(token) + struct.calcsize("P")),
        ("token_batch", len),
    ],
)
def test_a_batch_may_use_memory_up_to_the_last_byte(
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


@every_kernel
@pytest.mark.parametrize(
    ("n", "chunk", "held"), [(1000, 100, 200), (100, 1000, 200), (10**6, 0, 2 * 8192)]
)
def test_a_stream_keeps_two_batches_at_most(
    session: SessionSigner, n: int, chunk: int, held: int, allow: Callable[[int], None]
) -> None:
    needed = held * len(session.token())
    allow(needed)
    next(session.iter_batches(n, chunk=chunk))
    allow(needed - 1)
    with pytest.raises(MemoryError):
        session.iter_batches(n, chunk=chunk)


@pytest.mark.parametrize("name", MANY)
def test_threads_are_used_only_on_request(
    session: SessionSigner, name: str, asked_threads: list[tuple[int, bool]]
) -> None:
    for options in ({}, {"multithread": False}, {"multithread": True}):
        make(session, name, 10_000, **options)
    n = 8192 if name in {"iter_batches", "write_tokens"} else 10_000
    assert asked_threads == [(n, False), (n, False), (n, True)]


@every_kernel
def test_the_claims_of_tokens_follow_multithread(session: SessionSigner) -> None:
    assert len(session.tokens(3, False, *CLAIMS)) == 3


@pytest.mark.parametrize("name", MANY[1:])
def test_only_the_count_is_positional(session: SessionSigner, name: str) -> None:
    with pytest.raises(TypeError, match="positional"):
        make(session, name, 3, False)


@pytest.mark.parametrize("word", ["moderator", Role.SUBSCRIBER])
def test_a_role_in_the_place_of_multithread_is_refused(
    session: SessionSigner, word: Any
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        session.tokens(2, word)
    assert caught.value.field == "multithread"
    assert "must be True or False (pass a role as role=...), not" in str(caught.value)


#: Values with a truth value that are not of type bool.
NO_BOOLS = ["moderator", "yes", "", None, 0, 1, bool_(1), object()]


@pytest.mark.parametrize("value", NO_BOOLS, ids=lambda value: type(value).__name__)
def test_multithread_is_a_bool_in_every_call(
    signer: Signer, session: SessionSigner, value: Any
) -> None:
    token = session.token()
    for call in (
        *(partial(make, session, name, 3) for name in MANY),
        partial(signer.sign_rows, [SESSION]),
        partial(signer.sign_rows, []),
        partial(signer.verify_many, [token]),
        partial(signer.verify_many, [], now=2**70),
    ):
        with pytest.raises(InvalidInputError, match="multithread must be True or False"):
            call(multithread=value)


def test_a_stream_refuses_multithread_before_it_is_read(session: SessionSigner) -> None:
    with pytest.raises(InvalidInputError, match="multithread"):
        session.iter_batches(3, multithread="yes")  # type: ignore[arg-type]


def test_sign_rows_takes_claims_by_name_only(signer: Signer) -> None:
    with pytest.raises(TypeError, match="positional"):
        signer.sign_rows([SESSION], "moderator")  # type: ignore[call-overload]


@every_kernel
@pytest.mark.parametrize("count", [3, 8192, 20_000])
def test_a_stream_is_made_in_pieces_of_a_cache(session: SessionSigner, count: int) -> None:
    lengths = [len(batch) for batch in session.iter_batches(count)]
    assert sum(lengths) == count
    assert lengths[:-1] == [8192] * (len(lengths) - 1)


@every_kernel
def test_pieces_that_are_larger_than_the_whole_take_no_more_than_it(
    session: SessionSigner,
) -> None:
    (batch,) = session.iter_batches(3, chunk=10**12)
    assert len(set(batch)) == 3
