"""One token a row: signed as the plain twin would, refused by row, field and rule."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import pickle
import random
import subprocess
import sys
import threading
import time
from collections import UserList
from datetime import timedelta

import pytest

from tokbox import _fastsign
from tokbox.enums import DAYS_30, Role
from tokbox.errors import InvalidClaims, InvalidInput
from tokbox.tokens import rows, t1
from tokbox.tokens.signer import Signer

from .. import reference
from ..batches import random_rows
from .test_claims import BAD_CLAIMS, BAD_SESSIONS, KEY, SECRET, SESSION

#: Compared rows for each kernel and kind: with test_differential.py 10^6 for each kernel.
ROWS = 200_000 * (10 if os.environ.get("TOKBOX_LONG") else 1)

#: As many as any kernel hashes side by side, compiled here or not.
MOST_LANES = 16

NONCE_BYTES = bytes(range(24))
NOW = 1_700_000_000
OTHER_SESSION = (
    "1_" + reference.base64url(f"1~{KEY}~~1700000000124~another~P~".encode()).rstrip()
)


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


def sign(
    signer, kind="t1", errors="raise", threads=1, nonce_bytes=NONCE_BYTES, now=NOW, **given
):
    """Signer.sign_rows, with a nonce and a time of ours."""
    claims = {
        "session_id": SESSION,
        "role": "publisher",
        "connection_data": "",
        "expiration": 86400,
        "initial_layout_class_list": "",
    }
    return rows.sign_rows(
        signer,
        **{**claims, **given},
        kind=kind,
        errors=errors,
        threads=lambda n: threads,
        random=nonce_bytes,
        now=now,
    )


### Differential ###


@functools.cache
def expected_digests(kind):
    """What the twin makes of all random rows; kept small, since each kernel asks again."""
    return [digest(case.expected(kind)) for case in random_rows(1, MOST_LANES, ROWS)]


def digest(tokens):
    return hashlib.sha256("\n".join(tokens).encode()).digest()


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_rows_equal_the_plain_twin(kind):
    cases = random_rows(1, MOST_LANES, ROWS)
    for i, (case, expected) in enumerate(zip(cases, expected_digests(kind), strict=True)):
        batch = sign(
            Signer(case.api_key, case.secret),
            kind,
            threads=1 + i % 2,
            nonce_bytes=case.nonce_bytes,
            now=case.create_time,
            **case.given,
        )
        got = batch.tolist()
        if digest(got) != expected:
            assert got == case.expected(kind), f"{sorted(case.columns)}, {case.n} rows"
        assert bytes(batch.data) == "".join(got).encode()


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_every_length_of_connection_data_is_signed_right(signer, kind):
    """All lengths in one batch, so that rows of all numbers of blocks are side by side."""
    lengths = list(range(1001))
    random.Random(1).shuffle(lengths)
    data = ["a" * length for length in lengths]
    claims = {
        "session_id": SESSION,
        "role": "publisher",
        "expiration": 86400,
        "initial_layout_class_list": "",
    }
    start = reference.nonce_start(NONCE_BYTES)
    assert sign(signer, kind, connection_data=data).tolist() == [
        reference.row(
            kind,
            KEY,
            SECRET.encode(),
            NOW,
            {**claims, "connection_data": text},
            {"connection_data"},
            start + i,
        )
        for i, text in enumerate(data)
    ]


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_the_longest_rows_are_signed_right(signer, kind):
    longest = {
        "connection_data": "\U0001f600" * 1000,
        "initial_layout_class_list": "\U0001f600" * 1000,
        "session_id": "1_" + reference.base64url(f"1~{KEY}~~1~{'x' * 175}".encode()),
        "role": "publisheronly",
        "expiration": DAYS_30,
    }
    assert len(longest["session_id"]) > 250
    start = reference.nonce_start(NONCE_BYTES)
    for columns in (set(longest), {"connection_data"}, {"initial_layout_class_list"}):
        given = {k: [v] * 5 if k in columns else v for k, v in longest.items()}
        assert sign(signer, kind, **given).tolist() == [
            reference.row(kind, KEY, SECRET.encode(), NOW, longest, columns, start + i)
            for i in range(5)
        ]


### What a row says ###


@pytest.mark.parametrize("multithread", [False, True])
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_each_row_says_what_it_was_asked_to_say(signer, kind, multithread):
    n = 20_000
    claims = {
        "session_id": [SESSION, OTHER_SESSION] * (n // 2),
        "role": [role for role in Role for _ in range(n // 4)],
        "connection_data": [f'{{"id": {i}, "name": "é & ü"}}' for i in range(n)],
        "expiration": [i % 7200 for i in range(n)],
        "initial_layout_class_list": [["focus", f"c{i}"] for i in range(n)],
    }
    batch = signer.sign_rows(**claims, kind=kind, multithread=multithread)
    assert (len(batch), batch.errors) == (n, ())
    for i in range(0, n, 97):
        # A clock that is ahead shows that it lives as long as it was asked to.
        token = signer.verify(batch[i], now=time.time() - 3)
        end = None if i % 7200 == 0 else token.create_time + i % 7200
        assert (token.kind, token.session_id) == (kind, claims["session_id"][i])
        assert (token.role, token.expire_time) == (claims["role"][i], end)
        assert token.connection_data == claims["connection_data"][i]
        assert token.initial_layout_class_list == ("focus", f"c{i}")


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_rows_that_say_the_same_are_distinct_and_counted_on(signer, kind):
    batch = signer.sign_rows([SESSION] * 5000, kind=kind)
    assert len(set(batch)) == 5000
    nonces = [int(signer.verify(token).nonce) for token in batch]
    assert nonces == list(range(nonces[0], nonces[0] + 5000))
    again = signer.verify(signer.sign_rows([SESSION], kind=kind)[0])
    assert abs(int(again.nonce) - nonces[0]) > 10**12


def test_defaults_are_those_of_a_single_token(signer):
    single = signer.verify(signer.session(SESSION).token())
    row = signer.verify(signer.sign_rows([SESSION])[0])
    for name in (
        "role",
        "connection_data",
        "initial_layout_class_list",
        "scope",
        "unknown",
    ):
        assert getattr(row, name) == getattr(single, name)
    assert row.expires_at - row.create_time == single.expires_at - single.create_time


@pytest.mark.parametrize(
    "shape",
    [
        list,
        tuple,
        iter,
        UserList,
        lambda v: dict.fromkeys(v).keys(),
        lambda v: (x for x in v),
    ],
    ids=["list", "tuple", "iterator", "sequence", "keys", "generator"],
)
def test_a_column_is_anything_that_gives_values_in_order(signer, shape):
    texts = [f"row {i}" for i in range(50)]
    assert sign(signer, connection_data=shape(texts)) == sign(signer, connection_data=texts)


def test_rows_may_hold_other_types_that_mean_the_same(signer):
    class Text(str):
        __slots__ = ()

    class Number(int):
        pass

    plain = {
        "session_id": [SESSION, OTHER_SESSION],
        "role": ["publisher", "moderator"],
        "connection_data": ["é", ""],
        "expiration": [3600, 60],
        "initial_layout_class_list": ["a b", ""],
    }
    assert sign(signer, **plain) == sign(
        signer,
        session_id=[Text(SESSION), OTHER_SESSION],
        role=[Role.PUBLISHER, Text("moderator")],
        connection_data=[Text("é"), None],
        expiration=[timedelta(hours=1), Number(60)],
        initial_layout_class_list=[iter(["a", Text("b")]), None],
    )


def test_no_rows_make_an_empty_batch(signer):
    for column in ([], (), iter([])):
        batch = signer.sign_rows(column)
        assert (len(batch), batch.nbytes, list(batch), batch.errors) == (0, 0, [], ())
        assert (bytes(batch.data), list(batch.offsets)) == (b"", [0])


### What breaks a rule ###

COLUMN_OF = {
    "session_id": [SESSION, SESSION, OTHER_SESSION],
    "role": ["publisher", Role.MODERATOR, "subscriber"],
    "connection_data": ["a", "é", None],
    "expiration": [0, 60, timedelta(hours=1)],
    "initial_layout_class_list": ["focus", ["a", "b"], None],
}
#: In a column None stands for no connection data, and no classes.
BAD_VALUES = [
    *[("session_id", value) for value in BAD_SESSIONS],
    *[
        (field, value)
        for field, value in BAD_CLAIMS
        if value is not None
        or field not in ("connection_data", "initial_layout_class_list")
    ],
]


def rule_of(signer, field, value):
    """The rule that a single token names."""
    session, claims = (value, {}) if field == "session_id" else (SESSION, {field: value})
    with pytest.raises(InvalidClaims) as caught:
        signer.session(session).token(**claims)
    return caught.value.rule


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
def test_a_bad_value_is_refused_by_row_field_and_rule(signer, field, value):
    good = COLUMN_OF[field]
    for row in range(4):
        column = [*good[:row], value, *good[row:]]
        with pytest.raises(InvalidClaims) as caught:
            signer.sign_rows(**{"session_id": SESSION, field: column})
        error = caught.value
        assert (error.row, error.field) == (row, field)
        assert error.value is value
        assert error.rule == rule_of(signer, field, value)
        assert str(error).startswith(f"row {row}: {field} must {error.rule}")
        assert len(str(error)) < 300
        assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_a_bad_value_can_leave_its_row_out(signer, kind, field, value):
    good = COLUMN_OF[field]
    column = [value, good[0], good[1], value, good[2], value]
    batch = sign(signer, kind, "null", **{field: column})
    nonce = reference.nonce_start(NONCE_BYTES)
    assert [i for i, token in enumerate(batch) if token is None] == [0, 3, 5]
    assert [(e.row, e.field) for e in batch.errors] == [(i, field) for i in (0, 3, 5)]
    assert {e.rule for e in batch.errors} == {rule_of(signer, field, value)}
    # The others are what they would be with something good in its place.
    filled = [good[0] if v is value else v for v in column]
    for got, token in zip(batch, sign(signer, kind, **{field: filled}), strict=True):
        assert got in (None, token)
    assert signer.verify(batch[4], now=NOW).nonce == str(nonce + 4)


def test_every_choice_of_rows_to_leave_out_signs_the_others_right(signer):
    rng = random.Random(1)
    bad = {"session_id": "1_", "role": "king", "connection_data": "\0", "expiration": -1}
    for n in [*range(1, 3 * MOST_LANES + 2), 4097]:
        columns = {name: rng.choices(COLUMN_OF[name], k=n) for name in COLUMN_OF}
        whole = sign(signer, **columns).tolist()
        left_out: dict[int, str] = {}
        for name in ("connection_data", "expiration", "session_id", "role"):
            for row in range(n):
                if rng.random() < 0.15:
                    columns[name][row] = bad[name]
                    left_out[row] = "several" if row in left_out else name
        batch = sign(signer, errors="null", threads=2, **columns)
        assert batch.tolist() == [None if i in left_out else t for i, t in enumerate(whole)]
        assert [e.row for e in batch.errors] == sorted(left_out)
        for error in batch.errors:
            assert left_out[error.row] in (error.field, "several")


def test_a_row_that_breaks_several_rules_is_reported_once(signer):
    batch = signer.sign_rows(
        ["", SESSION], ["king", "publisher"], ["\0"] * 2, errors="null"
    )
    assert batch.tolist() == [None, None]
    assert [(e.row, e.field) for e in batch.errors] == [
        (0, "session_id"),
        (1, "connection_data"),
    ]


def test_all_rows_can_be_left_out(signer):
    batch = signer.sign_rows([None] * 100, errors="null")
    assert (batch.tolist(), batch.nbytes, len(batch.errors)) == ([None] * 100, 0, 100)


def test_a_session_is_checked_again_where_it_stands_again(signer):
    """The same bad string twice in a row must not pass for one that was checked."""
    for bad in ("", "1_none", None, SESSION[:17], SESSION + "\ud800"):
        batch = signer.sign_rows([bad, bad, SESSION, SESSION, bad, SESSION], errors="null")
        assert [e.row for e in batch.errors] == [0, 1, 4]
        assert [token is None for token in batch] == [True, True, False, False, True, False]


@pytest.mark.parametrize("errors", ["raise", "null"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        (f, v)
        for f, v in BAD_CLAIMS
        if v is None or isinstance(v, str | bytes | int | float)
    ],
)
def test_a_bad_value_for_all_rows_is_refused_at_once(signer, errors, field, value):
    column = {"session_id": [SESSION] * 3}
    if field == "connection_data" and value is None:
        pytest.skip("a value for all rows is checked as that of a single token")
    with pytest.raises(InvalidClaims) as caught:
        signer.sign_rows(**column, **{field: value}, errors=errors)
    assert (caught.value.row, caught.value.field) == (None, field)


@pytest.mark.parametrize(
    "value", [{"a": 1, "b": 2}, {"a", "b"}, frozenset("ab"), bytearray(b"ab")]
)
@pytest.mark.parametrize("field", ["role", "connection_data", "initial_layout_class_list"])
def test_what_has_no_order_of_rows_is_no_column(signer, field, value):
    with pytest.raises(InvalidInput) as caught:
        signer.sign_rows(**{"session_id": [SESSION] * 2, field: value})
    assert caught.value.field == field


def test_rows_need_a_column(signer):
    with pytest.raises(InvalidInput, match="column") as caught:
        signer.sign_rows(SESSION)
    assert caught.value.field == "session_id"


def test_columns_must_have_one_length(signer):
    with pytest.raises(
        InvalidInput, match="as many rows as session_id, 2, not 3"
    ) as caught:
        signer.sign_rows([SESSION] * 2, connection_data=["a", "b", "c"])
    assert caught.value.field == "connection_data"


@pytest.mark.parametrize("choice", ["", "ignore", None, True])
def test_errors_are_raised_or_nulls(signer, choice):
    with pytest.raises(InvalidInput) as caught:
        signer.sign_rows([SESSION], errors=choice)
    assert caught.value.field == "errors"


@pytest.mark.parametrize("kind", ["T1", "rs256", "", None, 1])
def test_unknown_kinds_are_refused(signer, kind):
    with pytest.raises(InvalidClaims) as caught:
        signer.sign_rows([SESSION], kind=kind)
    assert caught.value.field == "kind"


def test_an_exception_of_the_caller_s_own_is_left_as_it_is(signer):
    def names():
        yield "focus"
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        signer.sign_rows([SESSION], initial_layout_class_list=[names()], errors="null")


def test_a_closed_signer_signs_no_rows(signer):
    signer.close()
    with pytest.raises(ValueError, match="closed"):
        signer.sign_rows([SESSION])


### The batch ###


@pytest.fixture(params=["all rows", "some rows"])
def varying(request, signer):
    """A batch of tokens of many lengths, and the list that it should be like."""
    data = ["é" * (i * 37 % 101) for i in range(100)]
    tokens: list[str | None] = list(sign(signer, connection_data=data))
    if request.param == "all rows":
        return sign(signer, connection_data=data), tokens
    for row in (0, 1, 17, 50, 51, 99):
        data[row], tokens[row] = "\0", None
    return sign(signer, errors="null", connection_data=data), tokens


CUTS = [
    slice(None), slice(2, 5), slice(0, 1), slice(None, None, -1), slice(80, 10, -3), slice(1, None, 7),
    slice(50, 52), slice(300, 400), slice(0, 0), slice(-1, None), slice(-10, 3, -2), slice(99, 98), slice(3, 4, 2),
]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_a_varying_batch_is_like_a_list(varying, cut):
    batch, tokens = varying
    part, expected = batch[cut], tokens[cut]
    for again in CUTS:
        assert list(part[again]) == expected[again]
    assert len(part) == len(expected)
    assert list(part) == part.tolist() == expected
    assert list(reversed(part)) == expected[::-1]
    assert [part[i] for i in range(-len(part), len(part))] == expected * 2
    for i in (len(part), -len(part) - 1, 10**30):
        with pytest.raises(IndexError):
            part[i]


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_the_memory_of_a_varying_batch_can_be_read_by_its_offsets(varying, cut):
    batch, tokens = (whole[cut] for whole in varying)
    texts = [token or "" for token in tokens]
    data, offsets = batch.data, list(batch.offsets)
    assert data.readonly
    assert bytes(data) == "".join(texts).encode()
    assert batch.nbytes == len(data) == offsets[-1]
    assert offsets[0] == 0
    assert [
        str(data[start:end], "ascii") for start, end in itertools.pairwise(offsets)
    ] == texts


def test_offsets_of_a_whole_batch_are_64_bit_integers_that_cannot_be_changed(varying):
    offsets = varying[0].offsets
    assert isinstance(offsets, memoryview)
    assert (offsets.format, offsets.itemsize, offsets.readonly) == ("q", 8, True)


def test_a_varying_batch_is_written_one_token_a_line(varying, tmp_path):
    batch, tokens = varying
    for cut in CUTS:
        lines = "".join(f"{token or ''}\n" for token in tokens[cut])
        assert batch[cut].write(tmp_path / "a") == len(lines)
        assert (tmp_path / "a").read_text() == lines
    with open(tmp_path / "b", "w") as text, open(tmp_path / "c", "wb", buffering=0) as raw:
        batch.write(text)
        batch.write(raw)
    expected = "".join(f"{token or ''}\n" for token in tokens)
    assert (tmp_path / "b").read_text() == (tmp_path / "c").read_text() == expected


def test_a_varying_batch_of_many_thousand_is_written_whole(signer, tmp_path):
    batch = signer.sign_rows(
        [SESSION] * 20_001, errors="null", expiration=[0, 60, -1] * 6667
    )
    batch.write(tmp_path / "a")
    assert (tmp_path / "a").read_text().split("\n") == [*(t or "" for t in batch), ""]


def test_varying_batches_are_compared_by_their_tokens(varying):
    batch, tokens = varying
    assert batch == batch[:]
    assert batch == batch[::-1][::-1]
    assert batch != batch[::-1]
    assert batch != batch[1:]
    assert batch != tokens
    assert batch.token_length is None
    assert batch.index(tokens[30]) == 30
    assert tokens[60] in batch
    assert tokens[30] not in repr(batch)


def test_a_slice_reports_the_errors_of_its_rows_only(signer):
    batch = signer.sign_rows([SESSION, "", SESSION, "1_", SESSION], errors="null")
    assert [e.row for e in batch.errors] == [1, 3]
    assert [e.row for e in batch[2:].errors] == [3]
    assert [e.row for e in batch[::-1].errors] == [1, 3]
    assert batch[::2].errors == batch[4:].errors == ()


### Memory, threads, signals ###


def test_a_column_that_changes_during_the_call_is_signed_as_it_was(signer):
    columns = {
        "connection_data": [f"é{i}" for i in range(50_000)],
        "initial_layout_class_list": [["a", f"{i}"] for i in range(50_000)],
    }
    stop = threading.Event()

    def change():
        rng = random.Random(1)
        while not stop.is_set():
            for column in columns.values():
                column[rng.randrange(50_000)] = "z" * rng.randrange(1000)
                column[rng.randrange(50_000)] = None

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(3):
            batch = signer.sign_rows(SESSION, **columns, multithread=True)
            assert len(batch) == 50_000
            assert all(signer.verify(token) for token in batch[::499])
    finally:
        stop.set()
        thread.join()


def test_values_made_during_the_call_live_until_they_are_signed(signer):
    """What a value was turned into belongs to nobody else."""
    classes = [(f"c{i}", "é" * (i % 50 + 1)) for i in range(20_000)]
    batch = signer.sign_rows(SESSION, initial_layout_class_list=[iter(c) for c in classes])
    for i in range(0, 20_000, 199):
        assert signer.verify(batch[i]).initial_layout_class_list == classes[i]


def test_many_threads_can_sign_rows_with_one_signer(signer):
    texts = [f"row {i}" for i in range(20_000)]
    results = []

    def work(kind):
        results.append(
            signer.sign_rows(SESSION, "publisher", texts, kind=kind, multithread=True)
        )

    threads = [threading.Thread(target=work, args=(kind,)) for kind in ("t1", "jwt") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({token for batch in results for token in batch}) == 160_000
    for batch in results:
        for i in range(0, 20_000, 1999):
            assert signer.verify(batch[i]).connection_data == texts[i]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_children_never_sign_the_same_row(signer):
    readers = []
    for _ in range(8):
        read, write = os.pipe()
        if os.fork() == 0:
            try:
                with os.fdopen(write, "w") as pipe:
                    pipe.write(signer.sign_rows([SESSION] * 20_000, multithread=True)[0])
            finally:
                os._exit(0)
        os.close(write)
        readers.append(os.fdopen(read))
    tokens = []
    for reader in readers:
        with reader:
            tokens.append(reader.read())
    for _ in readers:
        os.wait()
    assert len({signer.verify(token).nonce for token in tokens}) == 8


@pytest.mark.parametrize("multithread", [False, True])
def test_other_threads_run_while_rows_are_signed(signer, multithread):
    texts = [f"row {i}" for i in range(1_000_000)]
    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted
        batch = signer.sign_rows(SESSION, "publisher", texts, multithread=multithread)
        during = counted - before
    finally:
        stop.set()
        thread.join()
    assert len(batch) == 1_000_000
    # With the GIL held throughout, it would be one or two.
    assert during > 20


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("options", ["", "multithread=True", "kind='jwt'"])
def test_control_c_ends_the_signing_of_rows(kernel, options):
    program = f"""
