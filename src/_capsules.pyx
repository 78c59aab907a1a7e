# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Export buffers as Arrow arrays with the PyCapsule interface.

An `Array` describes its buffers; `schema_capsule`, `array_capsule` and `stream_capsule`
export it without copying. This module is independent of signing.

Every exported struct has one reference to its `Array` and drops it when it is released: by
the consumer, in any thread, or by the capsule if it was not imported. A child is a separate
struct, because a consumer may move it out of its parent.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid, PyCapsule_New
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.errno cimport ENOMEM
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

from arrow cimport (
    ARROW_FLAG_NULLABLE,
    ArrowArray,
    ArrowArrayStream,
    ArrowSchema,
    tokbox_add,
)


cdef extern from "Python.h":
    int Py_IsInitialized() nogil


@cython.final
cdef class Array:
    """*n* rows of an Arrow format, *nulls* of which are null.

    *buffers* are the buffers of the format's layout, in its order: objects with the buffer
    protocol, or None. *children* are arrays. The contents must not change.
    """

    cdef bytes format
    cdef bytes name
    cdef int64_t n
    cdef int64_t nulls
    cdef tuple children
    cdef Py_ssize_t n_buffers
    cdef Py_buffer *views       # of the buffers, released with this object
    cdef const void **buffers

    def __cinit__(self, str format not None, str name not None, int64_t n, int64_t nulls,
                  tuple buffers not None, tuple children=()):
        cdef Py_ssize_t i
        cdef Array child
        for child in children:
            if child is None:
                raise TypeError("a child must be an Array")
        self.format = format.encode()
        self.name = name.encode()
        self.n = n
        self.nulls = nulls
        self.children = children
        self.views = <Py_buffer *>calloc(len(buffers) + 1, sizeof(Py_buffer))
        self.buffers = <const void **>calloc(len(buffers) + 1, sizeof(void *))
        if self.views == NULL or self.buffers == NULL:
            raise MemoryError
        self.n_buffers = len(buffers)
        for i in range(self.n_buffers):
            if buffers[i] is not None:
                PyObject_GetBuffer(buffers[i], &self.views[i], PyBUF_SIMPLE)
                self.buffers[i] = self.views[i].buf

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.n_buffers):
            PyBuffer_Release(&self.views[i])
        free(self.views)
        free(self.buffers)


def exported_structs() -> int:
    """Return the number of structs that are exported and not released yet, for tests."""
    return tokbox_add(&_exported, 0)


def schema_capsule(Array array not None):
    """Return a capsule with the schema of *array*."""
    cdef ArrowSchema *schema = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
    if schema == NULL:
        raise MemoryError
    # Once the capsule exists, it owns the struct. A zeroed struct needs no release.
    try:
        capsule = PyCapsule_New(schema, "arrow_schema", _free_schema)
    except BaseException:
        free(schema)
        raise
    if _fill_schema(schema, array):
        raise MemoryError
    return capsule


def array_capsule(Array array not None):
    """Return a capsule with *array*."""
    cdef ArrowArray *struct = <ArrowArray *>calloc(1, sizeof(ArrowArray))
    if struct == NULL:
        raise MemoryError
    try:
        capsule = PyCapsule_New(struct, "arrow_array", _free_array)
    except BaseException:
        free(struct)
        raise
    if _fill_array(struct, array):
        raise MemoryError
    return capsule


def stream_capsule(Array array not None):
    """Return a capsule with a stream that contains only *array*."""
    cdef ArrowArrayStream *stream = <ArrowArrayStream *>calloc(1, sizeof(ArrowArrayStream))
    if stream == NULL:
        raise MemoryError
    try:
        capsule = PyCapsule_New(stream, "arrow_array_stream", _free_stream)
    except BaseException:
        free(stream)
        raise
    if _fill_stream(stream, array):
        raise MemoryError
    return capsule


def requested_format(requested_schema) -> str | None:
    """Return the format that a consumer requests, or None."""
    cdef ArrowSchema *schema
    if requested_schema is None:
        return None
    if not PyCapsule_IsValid(requested_schema, "arrow_schema"):
        raise TypeError("requested_schema must be a capsule named arrow_schema, or None")
    schema = <ArrowSchema *>PyCapsule_GetPointer(requested_schema, "arrow_schema")
    if schema.release == NULL or schema.format == NULL or schema.dictionary != NULL:
        return None
    return schema.format.decode("utf-8", "replace")


### Destructors of capsules: release the struct unless a consumer imported it ###

cdef void _free_schema(object capsule) noexcept:
    cdef ArrowSchema *schema = <ArrowSchema *>PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)


cdef void _free_array(object capsule) noexcept:
    cdef ArrowArray *array = <ArrowArray *>PyCapsule_GetPointer(capsule, "arrow_array")
    if array.release != NULL:
        array.release(array)
    free(array)


