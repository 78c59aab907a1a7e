"""Public functions about tokens raise only documented exceptions, for any arguments."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokbox
from tests.support.applications import public_pem
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.hostile_values import ANYTHING, arguments
from tests.support.sizes import size
from tokbox.errors import TokboxError

SIGNER = tokbox.Signer(KEY, SECRET)
TB = tokbox.Tokbox(KEY, SECRET)
SESSION_SIGNER = SIGNER.session(SESSION)
PUBLIC_KEY = tokbox.PublicKey(public_pem())
BATCH = SIGNER.sign_rows(SESSION, connection_data=["a", "b", None])

CALLS: dict[str, Callable[..., Any]] = {
    "Signer": tokbox.Signer,
    "Signer.session": SIGNER.session,
    "Signer.sign_rows": SIGNER.sign_rows,
    "Signer.verify": SIGNER.verify,
    "Signer.verify_many": SIGNER.verify_many,
    "Tokbox": tokbox.Tokbox,
    "Tokbox.from_env": tokbox.Tokbox.from_env,
    "Tokbox.from_private_key": tokbox.Tokbox.from_private_key,
    "Tokbox.session": TB.session,
    "Tokbox.sign_rows": TB.sign_rows,
    "Tokbox.verify": TB.verify,
    "Tokbox.verify_many": TB.verify_many,
    "Tokbox.with_options": TB.with_options,
    "Session.token": SESSION_SIGNER.token,
    "Session.tokens": SESSION_SIGNER.tokens,
    "Session.token_batch": SESSION_SIGNER.token_batch,
    "Session.iter_batches": SESSION_SIGNER.iter_batches,
    "TokenBatch.__getitem__": BATCH.__getitem__,
    "KeyRef": tokbox.integrations.KeyRef,
    "PrivateKey": tokbox.PrivateKey,
    "PublicKey": tokbox.PublicKey,
    "PublicKey.verify": PUBLIC_KEY.verify,
    "PublicKey.verify_many": PUBLIC_KEY.verify_many,
    "decode": tokbox.decode,
    "decode_many": tokbox.decode_many,
}

#: Python's own messages for a wrong index, or a count that exceeds the memory.
OF_PYTHON = {
    "TokenBatch.__getitem__": (TypeError, IndexError),
    "Session.tokens": (MemoryError,),
    "Session.token_batch": (MemoryError,),
    "Session.iter_batches": (MemoryError,),
}


def drained(result: Any) -> None:
    """Go a little way through what comes piece by piece."""
    if isinstance(result, Iterator):
        for _, _ in zip(range(3), result, strict=False):
            pass


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=size(20, 60), deadline=None)
@given(data=st.data())
def test_a_call_answers_or_refuses_with_an_error_of_its_own(name: str, data: Any) -> None:
    call = CALLS[name]
    first, named = arguments(call, data)
    with suppress(TokboxError, *OF_PYTHON.get(name, ())):
        drained(call(*first, **named))


@settings(max_examples=size(20, 60), deadline=None)
@given(value=ANYTHING)
def test_claims_are_signed_as_given_or_refused(value: Any) -> None:
    with suppress(TokboxError):
        token = SESSION_SIGNER.token(connection_data=value)
        assert SIGNER.verify(token).connection_data == (value or "")


@settings(max_examples=size(20, 60), deadline=None)
@given(values=st.lists(ANYTHING, max_size=5))
def test_rows_are_signed_as_given_or_refused_one_by_one(values: list[Any]) -> None:
    batch = SIGNER.sign_rows(SESSION, connection_data=values, errors="null")
    assert len(batch) == len(values)
    refused = set(batch.failures)
    for row, token in enumerate(batch):
        assert (token is None) == (row in refused)
        if token is not None:
            assert SIGNER.verify(token).connection_data == (values[row] or "")


@settings(max_examples=size(20, 60), deadline=None)
@given(n=st.integers(0, 50) | ANYTHING)
def test_tokens_are_written_whole_or_not_at_all(n: Any) -> None:
    file = io.BytesIO()
    with suppress(TokboxError):
        count = SESSION_SIGNER.write_tokens(file, min(n, 50) if type(n) is int else n)
        assert file.getvalue().count(b"\n") == count
