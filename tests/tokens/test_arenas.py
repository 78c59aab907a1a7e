"""While many strings are made, CPython's arenas are asked for in our way; and then no more."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
import sysconfig

import pytest

from tokbox import _fastsign

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="free-threaded CPython has no arenas",
)

MANY = 20_000


class Allocator(ctypes.Structure):
    """PyObjectArenaAllocator (C API, "Customize pymalloc Arena Allocator")."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "alloc", "free")]


def arena_allocator() -> tuple[int | None, ...]:
    found = Allocator()
    ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(found))
    return found.ctx, found.alloc, found.free


def plan() -> _fastsign.Plan:
    return _fastsign.Plan(_fastsign.Key(b"secret"), b"partner_id=1&sig=", b"a=1&nonce=")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_list_of_tokens_leaves_the_allocator_as_it_was(threads):
    before = arena_allocator()
    assert len(set(plan().strings(MANY, threads=threads))) == MANY
    assert arena_allocator() == before


def test_a_failure_leaves_the_allocator_as_it_was():
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


#: What an interpreter without a past does: its arenas have no room left of earlier tests.
COUNT_ARENAS = """
import ctypes, sys
from tests.tokens.test_arenas import Allocator, plan

def show(what):
    print(what, file=sys.stderr, flush=True)
    sys._debugmallocstats()

before, many = Allocator(), plan()
ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(before))
labs = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)
nothing = Allocator(None, labs, labs)  # whoever asks it gets what its context is: NULL
show("before")
if sys.argv[1] == "others":
    ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(nothing))
tokens = many.strings(100_000)
ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(before))
show("after")
assert len(set(tokens)) == 100_000
"""


@pytest.mark.skipif(
    "PYTHONMALLOC" in os.environ, reason="CPython's own allocator is not in use"
)
@pytest.mark.parametrize(
    ("whose", "more"),
    # What the program itself does meanwhile may take one or two.
    [("native", range(15, 30)), ("others", range(3))],
)
def test_an_allocator_of_others_is_asked_itself(whose, more):
    done = subprocess.run(
        [sys.executable, "-c", COUNT_ARENAS, whose],
        capture_output=True,
        text=True,
        check=True,
    )
    arenas = re.findall(r"# arenas allocated total += +([0-9,]+)", done.stderr)
    before, after = (int(number.replace(",", "")) for number in arenas)
    assert after - before in more
