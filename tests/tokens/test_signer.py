"""Signed tokens are distinct, ordered and complete, and the same from every method."""

from __future__ import annotations

import copy
import gc
import io
import itertools
import os
import pickle
import signal
import stat
import subprocess
import sys
import threading

import pytest

from tests.support.kernels import every_kernel
from tests.support.sizes import size
from tokbox import _fastsign, _memory
from tokbox.enums import HOURS_2
from tokbox.errors import ClosedError, InvalidInputError
from tokbox.tokens.batch import TokenBatch, check_memory
from tokbox.tokens.signer import Signer

KEY, SECRET = "40000123", "canary0secret0canary0secret0canary0secret"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
#: Tokens of each forked child.
PER_CHILD = size(1000, 10_000)


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


@pytest.fixture
def session(signer):
    return signer.session(SESSION)


def nonces(signer, tokens):
    return [int(signer.verify(token).nonce) for token in tokens]


@every_kernel
@pytest.mark.parametrize("multithread", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 4097, 20_000])
def test_n_tokens_are_counted_on_in_order(signer, session, n, multithread):
    tokens = session.tokens(n, multithread)
    assert type(tokens) is list
    assert len(set(tokens)) == n
    step = max(1, n // 500)
    found = nonces(signer, tokens[::step])
    assert found == [found[0] + step * i for i in range(len(found))] if found else n == 0
    assert all(len(str(nonce)) == 27 for nonce in found)


@every_kernel
@pytest.mark.parametrize("multithread", [False, True])
def test_a_batch_equals_the_list(signer, session, multithread):
    claims = ("moderator", "a=b&c+d%~é", HOURS_2)
    batch = session.token_batch(
        5000,
        multithread=multithread,
        role=claims[0],
        connection_data=claims[1],
        expiration=claims[2],
        initial_layout_class_list="focus",
    )
    for token in [*batch[:20], *batch[-20:]]:
        read = signer.verify(token, session_id=SESSION)
        assert (
            read.role,
            read.connection_data,
            read.expire_time - read.create_time,
        ) == claims
        assert read.initial_layout_class_list == ("focus",)
    assert len(set(batch)) == 5000


@every_kernel
def test_two_calls_never_share_a_nonce(signer, session):
    starts = nonces(signer, [session.token() for _ in range(2000)])
    assert len(set(starts)) == 2000
    # 27 digits drawn at random: no two of 2,000 are anywhere near one another.
    starts.sort()
    assert min(b - a for a, b in itertools.pairwise(starts)) > 10**12


@every_kernel
def test_a_stream_is_one_batch_in_pieces(signer, session):
    pieces = [list(batch) for batch in session.iter_batches(10_001, chunk=1000)]
    assert [len(piece) for piece in pieces] == [1000] * 10 + [1]
    found = nonces(signer, [token for piece in pieces for token in piece][::10])
    assert found == list(range(found[0], found[0] + 10_001, 10))


@every_kernel
def test_a_stream_reuses_memory_but_never_under_a_batch_that_is_kept(session):
    kept = list(session.iter_batches(5000, chunk=100))
    assert len({token for batch in kept for token in batch}) == 5000
    addresses = set()
    for batch in session.iter_batches(5000, chunk=100):
        addresses.add(_memory.address(batch._memory))
    assert len(addresses) == 2


@every_kernel
def test_a_signer_is_closed_at_the_end_of_a_with_block():
    with Signer(KEY, SECRET) as signer:
        session = signer.session(SESSION)
        assert signer.verify(session.token()).session_id == SESSION
    for call in (session.token, lambda: signer.sign_rows([SESSION])):
        with pytest.raises(ClosedError, match="closed"):
            call()


def test_a_stream_checks_its_claims_at_once(session):
    with pytest.raises(ValueError, match="role"):
        session.iter_batches(10, role="king")


@every_kernel
@pytest.mark.parametrize("n", [0, 1, 8192, 8193, 20_000])
def test_written_lines_are_tokens(signer, session, tmp_path, n):
    path = tmp_path / "tokens"
    assert session.write_tokens(path, n) == n
    lines = path.read_text().splitlines()
    assert len(lines) == len(set(lines)) == n
    for line in lines[:10] + lines[-10:]:
        signer.verify(line)


@every_kernel
@pytest.mark.parametrize(
    ("n", "calls"), [(0, []), (3, [3]), (8192, [8192]), (20_000, [8192, 16_384, 20_000])]
)
def test_progress_is_called_with_the_number_of_written_tokens(session, n, calls):
    seen: list[tuple[int, int]] = []
    file = io.StringIO()
    session.write_tokens(
        file, n, progress=lambda done: seen.append((done, file.getvalue().count("\n")))
    )
    assert seen == [(done, done) for done in calls]


@every_kernel
def test_an_exception_of_progress_stops_writing_and_the_lines_stay(session, tmp_path):
    def stop(done: int) -> None:
        raise LookupError(done)

    path = tmp_path / "tokens"
    with pytest.raises(LookupError) as caught:
        session.write_tokens(path, 20_000, progress=stop)
    assert caught.value.args == (8192,)
    assert path.read_text().count("\n") == 8192


@pytest.mark.parametrize(
    "wrong",
    [{"progress": True}, {"role": "king"}, {"multithread": "yes"}, {"n": -1}],
    ids=str,
)
def test_arguments_are_checked_before_a_file_is_opened(session, tmp_path, wrong):
    path = tmp_path / "tokens"
    path.write_text("as before")
    with pytest.raises(InvalidInputError, match=f"{next(iter(wrong))} must"):
        session.write_tokens(path, **{"n": 3, **wrong})
    assert path.read_text() == "as before"


@every_kernel
@pytest.mark.parametrize("n", [0, 1, 8193])
def test_a_batch_is_written_to_paths_and_files(session, tmp_path, n):
    batch = session.token_batch(n)
    expected = "".join(f"{token}\n" for token in batch)
    path = tmp_path / "a"
    assert batch.write(path) == len(expected)
    assert path.read_text() == expected
    with open(tmp_path / "b", "w") as text:
        batch.write(text)
    with open(tmp_path / "c", "wb", buffering=0) as raw:
        batch.write(raw)
    assert (tmp_path / "b").read_text() == (tmp_path / "c").read_text() == expected


@every_kernel
def test_a_raw_file_that_takes_little_at_a_time_gets_all(session):
    class Slow:
        taken = b""

        def write(self, data):
            self.taken += bytes(data[:100])
            return min(100, len(data))

    slow = Slow()
    batch = session.token_batch(50)
    batch.write(slow)
    assert slow.taken.decode().split() == list(batch)


@every_kernel
def test_a_batch_is_a_sequence(session):
    batch = session.token_batch(10)
    tokens = batch.tolist()
    assert list(batch) == tokens
    assert isinstance(batch, TokenBatch)
    assert [batch[i] for i in range(-10, 10)] == tokens + tokens
    for cut in (
        slice(None),
        slice(2, 5),
        slice(None, None, -1),
        slice(8, 1, -3),
        slice(50, 60),
        slice(0, 0),
    ):
        assert list(batch[cut]) == tokens[cut]
        assert list(batch[cut][::-1]) == tokens[cut][::-1]
    assert batch.index(tokens[3]) == 3
    assert tokens[4] in batch
    assert list(reversed(batch)) == tokens[::-1]
    assert batch == batch[:]
    assert batch != batch[1:]
    assert batch != tokens
    for i in (10, -11, 10**30):
        with pytest.raises(IndexError):
            batch[i]
    assert bytes(batch.data) == "".join(tokens).encode()
    assert bytes(batch[::-1].data) == "".join(tokens[::-1]).encode()
    assert list(batch.offsets) == [i * batch.token_length for i in range(11)]
    assert batch.data.readonly
    assert tokens[0] not in repr(batch)


@every_kernel
def test_memory_outside_of_a_batch_cannot_be_reached():
    memory = _memory.Memory(100)
    for arguments in [
        (0, 10, 10, 11),
        (-1, 1, 1, 1),
        (95, 0, 6, 1),
        (0, -1, 1, 2),
        (50, 2**62, 1, 3),
        (0, 1, -1, 1),
        (0, 1, 1, -1),
    ]:
        with pytest.raises(IndexError):
            memory.strings(*arguments)
    for arguments in [
        (10, 0, 1, 11),
        (1, -1, 1, 1),
        (6, 16, 1, 1),
        (1, 5, 2**62, 3),
        (-1, 0, 1, 1),
        (1, 0, 1, -1),
    ]:
        with pytest.raises(IndexError):
            memory.join(None, *arguments)
    with pytest.raises(IndexError):
        memory.text(99, 2)
    with pytest.raises(ValueError, match="small"):
        _fastsign.BatchPlan(_fastsign.Key(b"s"), b"partner_id=1&sig=", b"nonce=").fill(
            memory, 1
        )


@every_kernel
def test_many_threads_can_share_a_session(signer, session):
    results: list[list[str]] = []

    def work():
        results.append(session.tokens(3000, True))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({token for tokens in results for token in tokens}) == 24_000


@every_kernel
def test_strings_in_the_making_are_invisible(session):
    """The list is unknown to the garbage collector until every string in it is complete."""
    seen = []
    stop = threading.Event()

    def look():
        while not stop.is_set():
            seen.extend(
                len(o) for o in gc.get_objects() if type(o) is list and len(o) == 200_003
            )

    thread = threading.Thread(target=look)
    thread.start()
    try:
        tokens = session.tokens(200_003)
    finally:
        stop.set()
        thread.join()
    assert seen.count(200_003) <= 1  # the list is seen at most once, when complete
    assert gc.is_tracked(tokens)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_children_never_repeat_a_nonce(signer, session, tmp_path):
    """64 children of one parent: no two tokens are equal."""
    children = []
    for child in range(64):
        pid = os.fork()
        if pid == 0:
            try:
                batch = session.token_batch(PER_CHILD, connection_data="x")
                nonces_ = [signer.verify(batch[i]).nonce for i in (0, 1, -1)]
                # They are in order and without a gap, so the first and the last are enough.
                assert int(nonces_[1]) == int(nonces_[0]) + 1
                assert int(nonces_[2]) == int(nonces_[0]) + PER_CHILD - 1
                assert len(set(batch)) == PER_CHILD
                (tmp_path / str(child)).write_text(f"{nonces_[0]} {nonces_[2]}")
            finally:
                os._exit(0)
        children.append(pid)
        if len(children) == 4:
            os.waitpid(children.pop(0), 0)
    for pid in children:
        os.waitpid(pid, 0)
    ranges = sorted(
        tuple(int(n) for n in (tmp_path / str(child)).read_text().split())
        for child in range(64)
    )
    assert all(a[1] < b[0] for a, b in itertools.pairwise(ranges))


def test_the_secret_is_nowhere_to_be_seen():
    gc.freeze()  # objects of other tests, which may hold the secret
    signer = Signer(KEY, SECRET)
    session = signer.session(SESSION)
    session.token()
    for thing in (signer, session, signer._backend.key):
        assert "canary" not in repr(thing) + str(thing)
        with pytest.raises(TypeError, match="secret"):
            pickle.dumps(thing)
        with pytest.raises(TypeError, match="secret"):
            copy.deepcopy(thing)
    new = gc.get_objects()
    assert any(thing is signer for thing in new)
    for thing in new:
        if type(thing) in (dict, tuple, list):
            assert not any(
                isinstance(v, bytes) and v == SECRET.encode()
                for v in (list(thing.values()) if type(thing) is dict else thing)
            )


def test_a_closed_signer_signs_no_more(signer, session):
    signer.close()
    signer.close()
    with pytest.raises(ClosedError, match="closed"):
        session.token()
    with pytest.raises(ClosedError, match="closed"):
        signer._backend.key.hmac_sha256(b"")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("threads", ["", "_fastsign.Thread = no_thread"])
@pytest.mark.parametrize(
    "call",
    [
        "tokens(20_000_000)",
        "tokens(20_000_000, True)",
        "token_batch(30_000_000, multithread=True)",
    ],
)
def test_control_c_ends_a_batch(kernel, call, threads):
    program = f"""
import os, sys, sysconfig, threading, signal
from tokbox import _fastsign
from tokbox.tokens.signer import Signer

def no_thread(**_):
    raise RuntimeError("can't start new thread")

def resident():
    others = "PYTHONMALLOC" in os.environ or sysconfig.get_config_var("Py_GIL_DISABLED")
    if others or not os.path.exists("/proc/self/statm"):
        return 0  # an allocator that keeps what is free, or nothing that tells
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

_fastsign.select_kernel({kernel!r})
{threads}
session = Signer({KEY!r}, "secret").session({SESSION!r})
session.tokens(1)
before = resident()
timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
timer.start()
try:
    session.{call}
except KeyboardInterrupt:
    for thread in {{*threading.enumerate()}} - {{threading.main_thread(), timer}}:
        assert thread.name == "tokbox: free memory"
        thread.join()
else:
    raise SystemExit("it was over before")
left = resident() - before
print("interrupted" if left < 16 << 20 else f"{{left:,}} bytes are left")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "interrupted\n", done.stderr
    assert done.returncode == 0


def test_an_unknown_kernel_is_refused_by_name():
    environment = {**os.environ, "TOKBOX_KERNEL": "abacus"}
    done = subprocess.run(
        [sys.executable, "-c", "import tokbox._fastsign"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "TOKBOX_KERNEL: there is no kernel 'abacus'" in done.stderr
    assert "portable" in done.stderr


def test_the_kernel_in_use_is_reported(kernel):
    environment = {**os.environ, "TOKBOX_KERNEL": kernel}
    program = "from tokbox import _fastsign; print(_fastsign.kernels()['active']['sha1'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == kernel


@every_kernel
def test_signals_do_not_disturb_a_batch(session):
    if not hasattr(signal, "setitimer"):
        pytest.skip("no interval timer here")
    hits = []
    before = signal.signal(signal.SIGALRM, lambda *_: hits.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        tokens = session.tokens(300_000, True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(set(tokens)) == 300_000
    assert hits


def test_unknown_memory_size_does_not_limit_a_batch(monkeypatch):
    monkeypatch.delattr("os.sysconf", raising=False)
    check_memory(1, 1 << 45)
    with pytest.raises(MemoryError):
        check_memory(1, 1 << 47)


@every_kernel
@pytest.mark.parametrize("batch", [False, True])
def test_a_file_of_tokens_that_is_created_is_for_its_owner(session, tmp_path, batch):
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o640)
    for path in (new, old):
        if batch:
            session.token_batch(2).write(path)
        else:
            assert session.write_tokens(path, 2) == 2
    assert [stat.S_IMODE(path.stat().st_mode) for path in (new, old)] == [0o600, 0o640]
