"""Many threads at once, with the GIL or without; strict where CPython is free-threaded.

``make freethreaded`` runs this, and the tests of tokens, without the GIL.
"""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from typing import Any

import pytest

import tokbox
from tests.support import reference
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.sizes import size

FREE = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
THREADS = 32
TOKENS = 100 if getattr(sys, "_is_gil_enabled", lambda: True)() else 500


@pytest.fixture(autouse=True)
def switch_often():
    """With the GIL, change threads as often as CPython can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def signer():
    return tokbox.Signer(KEY, SECRET)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """The result of *work* for each thread's number; all threads start together."""
    together = threading.Barrier(THREADS)
    found: list[Any] = [None] * THREADS
    failures: list[Exception] = []

    def run(number: int) -> None:
        together.wait()
        try:
            found[number] = work(number)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return found


def reference_token(token: str) -> str:
    """The same token, made by the reference."""
    if token.startswith("T1=="):
        said = base64.b64decode(token[4:]).decode().partition(":")[2]
        return reference.t1(KEY, SECRET.encode(), said)
    payload = token.split(".")[1]
    said = base64.urlsafe_b64decode(payload + "==").decode()
    return reference.jwt(SECRET.encode(), said)


def run(program: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not FREE, reason="this CPython cannot go without the GIL")
def test_importing_and_signing_leave_the_gil_off():
    # An extension that did not declare that it needs none would switch it on, and warn.
    said = run(
        "import sys, tokbox\n"
        "from tokbox import _arrow, _capsules, _csv, _fastsign, _memory\n"
        f"tokbox.Signer({KEY!r}, {SECRET!r}).session({SESSION!r}).tokens(10)\n"
        "print(sys._is_gil_enabled())"
    )
    assert said == "False\n"


@pytest.mark.skipif(not FREE, reason="this CPython cannot go without the GIL")
def test_these_tests_run_without_the_gil():
    assert not sys._is_gil_enabled()


def test_many_threads_can_import_names_of_the_package_at_once():
    run(
        "import threading, tokbox\n"
        f"together = threading.Barrier({THREADS})\n"
        "found = []\n"
        "def work():\n"
        "    together.wait()\n"
        "    found.append((tokbox.Signer, tokbox.decode, tokbox.Role, tokbox.types.TokenBatch))\n"
        f"threads = [threading.Thread(target=work) for _ in range({THREADS})]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        f"assert len(found) == {THREADS} and len(set(found)) == 1"
    )


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_many_threads_sign_with_one_signer(signer, kind):
    """Each token has the claims of its own thread, and none is made twice."""
    session = signer.session(SESSION)

    def work(number):
        said = f"thread {number}"
        one = [session.token(connection_data=said, kind=kind) for _ in range(TOKENS)]
        many = session.tokens(TOKENS, connection_data=said, kind=kind)
        batch = session.token_batch(TOKENS, connection_data=said, kind=kind)
        texts = [f"{said}, row {i}" for i in range(TOKENS)]
        rows = signer.sign_rows(
            SESSION, role="publisher", connection_data=texts, kind=kind, multithread=True
        )
        assert [signer.verify(token).connection_data for token in rows] == texts
        return [*one, *many, *batch], list(rows)

    made = at_once(work)
    for number, (same, rows) in enumerate(made):
        assert {tokbox.decode(token).connection_data for token in same} == {
            f"thread {number}"
        }
        for token in same[:: TOKENS // 10] + rows[:: TOKENS // 10]:
            assert reference_token(token) == token
    tokens = [token for same, rows in made for token in same + rows]
    assert len(set(tokens)) == len(tokens) == THREADS * 4 * TOKENS


@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("shape", ["list", "batch"])
def test_many_threads_verify_the_same_tokens(signer, kind, shape):
    batch = signer.session(SESSION).token_batch(TOKENS, kind=kind)
    stranger = tokbox.Signer(KEY, "another0secret").session(SESSION).token(kind=kind)
    tokens = batch if shape == "batch" else [*batch, stranger]

    def work(number):
        found = signer.verify_many(tokens, multithread=bool(number % 2))
        return {row: type(error) for row, error in found.failures.items()}

    wrong = {} if shape == "batch" else {TOKENS: tokbox.errors.BadSignatureError}
    assert at_once(work) == [wrong] * THREADS


def test_many_threads_read_one_batch(signer):
    batch = signer.session(SESSION).token_batch(TOKENS)
    tokens = batch.tolist()

    def work(number):
        lines = io.BytesIO()
        batch[number:].write(lines)
        return list(batch), batch[number], batch[::-1].tolist(), lines.getvalue()

    for number, (read, one, back, lines) in enumerate(at_once(work)):
        assert read == tokens
        assert one == tokens[number]
        assert back == tokens[::-1]
        assert lines.decode().split() == tokens[number:]


def test_no_memory_of_a_shared_pool_is_used_twice_at_once(signer):
    session, pool = signer.session(SESSION), tokbox.types.MemoryPool()

    def work(number):
        for _ in range(size(5, 20)):
            said = f"thread {number}"
            batch = session.token_batch(50, connection_data=said, memory_pool=pool)
            before = bytes(batch.data)
            assert all(signer.verify(token).connection_data == said for token in batch)
            assert bytes(batch.data) == before
            del batch
        return True

    assert all(at_once(work))


def test_a_column_that_others_change_is_taken_as_it_was_at_one_moment(signer):
    column = ["a"] * TOKENS

    def work(number):
        if number % 2:
            # The length is the same as before, and there are never two kinds at once.
            for i in range(TOKENS):
                column[:] = ["ab"[i % 2]] * TOKENS
            return None
        batch = signer.sign_rows(SESSION, role="publisher", connection_data=column)
        return {signer.verify(token).connection_data for token in batch}

    assert all(said in ({"a"}, {"b"}) for said in at_once(work) if said is not None)
