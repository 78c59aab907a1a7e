# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Arrow arrays as Python values, by the PyCapsule interface.

It takes any object with ``__arrow_c_array__`` or ``__arrow_c_stream__`` (pyarrow, polars,
nanoarrow, DuckDB ...) and needs none of them. It knows nothing of signing. The structs
are those of the Arrow C data and stream interfaces:
https://arrow.apache.org/docs/format/CDataInterface.html
"""

cimport cython
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport (
    int8_t,
    int16_t,
    int32_t,
    int64_t,
    uint8_t,
    uint16_t,
    uint32_t,
    uint64_t,
)
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    #include <stdint.h>
    struct ArrowSchema {
        const char *format, *name, *metadata;
        int64_t flags, n_children;
        struct ArrowSchema **children, *dictionary;
        void (*release)(struct ArrowSchema *);
        void *private_data;
    };
    struct ArrowArray {
        int64_t length, null_count, offset, n_buffers, n_children;
        const void **buffers;
        struct ArrowArray **children, *dictionary;
        void (*release)(struct ArrowArray *);
        void *private_data;
    };
    struct ArrowArrayStream {
        int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
        int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
        const char *(*get_last_error)(struct ArrowArrayStream *);
        void (*release)(struct ArrowArrayStream *);
        void *private_data;
    };
    """
    cdef struct ArrowSchema:
        const char *format
        int64_t n_children
        ArrowSchema **children
        ArrowSchema *dictionary
        void (*release)(ArrowSchema *) noexcept
    cdef struct ArrowArray:
        int64_t length
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void **buffers
        ArrowArray **children
        ArrowArray *dictionary
        void (*release)(ArrowArray *) noexcept
    cdef struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream *, ArrowSchema *) noexcept
        int (*get_next)(ArrowArrayStream *, ArrowArray *) noexcept
        const char *(*get_last_error)(ArrowArrayStream *) noexcept


def is_arrow(value) -> bool:
    """Whether *value* can be read by `to_list`."""
    return hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__")


def to_list(value) -> list:
    """The values of an Arrow array, or of all chunks of a stream, as Python values.

    Strings become str (bytes that are no UTF-8, lone surrogates), integers int, lists
    list, nulls None; dictionaries are looked up. TypeError for any other type.
    """
    if hasattr(value, "__arrow_c_array__"):
        return _from_array(value)
    return _from_stream(value)


cdef list _from_array(value):
    schema_capsule, array_capsule = value.__arrow_c_array__()
    # The capsules release what they hold when they are freed.
    cdef ArrowSchema *schema = <ArrowSchema *>PyCapsule_GetPointer(schema_capsule, "arrow_schema")
    cdef ArrowArray *array = <ArrowArray *>PyCapsule_GetPointer(array_capsule, "arrow_array")
    if schema.release == NULL or array.release == NULL:
        raise ValueError("this Arrow array was already taken")
    return _values(schema, array, array.offset, array.length)


cdef list _from_stream(value):
    capsule = value.__arrow_c_stream__()
    cdef ArrowArrayStream *stream = <ArrowArrayStream *>PyCapsule_GetPointer(
        capsule, "arrow_array_stream"
    )
    cdef ArrowSchema schema
    cdef ArrowArray array
    cdef list found = []
    memset(&schema, 0, sizeof(schema))
    if stream.get_schema(stream, &schema):
        _raise_last(stream)
    try:
        while True:
            memset(&array, 0, sizeof(array))
            if stream.get_next(stream, &array):
                _raise_last(stream)
            if array.release == NULL:
                return found
            try:
                found += _values(&schema, &array, array.offset, array.length)
            finally:
                array.release(&array)
    finally:
        if schema.release != NULL:
            schema.release(&schema)


cdef int _raise_last(ArrowArrayStream *stream) except -1:
    cdef const char *text = stream.get_last_error(stream)
    raise ValueError("Arrow stream: " + ("?" if text == NULL else text.decode("utf-8", "replace")))


