"""Batches of tokens as Arrow arrays of others."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import threading

import pytest

import tokbox
from tests.support.batches import KEY, SECRET, SESSION
from tests.tokens.arrow.structs import (
    ArrowArray,
    ArrowArrayStream,
    ArrowSchema,
    Made,
    of_capsule,
)
from tokbox import _capsules, _memory
from tokbox._capsules import (
    Array,
    array_capsule,
    exported_structs,
    schema_capsule,
    stream_capsule,
)
from tokbox.tokens.signer import Signer

pa = pytest.importorskip("pyarrow")


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


@pytest.fixture
def alike(signer):
    return signer.session(SESSION).token_batch(20)


@pytest.fixture
def different(signer):
    """Rows of many lengths, some of them missing."""
    data = ["x" * i if i % 4 != 1 else "\0" for i in range(20)]
    return signer.sign_rows(SESSION, connection_data=data, errors="null")


CUTS = [
    slice(None), slice(1, None), slice(3, -2), slice(5, 6), slice(0, 0), slice(20, None),
    slice(None, None, 2), slice(None, None, -1), slice(15, 3, -3), slice(0, None, -1),
]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("kind", ["alike", "different"])
def test_a_batch_is_an_array_of_its_tokens(kind, cut, request):
    batch = request.getfixturevalue(kind)[cut]
    for array in (pa.array(batch), *pa.chunked_array(batch).chunks):
        array.validate(full=True)
        assert array.type == pa.large_string()
        assert array.to_pylist() == batch.tolist()
        assert array.null_count == batch.tolist().count(None)
    assert pa.field(batch).type == pa.large_string()


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("kind", ["alike", "different"])
@pytest.mark.parametrize(
    "type_", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()], ids=str
)
def test_the_requested_type_is_returned(kind, cut, type_, request):
    batch = request.getfixturevalue(kind)[cut]
    schema, array = batch.__arrow_c_array__(type_.__arrow_c_schema__())
    found = pa.Array._import_from_c_capsule(schema, array)
    found.validate(full=True)
    assert found.type == type_
    assert found.cast(pa.large_string()).to_pylist() == batch.tolist()
    stream = batch.__arrow_c_stream__(type_.__arrow_c_schema__())
    assert pa.ChunkedArray._import_from_c_capsule(stream).chunk(0).equals(found)


@pytest.mark.parametrize(
    "type_", [pa.int32(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str
)
def test_a_type_that_cannot_be_had_leaves_it_as_it_is(alike, type_):
    schema, array = alike.__arrow_c_array__(type_.__arrow_c_schema__())
    assert pa.Array._import_from_c_capsule(schema, array).type == pa.large_string()


@pytest.mark.parametrize("format_", [b"", b"UZ", b"Zu", b"uz", b"UZuz", b"u ", b"\xff"])
def test_a_format_that_does_not_exist_leaves_it_as_it_is(alike, format_):
    asked, _ = Made(format_, 0, []).__arrow_c_array__()
    schema, array = alike.__arrow_c_array__(asked)
    assert pa.Array._import_from_c_capsule(schema, array).type == pa.large_string()


def test_the_requested_type_must_be_a_schema(alike):
    for odd in ("large_utf8", 5, alike.__arrow_c_stream__()):
        with pytest.raises(TypeError, match="requested_schema"):
            alike.__arrow_c_array__(odd)
        with pytest.raises(TypeError, match="requested_schema"):
            alike.__arrow_c_stream__(odd)


def test_text_is_not_copied(alike, different):
    start = _memory.address(alike._memory)
    assert pa.array(alike).buffers()[2].address == start
    assert pa.array(alike[3:7]).buffers()[2].address == start + 3 * alike.token_length
    array = pa.array(different[4:])
    assert array.buffers()[2].address == _memory.address(different._memory)
    assert array.buffers()[1].address == _memory.address(different._offsets) + 4 * 8


def test_memory_that_an_array_looks_at_is_not_used_again(signer):
    pool = tokbox.types.MemoryPool()
    session = signer.session(SESSION)
    batch = session.token_batch(100, memory_pool=pool)
    first, tokens = _memory.address(batch._memory), batch.tolist()
    array = pa.array(batch)
    del batch
    other = session.token_batch(100, memory_pool=pool)
    assert _memory.address(other._memory) != first
    assert array.to_pylist() == tokens
    del other
    del array
    assert _memory.address(session.token_batch(100, memory_pool=pool)._memory) == first


### Everything comes back ###


def table():
    item = Array("U", "item", 3, 0, (None, b"\0" * 32, b""))
    columns = (
        Array("+L", "lists", 2, 0, (None, bytes(24)), (item,)),
        Array("l", "n", 2, 0, (None, bytes(16))),
    )
    return Array("+s", "", 2, 0, (None,), columns)  # fmt: skip


def test_unused_capsules_release_their_structs(alike):
    for make in (
        alike.__arrow_c_schema__, alike.__arrow_c_array__, alike.__arrow_c_stream__,
        lambda: schema_capsule(table()), lambda: array_capsule(table()), lambda: stream_capsule(table()),
    ):  # fmt: skip
        capsule = make()
        assert exported_structs() > 0
        del capsule
        assert exported_structs() == 0


def test_imported_structs_are_freed_on_release(alike):
    arrays = [pa.array(alike), pa.chunked_array(alike), pa.array(alike[2:])]
    assert exported_structs() > 0
    arrays.clear()
    assert exported_structs() == 0


def test_a_child_may_be_taken_out_of_its_parent():
    capsule = array_capsule(table())
    parent = of_capsule(capsule, b"arrow_array", ArrowArray)
    assert exported_structs() == 4
    child = ArrowArray.from_buffer_copy(parent.children[0].contents)
    parent.children[0].contents.release = type(parent.release)()
    del capsule
    assert exported_structs() == 2
    assert child.n_children == 1
    child.release(ctypes.addressof(child))
    assert not child.release
    assert exported_structs() == 0


def test_structs_are_released_once(alike):
    capsules = [*alike.__arrow_c_array__(), alike.__arrow_c_stream__()]
    names = [b"arrow_schema", b"arrow_array", b"arrow_array_stream"]
    kinds = [ArrowSchema, ArrowArray, ArrowArrayStream]
    for capsule, name, kind in zip(capsules, names, kinds, strict=True):
        struct = of_capsule(capsule, name, kind)
        struct.release(ctypes.addressof(struct))
        assert not struct.release
    assert exported_structs() == 0
    capsules.clear()
    assert exported_structs() == 0


def test_a_stream_ends_after_its_array(alike):
    capsule = alike.__arrow_c_stream__()
    stream = of_capsule(capsule, b"arrow_array_stream", ArrowArrayStream)
    place = ctypes.addressof(stream)
    for expected in (20, None, None):
        array = ArrowArray()
        assert stream.get_next(place, ctypes.addressof(array)) == 0
        assert (array.length if array.release else None) == expected
        if array.release:
            array.release(ctypes.addressof(array))
    assert not stream.get_last_error(place)
    del capsule
    assert exported_structs() == 0


def test_structs_can_be_released_in_any_thread(signer):
    session = signer.session(SESSION)
    batches = [pa.array(session.token_batch(10)) for _ in range(200)]
    assert exported_structs() == 200

    def let_go():
        while batches:
            try:
                batches.pop()
            except IndexError:
                return

    threads = [threading.Thread(target=let_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert exported_structs() == 0


def test_arrays_may_outlive_the_interpreter():
    """The consumer's last buffers are released although no Python object is left."""
    program = f"""
import pyarrow
from tokbox.tokens.signer import Signer
import builtins
builtins.kept = pyarrow.array(Signer({KEY!r}, "secret").session({SESSION!r}).token_batch(9))
builtins.also = Signer({KEY!r}, "secret").session({SESSION!r}).token_batch(9).__arrow_c_stream__()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_array_refuses_invalid_parts():
    with pytest.raises(TypeError):
        Array("U", "", 0, 0, (None, "text", b""))
    with pytest.raises(TypeError):
        Array("+s", "", 0, 0, (None,), (None,))
    with pytest.raises(TypeError):
        Array("+s", "", 0, 0, (None,), ("column",))
    assert _capsules.exported_structs() == 0


def test_offsets_guard_their_memory():
    offsets = _memory.fixed_offsets(3, 2**30)
    assert memoryview(offsets).cast("q").tolist() == [0, 2**30, 2**31, 3 * 2**30]
    assert memoryview(_memory.to_int32_offsets(offsets, 1, 1)).cast("i").tolist() == [
        0,
        2**30,
    ]
    with pytest.raises(OverflowError, match="32-bit"):
        _memory.to_int32_offsets(offsets, 0, 2)
    assert _memory.validity(offsets, 0, 3)[0] == 0
    for guarded in (_memory.to_int32_offsets, _memory.validity):
        for first, n in ((0, 4), (1, 3), (-1, 1), (0, -1), (4, 0), (2**62, 2**62)):
            with pytest.raises(IndexError):
                guarded(offsets, first, n)
