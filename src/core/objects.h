/* Access to Python objects for which Cython has no fast form. */
#ifndef TOKBOX_OBJECTS_H
#define TOKBOX_OBJECTS_H

#include <Python.h>
#include <datetime.h>
#include <stdint.h>

#include "text.h"

/* Return the seconds of a timedelta, or -1 if it has a fraction. The macros do not need
 * the datetime module, so PyDateTimeAPI is not initialised. */
static inline int64_t tokbox_timedelta_seconds(PyObject *delta) {
    (void)PyDateTimeAPI;
    if (PyDateTime_DELTA_GET_MICROSECONDS(delta)) return -1;
    return PyDateTime_DELTA_GET_DAYS(delta) * INT64_C(86400) +
           PyDateTime_DELTA_GET_SECONDS(delta);
}

/* Prefetch the header of an object. */
#if defined(__GNUC__)
#define tokbox_prefetch(op) __builtin_prefetch(op)
#else
#define tokbox_prefetch(op) ((void)(op))
#endif

/* Return 1 if UTF-8 cannot encode a str. The loops have no branches, so compilers can
 * vectorise them. */
static inline int tokbox_has_surrogate(PyObject *text) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), i;
    int found = 0;
    if (PyUnicode_KIND(text) == PyUnicode_2BYTE_KIND) {
        const Py_UCS2 *at = PyUnicode_2BYTE_DATA(text);
        for (i = 0; i < n; i++) found |= (at[i] & 0xf800) == 0xd800;
    } else if (PyUnicode_KIND(text) == PyUnicode_4BYTE_KIND) {
        const Py_UCS4 *at = PyUnicode_4BYTE_DATA(text);
        for (i = 0; i < n; i++) found |= (at[i] & 0xfffff800) == 0xd800;
    }
    return found;
}

#define tokbox_items(values) PySequence_Fast_ITEMS(values)

/* Return 1 for None and for an ASCII str, and set the text. Does not need the GIL,
 * because these objects are immutable and the caller has a reference. */
static inline int tokbox_ascii(PyObject *value, fs_text *text) {
    text->data = NULL;
    text->len = 0;
    if (value == Py_None) return 1;
    if (!PyUnicode_CheckExact(value) || !PyUnicode_IS_COMPACT_ASCII(value)) return 0;
    text->data = (const uint8_t *)((PyASCIIObject *)value + 1);
    text->len = (size_t)PyUnicode_GET_LENGTH(value);
    return 1;
}

#ifndef Py_BEGIN_CRITICAL_SECTION /* before 3.13, where the GIL is held */
#define Py_BEGIN_CRITICAL_SECTION(op) {
#define Py_END_CRITICAL_SECTION() }
#endif

/* Copy up to n items of a list from index `first` on, with new references. Returns
 * their number. */
static inline Py_ssize_t tokbox_copy_items(PyObject *list, Py_ssize_t first, Py_ssize_t n,
                                           PyObject **to) {
    Py_ssize_t i = 0;
    Py_BEGIN_CRITICAL_SECTION(list);
    PyObject **items = ((PyListObject *)list)->ob_item + first;
    if (n > PyList_GET_SIZE(list) - first) n = PyList_GET_SIZE(list) - first;
    for (; i < n; i++) {
        if (n - i > 16) tokbox_prefetch(items[i + 16]);
        Py_INCREF(items[i]);
        to[i] = items[i];
    }
    Py_END_CRITICAL_SECTION();
    return i;
}

/* Fill a buffer from the system's random source, without the overhead of Python. -1 if
 * the platform has no getentropy; the caller then uses os.urandom. */
#if defined(__APPLE__)
#include <sys/random.h>
#define tokbox_entropy(to, len) getentropy(to, len)
#elif defined(__GLIBC__) || defined(__OpenBSD__)
#include <unistd.h>
#define tokbox_entropy(to, len) getentropy(to, len)
#else
#define tokbox_entropy(to, len) (-1)
#endif

#endif
