"""Fail each test that leaves something behind: a plugin for pytest.

At its end, after its fixtures are finalized, a test must have ended its threads and child
processes, closed its sockets and deleted its temporary files. The environment and the
working directory must be as before. Anything left behind fails the teardown of this test
and is removed, so that it cannot fail a later test.

A thread or socket has the owner of the thread that created it. The owner of the main thread
is the running test, or a fixture of a wider scope while it is set up. Such a fixture keeps
its threads, sockets and processes until its own end. On Linux, orphans become children of
this process, so that the children of a killed process are found.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Isolation"]

_PR_SET_CHILD_SUBREAPER = 36
_TASKS = "/proc/self/task"
#: pytest sets the first; polars and Ray set the others when they are imported.
_NOT_COMPARED = {"PYTEST_CURRENT_TEST", "_RJEM_MALLOC_CONF", "RAY_CLIENT_MODE"}


def _environment() -> dict[str, str]:
    found = os.environ.copy()
    for name in _NOT_COMPARED:
        found.pop(name, None)
    return found


def _children() -> set[int]:
    """Return the process ids of all children, where the system lists them."""
    found: set[int] = set()
    if not os.path.isdir(_TASKS):
        return found
    for thread in os.listdir(_TASKS):
        # A thread may end meanwhile.
        with contextlib.suppress(OSError), open(f"{_TASKS}/{thread}/children") as file:
            found.update(map(int, file.read().split()))
    return found


def _shown(pid: int) -> str:
    """Return the id and, if the system lists it, the command of a process."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return f"process {pid} ({command.strip()[:200] or 'without a command'})"
    return f"process {pid}"


@dataclass
class Owner:
    """A test, or a fixture of a wider scope, and what it created."""

    name: str
    children: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    #: Environment variables that a fixture changed, with their values before.
    environment: dict[str, str | None] = field(default_factory=dict)