cdef bint _is_null(ArrowArray *array, int64_t i) noexcept:
    cdef const uint8_t *valid
    if array.n_buffers == 0 or array.buffers[0] == NULL:
        return False
    valid = <const uint8_t *>array.buffers[0]
    return not (valid[i >> 3] >> (i & 7)) & 1


cdef object _text(const void *data, int64_t start, int64_t length):
    if length < 0:
        raise ValueError("the offsets of this Arrow array are damaged")
    return PyUnicode_DecodeUTF8(<const char *>data + start, length, "surrogateescape")


cdef object _view(ArrowArray *array, int64_t i):
    """A value of a string view: up to 12 bytes stand in place, longer ones elsewhere."""
    cdef const uint8_t *view = <const uint8_t *>array.buffers[1] + 16 * i
    cdef int32_t length, buffer, start
    memcpy(&length, view, 4)
    if length <= 12:
        return _text(view, 4, length)
    memcpy(&buffer, view + 8, 4)
    memcpy(&start, view + 12, 4)
    if buffer < 0 or buffer + 3 >= array.n_buffers:
        raise ValueError("the views of this Arrow array are damaged")
    return _text(array.buffers[2 + buffer], start, length)


cdef list _values(ArrowSchema *schema, ArrowArray *array, int64_t first, int64_t count):
    """Values *first* ... of an array, counted without its offset."""
    cdef bytes form = schema.format
    cdef list found = [None] * count
    cdef list chosen = None
    cdef int64_t i, at
    cdef const void *data
    if schema.dictionary != NULL:
        chosen = _values(schema.dictionary, array.dictionary,
                         array.dictionary.offset, array.dictionary.length)
    if form == b"n":
        return found
    if form == b"vu":
        for i in range(count):
            if not _is_null(array, first + i):
                found[i] = _view(array, first + i)
        return found
    if form not in (b"u", b"U", b"+l", b"+L", b"c", b"C", b"s", b"S", b"i", b"I", b"l", b"L"):
        raise TypeError(f"Arrow arrays of format {form.decode('ascii', 'replace')!r} are not "
                        "read; strings, integers and lists are")
    data = array.buffers[1]
    for i in range(count):
        at = first + i
        if _is_null(array, at):
            continue
        if form == b"u":
            found[i] = _text(array.buffers[2], (<const int32_t *>data)[at],
                             (<const int32_t *>data)[at + 1] - (<const int32_t *>data)[at])
        elif form == b"U":
            found[i] = _text(array.buffers[2], (<const int64_t *>data)[at],
                             (<const int64_t *>data)[at + 1] - (<const int64_t *>data)[at])
        elif form == b"+l":
            found[i] = _child(schema, array, (<const int32_t *>data)[at],
                              (<const int32_t *>data)[at + 1])
        elif form == b"+L":
            found[i] = _child(schema, array, (<const int64_t *>data)[at],
                              (<const int64_t *>data)[at + 1])
        else:
            found[i] = _integer(form, data, at)
            if chosen is not None:
                found[i] = chosen[found[i]]
    return found


cdef list _child(ArrowSchema *schema, ArrowArray *array, int64_t first, int64_t end):
    cdef ArrowArray *child = array.children[0]
    if not 0 <= first <= end <= child.length:
        raise ValueError("the offsets of this Arrow array are damaged")
    return _values(schema.children[0], child, child.offset + first, end - first)


cdef object _integer(bytes form, const void *data, int64_t i):
    if form == b"l":
        return (<const int64_t *>data)[i]
    if form == b"L":
        return (<const uint64_t *>data)[i]
    if form == b"i":
        return (<const int32_t *>data)[i]
    if form == b"I":
        return (<const uint32_t *>data)[i]
    if form == b"s":
        return (<const int16_t *>data)[i]
    if form == b"S":
        return (<const uint16_t *>data)[i]
    if form == b"c":
        return (<const int8_t *>data)[i]
    return (<const uint8_t *>data)[i]
