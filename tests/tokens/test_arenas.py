"""While many strings are made, CPython's arenas are asked for in our way; and then no more."""

from __future__ import annotations

import ctypes
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