class Isolation:
    """The plugin; register an instance of it.

    At the end of a test, threads and processes have *grace* seconds to end by themselves.
    """

    def __init__(self, grace: float = 10.0) -> None:
        self._grace = grace
        self._outside = Owner("the session")
        self._current = self._outside
        self._fixtures: dict[int, Owner] = {}
        self._sockets: weakref.WeakKeyDictionary[socket.socket, Owner]
        self._sockets = weakref.WeakKeyDictionary()
        self._processes: dict[subprocess.Popen[Any], Owner] = {}
        self._environment: dict[str, str] = {}
        self._folder = Path()
        self._patch = pytest.MonkeyPatch()

    # Owners of threads, sockets and processes.

    def _owner(self) -> Owner:
        thread = threading.current_thread()
        if thread is threading.main_thread():
            return self._current
        owner: Owner = getattr(thread, "_owner_of_tests", self._outside)
        return owner

    def pytest_configure(self) -> None:
        start, connect = threading.Thread.start, socket.socket.__init__
        run = subprocess.Popen.__init__

        @functools.wraps(start)
        def start_owned(thread: threading.Thread) -> None:
            thread._owner_of_tests = self._owner()  # type: ignore[attr-defined]
            start(thread)

        @functools.wraps(connect)
        def connect_owned(sock: socket.socket, *args: Any, **options: Any) -> None:
            connect(sock, *args, **options)
            self._sockets[sock] = self._owner()

        @functools.wraps(run)
        def run_owned(process: subprocess.Popen[Any], *args: Any, **options: Any) -> None:
            run(process, *args, **options)
            self._processes[process] = self._owner()

        self._patch.setattr(threading.Thread, "start", start_owned)
        self._patch.setattr(socket.socket, "__init__", connect_owned)
        self._patch.setattr(subprocess.Popen, "__init__", run_owned)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # The folders of tmp_path stay where pytest puts them.
        self._patch.setenv("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
        self._folder = Path(tempfile.mkdtemp(prefix="tokbox-"))
        self._patch.setenv("TMPDIR", str(self._folder))
        self._patch.setattr(tempfile, "tempdir", str(self._folder))

    def pytest_unconfigure(self) -> None:
        self._patch.undo()
        shutil.rmtree(self._folder, ignore_errors=True)

    # Fixtures of wider scopes own what they create.

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        owner = self._fixtures[id(fixturedef)] = Owner(fixturedef.argname)
        before, self._current = self._current, owner
        children, files, environment = _children(), self._files(), _environment()
        try:
            return (yield)
        finally:
            self._current = before
            owner.children = _children() - children
            owner.files = self._files() - files
            after = _environment()
            for name in environment.keys() | after.keys():
                if environment.get(name) != after.get(name):
                    owner.environment[name] = self._environment.get(name)
                    self._set(name, after.get(name))

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        # Called again for a fixture that is finalized already.
        if owner := self._fixtures.pop(id(fixturedef), None):
            for name, text in owner.environment.items():
                self._set(name, text)

    def _set(self, name: str, text: str | None) -> None:
        """Change what the environment is expected to be."""
        if text is None:
            self._environment.pop(name, None)
        else:
            self._environment[name] = text

    def _files(self) -> set[str]:
        return set(os.listdir(self._folder))

    # Tests.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[object]:
        self._current = Owner(item.nodeid, _children(), self._files())
        self._environment = _environment()
        self._place = os.getcwd()
        try:
            return (yield)
        finally:
            self._current = self._outside

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        yield
        # Objects that only the arguments of the test refer to are deleted now.
        getattr(item, "funcargs", {}).clear()
        if left := self._left():
            pytest.fail(f"the test left behind: {', '.join(left)}", pytrace=False)

    def _left(self) -> list[str]:
        """Remove everything that the test left behind, and describe it."""
        owner = self._current
        kept = [owner, *self._fixtures.values()]
        known = set().union(*(each.children for each in kept))
        known |= {process.pid for process in self._of_others(owner)}
        return [
            *self._threads(owner),
            *self._popen(owner),
            *self._orphans(known),
            *self._open_sockets(owner),
            *self._temporary(set().union(*(each.files for each in kept))),
            *self._changes(),
        ]

    def _of_others(self, owner: Owner) -> list[subprocess.Popen[Any]]:
        return [
            process
            for process, other in self._processes.items()
            if other is not owner and process.returncode is None
        ]

    def _threads(self, owner: Owner) -> list[str]:
        threads = [
            thread
            for thread in threading.enumerate()
            if getattr(thread, "_owner_of_tests", None) is owner
        ]
        end = time.monotonic() + self._grace
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return [f"thread {thread.name!r}" for thread in threads if thread.is_alive()]

    def _popen(self, owner: Owner) -> list[str]:
        """End the processes that were not waited for."""
        left = []
        for process in [p for p, other in self._processes.items() if other is owner]:
            del self._processes[process]
            if process.returncode is None:
                left.append(_shown(process.pid))
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        return left

    def _orphans(self, known: set[int]) -> list[str]:
        """End children that were started in another way, or came from one that ended."""
        # multiprocessing starts this process once and never ends it.
        tracker = getattr(resource_tracker._resource_tracker, "_pid", None)
        end = time.monotonic() + self._grace
        while True:
            new = _children() - known - {tracker}
            for pid in tuple(new):
                with contextlib.suppress(ChildProcessError):
                    if os.waitpid(pid, os.WNOHANG)[0]:
                        new.remove(pid)
            if not new or time.monotonic() > end:
                break
            time.sleep(0.01)
        left = [_shown(pid) for pid in sorted(new)]
        for child in multiprocessing.active_children():
            if child.pid in new:
                new.remove(child.pid)
                child.kill()
                child.join()
        for pid in new:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        return left

    def _open_sockets(self, owner: Owner) -> list[str]:
        def found() -> list[socket.socket]:
            pairs = list(self._sockets.items())
            return [sock for sock, of in pairs if of is owner and sock.fileno() != -1]

        if not found():
            return []
        # If this closes a socket, its ResourceWarning fails the test.
        gc.collect()
        left = []
        for sock in found():
            left.append(f"socket {sock!r}")
            sock.close()
        return left

    def _temporary(self, known: set[str]) -> list[str]:
        left = []
        for name in sorted(self._files() - known):
            path = self._folder / name
            left.append(f"temporary file {name}")
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return left

    def _changes(self) -> list[str]:
        left = []
        now = _environment()
        for name in sorted(now.keys() | self._environment.keys()):
            before = self._environment.get(name)
            if now.get(name) != before:
                left.append(f"environment variable {name}")
                if before is None:
                    del os.environ[name]
                else:
                    os.environ[name] = before
        if os.getcwd() != self._place:
            left.append(f"working directory {os.getcwd()}")
            os.chdir(self._place)
        return left