import os, threading, signal
from tokbox import _fastsign
from tokbox.tokens.signer import Signer
_fastsign.select_kernel({kernel!r})
signer = Signer({KEY!r}, "secret")
text = ["x" * 1000] * 1_500_000
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        signer.sign_rows({SESSION!r}, "publisher", text, {options})
except KeyboardInterrupt:
    print("interrupted", threading.active_count() <= 2)
assert signer.verify(signer.sign_rows([{SESSION!r}])[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "interrupted True\n", done.stderr
    assert done.returncode == 0


def test_the_core_s_rows_guard_their_memory_and_the_key():
    make = functools.partial(
        _fastsign.Rows,
        _fastsign.Key(b"canary"),
        head=t1.head("1"),
        data=b"a=b",
        create_time=1,
    )
    few, many = make(n=2), make(n=3)
    for one in (few, many):
        one.seconds((1,) * one.n, lambda row, value: value)
    with pytest.raises(ValueError, match="length"):
        few.seconds((1,), lambda row, value: value)
    with pytest.raises(ValueError, match="length"):
        few.roles(("publisher",) * 3, lambda row, value: value)
    with pytest.raises(ValueError, match="length"):
        few.texts("classes", ("a",), lambda row, value: value)
    with pytest.raises(ValueError, match="no such column"):
        few.texts("colour", ("a", "b"), lambda row, value: value)
    with pytest.raises(ValueError, match="other rows"):
        few.sign(_fastsign.Memory(10_000), many.lengths())
    with pytest.raises(ValueError, match="too small"):
        few.sign(_fastsign.Memory(10), few.lengths())
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(few)
