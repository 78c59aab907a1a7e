"""One token per row: the same tokens as the reference's, for any combination of columns."""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections import UserList
from datetime import timedelta

import pytest

from tests.support import reference
from tests.support.batches import (
    KEY,
    NONCE_BYTES,
    NOW,
    OTHER_SESSION,
    SECRET,
    SESSION,
    random_rows,
    sign,
)
from tests.support.kernels import every_kernel
from tests.support.sizes import size
from tokbox import _fastsign, _memory
from tokbox.enums import DAYS_30, Role
from tokbox.tokens import t1
from tokbox.tokens.signer import Signer

#: Compared rows for each kernel and kind: every choice of columns with every small number
#: of rows, and some large batches. `make test-long` compares 10^6 tokens for each kernel, with
#: test_differential.py.
ROWS = size(40_000, 200_000)


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


### Differential ###


@functools.cache
def random_cases():
    """Random rows, which are the same for each kernel and kind."""
    return list(random_rows(1, ROWS))


@functools.cache
def expected_digests(kind):
    """The reference's tokens for all random rows; cached, because each kernel needs them."""
    return [digest(case.expected(kind)) for case in random_cases()]


def digest(tokens):
    return hashlib.sha256("\n".join(tokens).encode()).digest()


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_rows_equal_the_reference(kind):
    digests = expected_digests(kind)
    for i, (case, expected) in enumerate(zip(random_cases(), digests, strict=True)):
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


@every_kernel
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


@every_kernel
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


### Claims of a row ###


@every_kernel
@pytest.mark.parametrize("multithread", [False, True])
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_each_row_has_its_own_claims(signer, kind, multithread):
    n = 20_000
    claims = {
        "session_id": [SESSION, OTHER_SESSION] * (n // 2),
        "role": [role for role in Role for _ in range(n // 4)],
        "connection_data": [f'{{"id": {i}, "name": "é & ü"}}' for i in range(n)],
        "expiration": [i % 7200 for i in range(n)],
        "initial_layout_class_list": [["focus", f"c{i}"] for i in range(n)],
    }
    batch = signer.sign_rows(**claims, kind=kind, multithread=multithread)
    assert (len(batch), batch.failures) == (n, {})
    for i in range(0, n, 97):
        # A clock that is ahead shows that it lives as long as it was asked to.
        token = signer.verify(batch[i], now=time.time() - 3)
        end = None if i % 7200 == 0 else token.create_time + i % 7200
        assert (token.kind, token.session_id) == (kind, claims["session_id"][i])
        assert (token.role, token.expire_time) == (claims["role"][i], end)
        assert token.connection_data == claims["connection_data"][i]
        assert token.initial_layout_class_list == ("focus", f"c{i}")


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_rows_with_equal_claims_have_distinct_consecutive_nonces(signer, kind):
    batch = signer.sign_rows([SESSION] * 5000, kind=kind)
    assert len(set(batch)) == 5000
    nonces = [int(signer.verify(token).nonce) for token in batch]
    assert nonces == list(range(nonces[0], nonces[0] + 5000))
    again = signer.verify(signer.sign_rows([SESSION], kind=kind)[0])
    assert abs(int(again.nonce) - nonces[0]) > 10**12


@every_kernel
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
    assert row.end_time - row.create_time == single.end_time - single.create_time


@every_kernel
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


@every_kernel
def test_rows_may_contain_equivalent_types(signer):
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


@every_kernel
def test_no_rows_make_an_empty_batch(signer):
    for column in ([], (), iter([])):
        batch = signer.sign_rows(column)
        assert (len(batch), batch.nbytes, list(batch), batch.failures) == (0, 0, [], {})
        assert (bytes(batch.data), list(batch.offsets)) == (b"", [0])


### Memory, threads, signals ###


@every_kernel
def test_a_column_that_changes_during_the_call_is_signed_as_it_was(signer):
    columns = {
        "connection_data": [f"é{i}" for i in range(10_000)],
        "initial_layout_class_list": [["a", f"{i}"] for i in range(10_000)],
    }
    stop = threading.Event()

    def change():
        rng = random.Random(1)
        while not stop.is_set():
            for column in columns.values():
                column[rng.randrange(10_000)] = "z" * rng.randrange(1000)
                column[rng.randrange(10_000)] = None

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(3):
            batch = signer.sign_rows(SESSION, **columns, multithread=True)
            assert len(batch) == 10_000
            assert all(signer.verify(token) for token in batch[::499])
    finally:
        stop.set()
        thread.join()


@every_kernel
def test_values_made_during_the_call_live_until_they_are_signed(signer):
    """The converted value is not shared with anything else."""
    classes = [(f"c{i}", "é" * (i % 50 + 1)) for i in range(20_000)]
    batch = signer.sign_rows(SESSION, initial_layout_class_list=[iter(c) for c in classes])
    for i in range(0, 20_000, 199):
        assert signer.verify(batch[i]).initial_layout_class_list == classes[i]


@every_kernel
def test_many_threads_can_sign_rows_with_one_signer(signer):
    texts = [f"row {i}" for i in range(20_000)]
    results = []

    def work(kind):
        results.append(
            signer.sign_rows(
                SESSION,
                role="publisher",
                connection_data=texts,
                kind=kind,
                multithread=True,
            )
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


@every_kernel
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


@every_kernel
@pytest.mark.parametrize("multithread", [False, True])
def test_other_threads_run_while_rows_are_signed(signer, multithread):
    texts = [f"row {i}" for i in range(300_000)]
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
        batch = signer.sign_rows(
            SESSION, role="publisher", connection_data=texts, multithread=multithread
        )
        during = counted - before
    finally:
        stop.set()
        thread.join()
    assert len(batch) == 300_000
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
        signer.sign_rows({SESSION!r}, connection_data=text, {options})
except KeyboardInterrupt:
    print("interrupted", threading.active_count() <= 2)
assert signer.verify(signer.sign_rows([{SESSION!r}])[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "interrupted True\n", done.stderr
    assert done.returncode == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
@pytest.mark.parametrize("column", ["expiration", "role", "connection_data", "session_id"])
def test_signals_are_seen_while_a_column_is_read(signer, column):
    values = {"expiration": 60, "role": "publisher", "connection_data": "x" * 20}
    hits = []
    before = signal.signal(signal.SIGALRM, lambda *_: hits.append(1))
    rows = _fastsign.Rows(signer._backend.key, 3_000_000, t1.head(KEY), b"create_time=1", 1)
    given = (values.get(column, SESSION),) * rows.n
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        hits.clear()
        rows.column(column, given, lambda row, value: value, KEY.encode())
        seen = len(hits)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # Signals that arrive during the call count as one.
    assert seen > 2


@every_kernel
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
        one.column("expiration", (1,) * one.n, lambda row, value: value)
    with pytest.raises(ValueError, match="length"):
        few.column("expiration", (1,), lambda row, value: value)
    with pytest.raises(ValueError, match="length"):
        few.column("role", ("publisher",) * 3, lambda row, value: value)
    with pytest.raises(ValueError, match="length"):
        few.column("initial_layout_class_list", ("a",), lambda row, value: value)
    with pytest.raises(ValueError, match="not in tuple"):
        few.column("colour", ("a", "b"), lambda row, value: value)
    with pytest.raises(ValueError, match="need an owner"):
        few.column("session_id", (SESSION,) * 2, lambda row, value: value)
    with pytest.raises(ValueError, match="other rows"):
        few.sign(_memory.Memory(10_000), many.lengths())
    with pytest.raises(ValueError, match="too small"):
        few.sign(_memory.Memory(10), few.lengths())
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(few)
