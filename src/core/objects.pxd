# Declarations of objects.h.

from libc.stdint cimport int64_t

from text cimport fs_text
from tokbox._memory cimport PyObject

cdef extern from "core/objects.h":
    int64_t tokbox_timedelta_seconds(object delta)
    void tokbox_prefetch(const void *op) nogil
    bint tokbox_has_surrogate(object text)
    PyObject **tokbox_items(object values)
    int tokbox_ascii(PyObject *value, fs_text *text) nogil
    Py_ssize_t tokbox_copy_items(list values, Py_ssize_t first, Py_ssize_t n, PyObject **to)
    int tokbox_entropy(void *to, size_t len)

cdef extern from "Python.h":
    void Py_SET_SIZE(object op, Py_ssize_t size)
    void PyObject_GC_Track(object op)
    void PyObject_GC_UnTrack(object op)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    bint PyUnicode_IS_ASCII(object text)
    const void *PyUnicode_DATA(object text)
    long PyLong_AsLongAndOverflow(object value, int *overflow) except? -1
