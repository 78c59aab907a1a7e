"""Fuzz targets of the Python side, run by drive.py.

Each takes bytes. AssertionError and undocumented exceptions are failures.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import tokbox
from tests.support.batches import KEY, NOW, SECRET
from tests.support.corpus import make_raw, make_raw_jwt
from tokbox import _arrow, errors, webhooks
from tokbox.tokens.verification.verify import verify_slow_path

SIGNER = tokbox.Signer(KEY, SECRET)


def decode(data: bytes) -> None:
    """A token is read or refused; a verified one has the claims that `decode` returned."""
    token = data.decode(errors="surrogateescape")
    many = tokbox.decode_many([token])
    assert found(lambda: tokbox.decode(token)) == found(many.raise_first)
    said = many[0]
    with suppress(errors.TokenError):
        assert SIGNER.verify(token, now=NOW) == said


def signed(data: bytes) -> None:
    """The core finds what Python finds, of one token and of many."""
    form, said = data[:1], data[1:]
    if form == b"\1":
        token = make_raw(said)
    elif form == b"\2":
        token = make_raw_jwt(said)
    else:
        token = said.decode(errors="surrogateescape")
    one = found(lambda: SIGNER.verify(token, now=NOW))
    key = SIGNER._backend.verifier
    wanted = found(lambda: verify_slow_path(token, key, KEY, session_id=None, now=NOW))
    assert one == wanted
    assert found(SIGNER.verify_many([token], now=NOW).raise_first) == wanted


def found(work: Callable[[], object]) -> tuple[type, str] | None:
    """Return what *work* raises about a token, or None."""
    try:
        work()
    except errors.TokenError as error:
        return type(error), str(error)
    return None


def callback(data: bytes) -> None:
    """A callback's body is an event or refused."""
    try:
        event = webhooks.parse(data)
    except errors.MalformedWebhookError:
        return
    assert isinstance(event, webhooks.Event)
    assert repr(event)


def arrow(data: bytes) -> None:
    """An array is read as pyarrow reads it, whatever its type, nulls and slice."""
    import pyarrow as pa  # not for the other targets, which run without it

    rng = random.Random(data)
    values: list[Any] = [rng.choice([None, rng.randrange(128), 0]) for _ in data[:60]]
    kind = rng.choice([pa.int8(), pa.uint8(), pa.int16(), pa.int32(), pa.uint64()])
    if rng.random() < 0.7:
        text = data.decode(errors="replace")
        values = [None if v is None else text[v % 9 : v] for v in values]
        kind = rng.choice([pa.string(), pa.large_string(), pa.string_view()])
    if rng.random() < 0.3:
        kind = rng.choice([pa.list_, pa.large_list])(kind)
        values = [
            None if v is None else values_before(values, i) for i, v in enumerate(values)
        ]
    array = pa.array(values, kind)
    if array.type in (pa.string(), pa.large_string()) and rng.random() < 0.3:
        array = array.dictionary_encode()
    first = rng.randrange(len(array) + 1)
    array = array.slice(first, rng.randrange(len(array) - first + 1))
    assert list(_arrow.read(array, "values")) == array.to_pylist()
    twice = pa.chunked_array([array, array])
    assert list(_arrow.read(twice, "values")) == 2 * array.to_pylist()


def values_before(values: list[Any], i: int) -> list[Any]:
    return [v for v in values[max(0, i - 3) : i] if not isinstance(v, list)]


TARGETS = {"decode": decode, "signed": signed, "webhooks": callback, "arrow": arrow}
