"""CPython's arena allocator (PEP 445) while a call creates many strings, and afterwards."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.kernels import every_kernel
from tokbox import _fastsign

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.skipif(
        bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        reason="free-threaded CPython has no arenas",
    ),
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="arenas are reserved on Linux only"
    ),
]

uses_pymalloc = pytest.mark.skipif(
    "PYTHONMALLOC" in os.environ, reason="CPython's own allocator is not in use"
)

MANY = 20_000


class Allocator(ctypes.Structure):
    """PyObjectArenaAllocator (C API, "Customize pymalloc Arena Allocator")."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "alloc", "free")]


def arena_allocator() -> tuple[int | None, ...]:
    found = Allocator()
    ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(found))
    return found.ctx, found.alloc, found.free


def plan() -> _fastsign.BatchPlan:
    return _fastsign.BatchPlan(
        _fastsign.Key(b"secret"), b"partner_id=1&sig=", b"a=1&nonce="
    )


def run(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run *code* in a fresh interpreter, whose arenas earlier tests have not used."""
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done


@every_kernel
@pytest.mark.parametrize("threads", [1, 2])
def test_tokens_restores_the_allocator(threads):
    before, (installed, _) = arena_allocator(), _fastsign.arena_counts()
    assert len(set(plan().strings(MANY, threads=threads))) == MANY
    assert arena_allocator() == before
    assert _fastsign.arena_counts()[0] > installed


@every_kernel
def test_a_failed_call_restores_the_allocator():
    testcapi = pytest.importorskip("_testcapi")
    before, many = arena_allocator(), plan()
    testcapi.set_nomemory(MANY // 2, MANY // 2 + 1)
    try:
        with pytest.raises(MemoryError):
            many.strings(MANY)
    finally:
        testcapi.remove_mem_hooks()
    assert arena_allocator() == before
    assert len(many.strings(MANY)) == MANY


COUNT_ARENAS = """
import ctypes, sys
from tests.tokens.rows.test_arenas import Allocator, plan

def show(what):
    print(what, file=sys.stderr, flush=True)
    sys._debugmallocstats()

before, many = Allocator(), plan()
ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(before))
labs = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)
nothing = Allocator(None, labs, labs)  # returns its context: NULL
show("before")
if sys.argv[1] == "without memory":
    ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(nothing))
tokens = many.strings(100_000)
ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(before))
show("after")
assert len(set(tokens)) == 100_000
"""


@uses_pymalloc
@pytest.mark.parametrize(
    ("allocator", "more"),
    # The program itself may need one or two meanwhile.
    [("native", range(15, 30)), ("without memory", range(3))],
)
def test_strings_are_created_in_arenas_of_the_current_allocator(allocator, more):
    done = run(COUNT_ARENAS, allocator)
    arenas = re.findall(r"# arenas allocated total += +([0-9,]+)", done.stderr)
    before, after = (int(number.replace(",", "")) for number in arenas)
    assert after - before in more


CREATE_AND_FREE = """
from tests.tokens.rows.test_arenas import plan
for threads in (1, 2):
    for _ in range(3):
        assert len(set(plan().strings(100_000, threads=threads))) == 100_000
"""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """The path of tests/native/memory/own_arenas.c, linked with a static libpython."""
    folder, name = sysconfig.get_config_vars("LIBPL", "LIBRARY")
    library = Path(folder or "", name or "")
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not compiler or library.suffix != ".a" or not library.is_file():
        pytest.skip("there is no C compiler, or no static libpython")
    path = tmp_path_factory.mktemp("embedded") / "python"
    include = sysconfig.get_path("include")
    libraries = " ".join(sysconfig.get_config_vars("LIBS", "SYSLIBS")).split()
    source = ROOT / "tests" / "native" / "memory" / "own_arenas.c"
    options = ["-I", include, *libraries, "-lpthread", "-lutil", "-Wl,--export-dynamic"]
    subprocess.run([compiler, source, library, *options, "-o", path], check=True)
    return path


@uses_pymalloc
def test_an_embedder_frees_only_arenas_of_its_own(embedded):
    """Functions in the same program as CPython's need not be CPython's."""
    environment = {
        **os.environ,
        "PYTHONHOME": sys.base_prefix,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = subprocess.run(
        [embedded, "-c", CREATE_AND_FREE],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 20


ISOLATED = """
import os, sys, threading
from tests.tokens.rows.test_arenas import plan
from tokbox import _fastsign
try:
    import _interpreters as interpreters
    isolated = interpreters.create("isolated")
except ImportError:
    import _xxsubinterpreters as interpreters
    isolated = interpreters.create(isolated=True)

started, start = os.pipe()
stopped, stop = os.pipe()
os.set_blocking(stopped, False)
code = f'''
import os
os.write({start}, b".")
while True:
    kept = [bytes(400) for _ in range(20_000)]
    del kept
    try:
        os.read({stopped}, 1)
        break
    except BlockingIOError:
        pass
'''
thread = threading.Thread(target=interpreters.run_string, args=(isolated, code))
thread.start()
os.read(started, 1)
for _ in range(3):
    assert len(plan().strings(10**6, threads=2)) == 10**6
during = _fastsign.arena_counts()
os.write(stop, b".")
thread.join()
interpreters.destroy(isolated)
assert len(plan().strings(10**6)) == 10**6
after = _fastsign.arena_counts()
print(*during, *after)
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 684 came with CPython 3.12")
def test_an_interpreter_with_its_own_gil_never_calls_the_wrapper():
    """While there are two interpreters, nothing is wrapped; with one, it is again."""
    installed, foreign, installed_later, foreign_later = map(
        int, run(ISOLATED).stdout.split()
    )
    assert (installed, foreign, foreign_later) == (0, 0, 0)
    assert installed_later > 0
