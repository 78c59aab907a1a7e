"""A test that leaves something behind fails itself, and no other test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are in /proc")

CONFTEST = """
import socket, threading
import pytest
from tests.support.isolation import Isolation

def pytest_configure(config):
    config.pluginmanager.register(Isolation(grace=0.2), "isolation")

@pytest.fixture(scope="session")
def server():
    '''A fixture of the session, whose thread opens sockets for the tests.'''
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            while True:
                try:
                    kept.append(listener.accept()[0])
                except OSError:
                    return
        kept = []
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in kept:
            each.close()
"""

HEAD = """
import multiprocessing, os, signal, socket, subprocess, sys, tempfile, threading, time
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
kept = []
"""

#: Names of tests, what each of them does, and how its leak is described.
LEAKS = {
    "thread": (
        "threading.Thread(target=threading.Event().wait, daemon=True, name='t').start()",
        "thread 't'",
    ),
    "process": ("kept.append(subprocess.Popen(SLEEP))", "process"),
    "process_that_is_forgotten": ("subprocess.Popen(SLEEP)", "process"),
    "process_that_ended_and_was_not_waited_for": (
        "os.waitid(os.P_PID, subprocess.Popen(['true']).pid, os.WEXITED | os.WNOWAIT)",
        "process",
    ),
    "process_of_multiprocessing": (
        "kept.append(multiprocessing.get_context('fork').Process(target=time.sleep,"
        " args=(60,))); kept[-1].start()",
        "process",
    ),
    "forked_process": ("os.fork() or (time.sleep(60), os._exit(0))", "process"),
    "orphan": ("subprocess.run('sleep 60 &', shell=True, check=True)", "sleep 60"),
    "socket": ("kept.append(socket.create_server(('127.0.0.1', 0)))", "socket <socket"),
    "socket_pair": ("kept.extend(socket.socketpair())", "socket <socket"),
    "temporary_file": ("tempfile.mkstemp(prefix='left-')", "temporary file left-"),
    "temporary_folder": ("tempfile.mkdtemp(prefix='left-')", "temporary file left-"),
    "environment_variable": ("os.environ['LEFT'] = '1'", "environment variable LEFT"),
    "lost_environment_variable": ("del os.environ['HOME']", "environment variable HOME"),
    "working_directory": ("os.chdir('/')", "working directory /"),
}

CLEAN = """
def test_{name}(monkeypatch, tmp_path, server):
    monkeypatch.setenv("LEFT", "1")
    monkeypatch.chdir(tmp_path)
    with socket.create_connection(server), tempfile.TemporaryDirectory():
        subprocess.run(["true"], check=True)
        thread = threading.Thread(target=time.sleep, args=(0.1,))
        thread.start()
    assert "HOME" in os.environ
    assert not multiprocessing.active_children()
"""


def test_a_leak_fails_only_the_test_that_caused_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = [CLEAN.format(name="clean_at_first")]
    for name, (leak, _) in LEAKS.items():
        tests.append(f"def test_{name}():\n    {leak}\n")
        tests.append(CLEAN.format(name=f"clean_after_{name}"))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(HEAD + "\n".join(tests))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = pytester.runpytest_subprocess(
        "-p", "no:asyncio", "-p", "no:randomly", "-p", "no:xdist", "-W", "error"
    )
    result.assert_outcomes(passed=2 * len(LEAKS) + 1, errors=len(LEAKS))
    for name, (_, shown) in LEAKS.items():
        said = result.stdout.str().partition(f"ERROR at teardown of test_{name} _")[2]
        assert said.split("\n")[1].startswith("the test left behind: "), name
        assert shown in said.split("\n")[1]
