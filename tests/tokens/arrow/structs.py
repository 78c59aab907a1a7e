"""Arrow structs made by hand, byte by byte, to be as wrong as a test wants them."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable

_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class ArrowSchema(ctypes.Structure):
    pass


class ArrowArray(ctypes.Structure):
    pass


class ArrowArrayStream(ctypes.Structure):
    pass


Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
GetLastError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))),
    ("dictionary", ctypes.POINTER(ArrowSchema)),
    ("release", Release),
    ("private_data", ctypes.c_void_p),
]
ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))),
    ("dictionary", ctypes.POINTER(ArrowArray)),
    ("release", Release),
    ("private_data", ctypes.c_void_p),
]
ArrowArrayStream._fields_ = [
    ("get_schema", GetNext),
    ("get_next", GetNext),
    ("get_last_error", GetLastError),
    ("release", Release),
    ("private_data", ctypes.c_void_p),
]


def of_capsule(capsule: object, name: bytes, kind: type) -> ctypes.Structure:
    """The struct in a capsule."""
    return kind.from_address(_pointer(capsule, name))


class Made:
    """An Arrow array of a *format* with these *buffers* and fields.

    A buffer is bytes, None, or the address of memory that is kept elsewhere.

    *children* and *dictionary* are others like it. `released` counts how often either of
    its structs was released.
    """

    def __init__(
        self,
        format_: bytes | None,
        length: int,
        buffers: Iterable[bytes | int | None],
        /,
        *,
        children: Iterable[Made | None] = (),
        dictionary: Made | None = None,
        **fields: int,
    ) -> None:
        self.released = 0
        self._parts = parts = list(children)
        self._buffers = [
            ctypes.create_string_buffer(b, len(b) + 1) if isinstance(b, bytes) else b
            for b in buffers
        ]
        self._places = (ctypes.c_void_p * max(1, len(self._buffers)))(
            *[
                b if b is None or isinstance(b, int) else ctypes.addressof(b)
                for b in self._buffers
            ]
        )
        self._release_schema = Release(lambda place: self._release(ArrowSchema, place))
        self._release_array = Release(lambda place: self._release(ArrowArray, place))

        def pointers(kind, structs):
            found = [ctypes.pointer(s) if s else ctypes.POINTER(kind)() for s in structs]
            return (ctypes.POINTER(kind) * max(1, len(found)))(*found)

        self.schema = ArrowSchema(format=format_, n_children=len(parts))
        self.schema.release = self._release_schema
        self.array = ArrowArray(
            length=length, n_buffers=len(self._buffers), n_children=len(parts)
        )
        self.array.release = self._release_array
        self.array.buffers = ctypes.cast(self._places, ctypes.POINTER(ctypes.c_void_p))
        if parts:
            self._schemas = pointers(ArrowSchema, [p and p.schema for p in parts])
            self._arrays = pointers(ArrowArray, [p and p.array for p in parts])
            self.schema.children = self._schemas
            self.array.children = self._arrays
        if dictionary is not None:
            self._dictionary = dictionary
            self.schema.dictionary = ctypes.pointer(dictionary.schema)
            self.array.dictionary = ctypes.pointer(dictionary.array)
        for name, value in fields.items():
            setattr(self.array, name, value)

    def _release(self, kind: type, place: int) -> None:
        kind.from_address(place).release = Release()
        self.released += 1

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return (
            _capsule(ctypes.addressof(self.schema), b"arrow_schema", None),
            _capsule(ctypes.addressof(self.array), b"arrow_array", None),
        )


class MadeStream:
    """A stream of *arrays* that are `Made`, or of error numbers instead."""

    def __init__(
        self, schema: Made | int | None, arrays: Iterable[Made | int] = ()
    ) -> None:
        self.released = 0
        rest = iter(arrays)

        def get_schema(_: int, place: int) -> int:
            if isinstance(schema, int):
                return schema
            if schema is not None:
                ctypes.memmove(
                    place, ctypes.addressof(schema.schema), ctypes.sizeof(ArrowSchema)
                )
            return 0

        def get_next(_: int, place: int) -> int:
            one = next(rest, None)
            if isinstance(one, int):
                return one
            if one is None:
                ctypes.memset(place, 0, ctypes.sizeof(ArrowArray))
            else:
                ctypes.memmove(
                    place, ctypes.addressof(one.array), ctypes.sizeof(ArrowArray)
                )
            return 0

        def release(place: int) -> None:
            ArrowArrayStream.from_address(place).release = Release()
            self.released += 1

        self.stream = ArrowArrayStream(
            GetNext(get_schema), GetNext(get_next), GetLastError(lambda _: None)
        )
        self.stream.release = Release(release)
        self._kept = (schema, arrays, get_schema, get_next, release)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return _capsule(ctypes.addressof(self.stream), b"arrow_array_stream", None)


def int32s(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)


def int64s(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def view(length: int, rest: bytes) -> bytes:
    """One string view: its length, and twelve bytes."""
    return struct.pack("<i12s", length, rest)
