"""Clients in processes that come of one another, and in other interpreters."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faulty import FaultyServer, answer
from tests.support.sizes import size

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SESSION = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg"

#: The code below is the main program, which child processes import, too.
HEAD = f"""
import multiprocessing, os, signal, sys, threading
import tokbox
SESSION = "{SESSION}"

def client():
    return tokbox.Tokbox("12345678", "secret", sys.argv[1], trust_env=False, retries=0)

def nonces(tb):
    return [tb.verify(token).nonce for token in tb.session(SESSION).tokens(500)]
"""


def run(folder: Path, program: str, *arguments: str) -> str:
    """Run a program from a file, which is what children of other methods need."""
    file = folder / "program.py"
    file.write_text(HEAD + program)
    done = subprocess.run(
        [sys.executable, str(file), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_do_not_share_nonces_or_connections(method: str, tmp_path: Path) -> None:
    program = """
def work(url):
    sys.argv[1:] = [url]
    tb = globals().get("inherited") or client()
    tb.request("GET", "/child")
    tb.request("GET", "/child")
    return os.getpid(), nonces(tb)

if __name__ == "__main__":
    inherited = client()
    inherited.request("GET", "/parent")
    drawn = nonces(inherited)
    with multiprocessing.get_context(sys.argv[2]).Pool(2, maxtasksperchild=1) as pool:
        results = pool.map(work, [sys.argv[1]] * 4, chunksize=1)
    inherited.request("GET", "/parent")
    for _, theirs in results:
        drawn += theirs
    print(len({pid for pid, _ in results}), len(drawn), len(set(drawn)))
"""
    with FaultyServer(answer(200, {})) as server:
        said = run(tmp_path, program, server.url, method)
        assert said == "4 2500 2500\n"
        # One of the parent, which is still good at the end, and one of each child.
        assert server.connections == 5
        targets = [request.target for request in server.requests]
        assert (targets.count("/parent"), targets.count("/child")) == (2, 8)


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_client_is_not_sent_to_another_process(method: str, tmp_path: Path) -> None:
    program = """
if __name__ == "__main__":
    try:
        child = multiprocessing.get_context(sys.argv[2]).Process(target=nonces, args=(client(),))
        child.start()
    except TypeError as error:
        print(error)
"""
    said = run(tmp_path, program, "http://127.0.0.1:1", method)
    assert "holds a secret and open connections, and cannot be pickled" in said


def test_children_sign_that_were_forked_while_the_kernels_ran(tmp_path: Path) -> None:
    program = """
def children():
    for _ in range(int(sys.argv[2])):
        child = os.fork()
        if child == 0:
            # Whoever waits for a lock that nobody here will let go is ended by this.
            signal.alarm(60)
            good = len(set(nonces(tb))) == 500
            good = good and len(tb.session(SESSION).token_batch(20_000, multithread=True)) == 20_000
            os._exit(0 if good else 1)
        yield os.waitpid(child, 0)[1]

def sign():
    while not stop.is_set():
        session.token_batch(200_000, multithread=True)
        runs.append(None)

tb, stop, runs = client(), threading.Event(), []
session = tb.session(SESSION)
threads = [threading.Thread(target=sign) for _ in range(2)]
for thread in threads:
    thread.start()
ends = list(children())
stop.set()
for thread in threads:
    thread.join()
print(set(ends), len(runs) >= 2)
"""
    count = str(size(10, 20))
    assert run(tmp_path, program, "http://127.0.0.1:1", count) == "{0} True\n"


def test_a_call_is_ended_by_control_c_and_leaves_no_socket(tmp_path: Path) -> None:
    program = """
def sockets():
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return sum(os.path.exists(link) and "socket" in os.readlink(link) for link in links)

signal.signal(signal.SIGINT, signal.default_int_handler)
with client() as tb:
    print("asking", flush=True)
    try:
        tb.request("GET", "/x", timeout=60)
    except KeyboardInterrupt:
        print("interrupted", sockets())
    print(tb.request("GET", "/x").status)
"""
    if sys.platform != "linux":
        pytest.skip("/proc tells which sockets are open")

    (tmp_path / "program.py").write_text(HEAD + program)

    def interrupt(exchange: object) -> None:
        child.send_signal(signal.SIGINT)
        exchange.stopping.wait()  # type: ignore[attr-defined]

    with FaultyServer(interrupt, answer(200, {})) as server:
        child = subprocess.Popen(
            [sys.executable, str(tmp_path / "program.py"), server.url],
            stdout=subprocess.PIPE,
            text=True,
        )
        said, _ = child.communicate()
    assert said == "asking\ninterrupted 0\n200\n"


@contextlib.contextmanager
def gunicorn(folder: Path, url: str) -> Iterator[str]:
    """Serve ``program:app`` with workers that were forked after it was loaded."""
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--preload", "--workers", "3"),
            *("--bind", "127.0.0.1:0", "--chdir", str(folder), "program:app"),
        ],
        env={**os.environ, "SERVICE": url},
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stderr is not None
        for line in child.stderr:
            if listening := re.search(r"Listening at: (\S+)", line):
                break
        else:
            pytest.fail("gunicorn did not start")
        try:
            yield listening[1]
        finally:
            child.send_signal(signal.SIGTERM)
            child.stderr.read()


def test_workers_of_a_preloaded_application_share_nothing(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    program = """
sys.argv[1:] = [os.environ["SERVICE"]]
tb = client()
tb.request("GET", "/preload")

def app(environ, start_response):
    answer = tb.request("GET", f"/worker{environ['PATH_INFO']}").json()
    start_response("200 OK", [])
    token = tb.session(SESSION).token()
    return [f"{os.getpid()} {answer['for']} {tb.verify(token).nonce}".encode()]
"""
    (tmp_path / "program.py").write_text(HEAD + program)

    def echo(exchange: object) -> None:
        target = exchange.request.target  # type: ignore[attr-defined]
        answer(200, {"for": target})(exchange)  # type: ignore[arg-type]

    with FaultyServer(echo) as server, gunicorn(tmp_path, server.url) as url:
        said = []
        for number in range(60):
            with urllib.request.urlopen(f"{url}/{number}") as response:
                said.append(response.read().decode().split())
        assert [target for _, target, _ in said] == [f"/worker/{n}" for n in range(60)]
        assert len({nonce for *_, nonce in said}) == 60
        # The connection that the application opened belongs to no other process.
        assert server.connections == 1 + len({pid for pid, *_ in said})


def test_a_second_interpreter_is_refused_in_a_sentence(tmp_path: Path) -> None:
    program = '''
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

tb = client()
interpreters.run_string(interpreters.create(), """
import tokbox
try:
    tokbox.Tokbox("12345678", "secret")
except ImportError as error:
    print(error, flush=True)
""")
print(len(nonces(tb)))
'''
    if sys.implementation.name != "cpython":
        pytest.skip("interpreters are CPython's")
    refusal, still = run(tmp_path, program, "http://127.0.0.1:1").splitlines()
    assert re.search("one interpreter per process|not support loading in sub", refusal)
    assert still == "500"