cdef void _free_stream(object capsule) noexcept:
    cdef ArrowArrayStream *stream = <ArrowArrayStream *>PyCapsule_GetPointer(
        capsule, "arrow_array_stream"
    )
    if stream.release != NULL:
        stream.release(stream)
    free(stream)


### Structs ###

cdef int64_t _exported = 0


cdef void *_new_reference(Array array) noexcept:
    """Return a new reference to *array* for a struct."""
    Py_INCREF(array)
    tokbox_add(&_exported, 1)
    return <void *>array


cdef void _drop_reference(void *array) noexcept nogil:
    tokbox_add(&_exported, -1)
    # A consumer may outlive the interpreter, which has freed all objects.
    if Py_IsInitialized():
        with gil:
            Py_XDECREF(<PyObject *>array)


cdef int _fill_schema(ArrowSchema *schema, Array array) noexcept:
    """Fill a zeroed struct. Returns -1 if memory is exhausted. The caller can release the
    struct in either case."""
    cdef Py_ssize_t i, count = len(array.children)
    schema.private_data = _new_reference(array)
    schema.release = _release_schema
    schema.format = array.format
    schema.name = array.name
    schema.flags = ARROW_FLAG_NULLABLE
    if count:
        schema.children = <ArrowSchema **>calloc(count, sizeof(ArrowSchema *))
        if schema.children == NULL:
            return -1
    for i in range(count):
        schema.children[i] = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
        if schema.children[i] == NULL:
            return -1
        schema.n_children = i + 1
        if _fill_schema(schema.children[i], <Array>array.children[i]):
            return -1
    return 0


cdef int _fill_array(ArrowArray *struct, Array array) noexcept:
    """Like `_fill_schema`, for an array."""
    cdef Py_ssize_t i, count = len(array.children)
    struct.private_data = _new_reference(array)
    struct.release = _release_array
    struct.length = array.n
    struct.null_count = array.nulls
    struct.n_buffers = array.n_buffers
    struct.buffers = array.buffers
    if count:
        struct.children = <ArrowArray **>calloc(count, sizeof(ArrowArray *))
        if struct.children == NULL:
            return -1
    for i in range(count):
        struct.children[i] = <ArrowArray *>calloc(1, sizeof(ArrowArray))
        if struct.children[i] == NULL:
            return -1
        struct.n_children = i + 1
        if _fill_array(struct.children[i], <Array>array.children[i]):
            return -1
    return 0


cdef void _release_schema(ArrowSchema *schema) noexcept nogil:
    cdef int64_t i
    for i in range(schema.n_children):
        if schema.children[i].release != NULL:
            schema.children[i].release(schema.children[i])
        free(schema.children[i])
    free(schema.children)
    schema.release = NULL
    _drop_reference(schema.private_data)


cdef void _release_array(ArrowArray *array) noexcept nogil:
    cdef int64_t i
    for i in range(array.n_children):
        if array.children[i].release != NULL:
            array.children[i].release(array.children[i])
        free(array.children[i])
    free(array.children)
    array.release = NULL
    _drop_reference(array.private_data)


### A stream of one array ###

cdef struct Source:
    void *array         # a reference
    bint at_end


cdef int _fill_stream(ArrowArrayStream *stream, Array array) noexcept:
    cdef Source *source = <Source *>calloc(1, sizeof(Source))
    if source == NULL:
        return -1
    source.array = _new_reference(array)
    stream.private_data = source
    stream.get_schema = _get_schema
    stream.get_next = _get_next
    stream.get_last_error = _get_last_error
    stream.release = _release_stream
    return 0


cdef int _get_schema(ArrowArrayStream *stream, ArrowSchema *schema) noexcept with gil:
    schema[0] = ArrowSchema(NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL)
    if _fill_schema(schema, <Array>(<Source *>stream.private_data).array):
        schema.release(schema)
        return ENOMEM
    return 0


cdef int _get_next(ArrowArrayStream *stream, ArrowArray *array) noexcept with gil:
    cdef Source *source = <Source *>stream.private_data
    array[0] = ArrowArray(0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL)
    if source.at_end:
        return 0
    if _fill_array(array, <Array>source.array):
        array.release(array)
        return ENOMEM
    source.at_end = True
    return 0


cdef const char *_get_last_error(ArrowArrayStream *stream) noexcept nogil:
    """Return NULL: the only possible error is ENOMEM, which needs no message."""
    return NULL


cdef void _release_stream(ArrowArrayStream *stream) noexcept nogil:
    cdef Source *source = <Source *>stream.private_data
    stream.release = NULL
    _drop_reference(source.array)
    free(source)
