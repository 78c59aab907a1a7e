# Turns of the GIL: others run while columns are copied, and memory is taken and freed. A part
# of _fastsign.pyx, which includes it.

# Items that are copied, or let go, in one go with the GIL held: about a millisecond. A list
# of no more is taken as it was at one moment.
cdef enum:
    PIECE = 131072

# Bytes of fresh memory that pages are asked for in one go, before signals are looked for.
cdef enum:
    PAGES = 1 << 24


cdef int _yield_gil(double *since) except -1:
    """Once the GIL was held for a turn, let others have it, and look for signals.

    To give it away and to take it at once is not enough: who waits for it has to wake up.
    """
    if fs_now() - since[0] < GIL_SECONDS:
        return 0
    with nogil:
        fs_pause()
    since[0] = fs_now()
    return PyErr_CheckSignals()


def copy_list(values) -> list | tuple:
    """The items of an iterable, where nobody else can change them."""
    cdef double since = fs_now()
    cdef list result
    if type(values) is tuple:
        return values
    if type(values) is list:
        return _copied(values)
    result = []
    items = iter(values)
    while piece := list(islice(items, PIECE)):
        result += piece
        _yield_gil(&since)
    return result


cdef list _copied(list values):
    """The items of a list, to which others may do meanwhile what they like."""
    cdef double since = fs_now()
    cdef Py_ssize_t n = len(values), done = 0, count
    cdef list result = PyList_New(n)
    cdef PyObject **items = (<PyListObject *>result).ob_item
    PyObject_GC_UnTrack(result)
    Py_SET_SIZE(result, 0)
    while done < n:
        count = min(n - done, PIECE)
        if n > PIECE:
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


cdef Memory _paged(Py_ssize_t nbytes):
    """Memory that will be written with the GIL held, with all of its pages if it is large:
    one that a host must first be asked for takes milliseconds."""
    cdef Memory memory = Memory(nbytes)
    cdef Py_ssize_t start = 0
    while memory.fresh and start < nbytes:
        with nogil:
            fs_prefault(memory.data + start, min(nbytes - start, PAGES))
        PyErr_CheckSignals()
        start += PAGES
    return memory


cdef object _checked(values):
    """What `copy_list` returned, and nothing else."""
    if type(values) is not list and type(values) is not tuple:
        raise TypeError("a column is a snapshot")
    return values


cdef inline object _item(values, Py_ssize_t i):
    return <object>PySequence_Fast_GET_ITEM(values, i)


def release_list(values) -> None:
    """Let go of what `copy_list` returned: its items in pieces, which others need not wait
    for."""
    if type(values) is list:
        _drop(values, PIECE, -1)


cdef int _drop(list items, Py_ssize_t piece, double most) except -1:
    """Let go of the last items, and of those before them, for so many seconds at most; -1:
    until there are none."""
    cdef double start = fs_now(), since = start
    while items and (most < 0 or fs_now() - start < most):
        del items[-piece:]
        _yield_gil(&since)
    return 0


def _drop_all(list items) -> None:
    _drop(items, ALLOCATE, -1)


cdef int _abandon(list strings, bint now) except -1:
    """Let go of strings that nobody will see. To free them takes half as long as to sign
    them: who pressed Ctrl-C need not wait for that, unless it is to be done *now*."""
    _drop(strings, ALLOCATE, -1 if now else SIGNAL_SECONDS)
    if strings:
        try:
            Thread(target=_drop_all, args=(strings,), name="tokbox: free memory").start()
        except RuntimeError:  # no more threads, or no more of this interpreter
            _drop_all(strings)
    return 0
