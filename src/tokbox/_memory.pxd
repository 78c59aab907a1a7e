# Declarations of _memory.pyx for the other extensions; see there for documentation.

from libc.stdint cimport int64_t, uint8_t

from text cimport fs_text

cdef extern from "Python.h":
    """
    /* The characters of a compact ASCII string follow its header. */
    #define tokbox_text(string) ((uint8_t *)((PyASCIIObject *)(string) + 1))
    """
    ctypedef struct PyObject:
        pass
    ctypedef struct PyListObject:
        PyObject **ob_item
    PyObject *PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar) except NULL
    uint8_t *tokbox_text(PyObject *string) nogil
    list PyList_New(Py_ssize_t n)
    void Py_DECREF(PyObject *op)


cdef inline object owned(PyObject *text):
    """Convert a new reference from C to a Python object."""
    result = <object>text
    Py_DECREF(text)
    return result


cdef class MemoryPool:
    cdef void *spare


cdef class Memory:
    cdef uint8_t *block
    cdef uint8_t *data
    cdef readonly Py_ssize_t nbytes
    cdef bint fresh     # large, and never written to
    cdef MemoryPool pool
    cdef PyObject *_string(self, Memory offsets, Py_ssize_t row) except NULL
    cdef int _check(self, Py_ssize_t start, Py_ssize_t stride, Py_ssize_t length,
                    Py_ssize_t n) except -1


cdef class StringSlice:
    cdef Memory memory
    cdef Memory offsets
    cdef Py_ssize_t length
    cdef Py_ssize_t first
    cdef readonly Py_ssize_t n


cdef class StringColumn:
    cdef Memory memory
    cdef fs_text *texts
    cdef readonly Py_ssize_t n
    cdef list owners
    cdef object item(self, Py_ssize_t i)


# Items *start* to *end* - 1 of a sequence in *owners*; NULL if the row has no list.
cdef struct ListRow:
    PyObject *items
    int64_t start
    int64_t end


cdef class ListColumn:
    cdef Memory memory
    cdef ListRow *rows
    cdef readonly Py_ssize_t n
    cdef list owners
    cdef Py_ssize_t join(self, Py_ssize_t i, uint8_t *to, size_t room)


cdef class IntColumn:
    cdef Memory memory
    cdef Memory absence
    cdef int64_t *numbers
    cdef uint8_t *absent
    cdef bint unsigned
    cdef readonly Py_ssize_t n
