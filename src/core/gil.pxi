# Yield the GIL periodically while columns are copied and memory is allocated and freed.
# Included by _fastsign.pyx.

# Items that are copied or released without yielding the GIL: about a millisecond. The copy
# of a list of at most this length is atomic.
cdef enum:
    YIELD_ITEMS = 131072

# Bytes of fresh memory that are prefaulted between two checks for signals.
cdef enum:
    PREFAULT_BYTES = 1 << 24


cdef int _yield_gil(double *since) except -1:
    """If the GIL was held for `GIL_SECONDS`, yield it and check for signals.

    Releasing and reacquiring it at once is not sufficient: a waiting thread needs time to
    wake up.
    """
    if fs_now() - since[0] < GIL_SECONDS:
        return 0
    with nogil:
        fs_pause()
    since[0] = fs_now()
    return PyErr_CheckSignals()


def copy_list(values) -> list | tuple:
    """Copy the items of an iterable, so that other threads cannot change them.

    A tuple is returned unchanged. Yields the GIL periodically.
    """
    cdef double since = fs_now()
    cdef list result
    if type(values) is tuple:
        return values
    if type(values) is list:
        return _copy_of_list(values)
    result = []
    items = iter(values)
    while piece := list(islice(items, YIELD_ITEMS)):
        result += piece
        _yield_gil(&since)
    return result


cdef list _copy_of_list(list values):
    """Copy a list, which other threads may change meanwhile."""
    cdef double since = fs_now()
    cdef Py_ssize_t n = len(values), done = 0, count
    cdef list result = PyList_New(n)
    cdef PyObject **items = (<PyListObject *>result).ob_item
    PyObject_GC_UnTrack(result)
    Py_SET_SIZE(result, 0)
    while done < n:
        count = min(n - done, YIELD_ITEMS)
        if n > YIELD_ITEMS:
            with nogil:
                fs_prefault(items + done, count * sizeof(PyObject *))
        count = tokbox_copy_items(values, done, count, items + done)
        if count <= 0:
            break
        done += count
        Py_SET_SIZE(result, done)
        _yield_gil(&since)
    PyObject_GC_Track(result)
    return result


cdef Memory _prefaulted(Py_ssize_t nbytes):
    """Allocate memory that is written with the GIL held. Large memory is prefaulted without
    the GIL: a page that the system must request from its host takes milliseconds."""
    cdef Memory memory = Memory(nbytes)
    cdef Py_ssize_t start = 0
    while memory.fresh and start < nbytes:
        with nogil:
            fs_prefault(memory.data + start, min(nbytes - start, PREFAULT_BYTES))
        PyErr_CheckSignals()
        start += PREFAULT_BYTES
    return memory


cdef object _check_copied(values):
    """Raise TypeError unless *values* can be a result of `copy_list`."""
    if type(values) is not list and type(values) is not tuple:
        raise TypeError("a column must be a list or tuple of copy_list()")
    return values


cdef inline object _item(values, Py_ssize_t i):
    return <object>PySequence_Fast_GET_ITEM(values, i)


def release_list(values) -> None:
    """Release the items of a list from `copy_list`. Yields the GIL periodically."""
    if type(values) is list:
        _delete_items(values, YIELD_ITEMS, -1)


cdef int _delete_items(list items, Py_ssize_t piece, double most) except -1:
    """Delete items from the end, *piece* at a time, for at most *most* seconds; -1: delete
    all items."""
    cdef double start = fs_now(), since = start
    while items and (most < 0 or fs_now() - start < most):
        del items[-piece:]
        _yield_gil(&since)
    return 0


def _delete_all(list items) -> None:
    _delete_items(items, ALLOCATE_STRINGS, -1)


cdef int _free_strings(list strings, bint now) except -1:
    """Free the strings of a failed call. This takes half as long as signing them, so after
    `SIGNAL_SECONDS` a thread frees the rest and Ctrl-C returns quickly. With *now*, free
    all of them here."""
    _delete_items(strings, ALLOCATE_STRINGS, -1 if now else SIGNAL_SECONDS)
    if strings:
        try:
            Thread(target=_delete_all, args=(strings,), name="tokbox: free memory").start()
        except RuntimeError:  # too many threads, or the interpreter shuts down
            _delete_all(strings)
    return 0
