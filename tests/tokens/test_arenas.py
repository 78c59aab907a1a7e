"""While many strings are made, CPython's arenas are asked for in our way; and then no more."""

from __future__ import annotations

import ctypes
import os
import re
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


def arenas_so_far(capfd) -> int:
    """How many arenas CPython has asked for since it began."""
    capfd.readouterr()
    sys._debugmallocstats()
    (found,) = re.findall(r"# arenas allocated total += +([0-9,]+)", capfd.readouterr().err)
    return int(found.replace(",", ""))


@pytest.mark.skipif(
    "PYTHONMALLOC" in os.environ, reason="CPython's own allocator is not in use"
)
@pytest.mark.parametrize("native", [True, False])
def test_an_allocator_of_others_is_asked_itself(native, capfd):
    kept = [plan().strings(MANY)]  # nothing is free in the arenas that are there
    before, so_far = Allocator(), arenas_so_far(capfd)
    ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(before))
    labs = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)
    nothing = Allocator(None, labs, labs)  # whoever asks it gets what its context is: NULL
    try:
        if not native:
            ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(nothing))
        kept.append(plan().strings(MANY))
    finally:
        ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(before))
    assert len(set(kept[1])) == MANY
    assert (arenas_so_far(capfd) > so_far + 2) == native  # one or two are the test's own
