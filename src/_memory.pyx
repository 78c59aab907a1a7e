# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Memory for batches, and columns of strings, integers and lists.

This module is independent of signing and of Arrow. _fastsign writes tokens to `Memory`;
_arrow converts caller-owned arrays to columns, which _fastsign reads.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_RECORDS_RO,
    PyBUF_SIMPLE,
    PyBuffer_FillInfo,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy, memset

import os

cdef extern from "Python.h":
    """
    /* Replace a pointer atomically and return the previous one. */
    #if defined(_MSC_VER)
    #define tokbox_exchange(place, value) _InterlockedExchangePointer(place, value)
    #else
    #define tokbox_exchange(place, value) __atomic_exchange_n(place, value, __ATOMIC_ACQ_REL)
    #endif
    """
    void *tokbox_exchange(void **place, void *value) nogil
    void Py_INCREF(object op)
    const Py_ssize_t PY_SSIZE_T_MAX

# Minimum size in bytes of memory that is freed without the GIL.
cdef enum:
    HUGE = 1 << 22

### Memory ###

# Length of the header of a block, which contains its size and keeps the data aligned.
cdef enum:
    BLOCK_HEAD = 64


cdef void _free_block(uint8_t *block) noexcept:
    if block == NULL:
        return
    if (<size_t *>block)[0] < HUGE:
        free(block)
        return
    # Unmapping gigabytes takes long.
    with nogil:
        free(block)


@cython.final
@cython.no_gc
cdef class MemoryPool:
    """Reuse the memory of previous batches.

    Fresh memory costs more than signing. To reuse the memory of a previous batch, pass the
    same pool to each call. A batch keeps its memory while there is a reference to the batch
    or to a part of it. The pool keeps one block of memory at a time and frees it when the
    pool itself is deleted. A pool is thread-safe.
    """

    def __dealloc__(self):
        _free_block(<uint8_t *>self.spare)

    def __reduce__(self):
        raise TypeError("a memory pool cannot be pickled or copied")


@cython.final
@cython.no_gc
cdef class Memory:
    """A block of memory that is written once and then only read (buffer protocol).

    When the object is deleted, its memory is freed or returned to its pool.
    """

    def __cinit__(self, Py_ssize_t nbytes, MemoryPool pool=None):
        if nbytes < 0:
            raise ValueError("memory cannot have a negative size")
        if pool is not None:
            self.block = <uint8_t *>tokbox_exchange(&pool.spare, NULL)
            self.pool = pool
        if self.block == NULL or (<size_t *>self.block)[0] < <size_t>nbytes:
            _free_block(self.block)
            # The sum cannot overflow, and malloc fails if it is too large.
            self.block = <uint8_t *>malloc(<size_t>nbytes + BLOCK_HEAD)
            if self.block == NULL:
                raise MemoryError(f"there is no memory for {nbytes:,} bytes")
            (<size_t *>self.block)[0] = nbytes
            self.fresh = nbytes >= HUGE
        self.data = self.block + BLOCK_HEAD
        self.nbytes = nbytes

    def __dealloc__(self):
        if self.pool is not None:
            self.block = <uint8_t *>tokbox_exchange(&self.pool.spare, self.block)
        _free_block(self.block)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.data, self.nbytes, 1, flags)

    def __releasebuffer__(self, Py_buffer *view):
        pass

    def put(self, Py_ssize_t start, data not None) -> None:
        """Write the bytes of *data*, which has the buffer protocol, at *start*."""
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            self._check(start, 0, view.len, 1)
            with nogil:
                memcpy(self.data + start, view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def is_ascii(self) -> bool:
        """Return True if all bytes are ASCII characters."""
        cdef uint8_t bits = 0
        cdef Py_ssize_t i
        with nogil:
            for i in range(self.nbytes):
                bits |= self.data[i]
        return bits < 128

    def text(self, Py_ssize_t start, Py_ssize_t length) -> str:
        """Return the ASCII text of *length* bytes at *start*."""
        cdef PyObject *text
        if start < 0 or length < 0 or start > self.nbytes - length:
            raise IndexError("outside of the memory")
        text = PyUnicode_New(length, 127)
        memcpy(tokbox_text(text), self.data + start, length)
        return owned(text)

    cdef int _check(self, Py_ssize_t start, Py_ssize_t stride, Py_ssize_t length,
                    Py_ssize_t n) except -1:
        """Raise IndexError unless all of the *n* texts are within the memory."""
        last = <object>start + (<object>n - 1) * stride
        if n < 0 or length < 0 or n and not (
            0 <= start <= self.nbytes - length and 0 <= last <= self.nbytes - length
        ):
            raise IndexError("outside of the memory")
        return 0

    def strings(self, Py_ssize_t start, Py_ssize_t stride, Py_ssize_t length,
                Py_ssize_t n) -> list:
        """Return *n* texts of *length* bytes. The first begins at *start*, and each begins
        *stride* bytes after the previous one."""
        cdef Py_ssize_t i
        cdef list result
        cdef PyObject *text
        self._check(start, stride, length, n)
        result = PyList_New(n)
        for i in range(n):
            text = PyUnicode_New(length, 127)
            memcpy(tokbox_text(text), self.data + start + i * stride, length)
            (<PyListObject *>result).ob_item[i] = text
        return result

    def select(self, Memory offsets not None, Py_ssize_t first, Py_ssize_t step,
             Py_ssize_t n) -> list:
        """Return the texts of rows *first*, *first* + *step*, ... according to *offsets*;
        None for an empty text."""
        cdef Py_ssize_t i
        cdef PyObject *text
        cdef list result
        _check_rows(offsets, first, step, n)
        result = PyList_New(n)
        for i in range(n):
            text = self._string(offsets, first + i * step)
            (<PyListObject *>result).ob_item[i] = text
        return result

    def row(self, Memory offsets not None, Py_ssize_t row) -> str | None:
        """Return the text of one row; None if it is empty."""
        if not 0 <= row < offsets.nbytes // <Py_ssize_t>sizeof(int64_t) - 1:
            raise IndexError("outside of the memory")
        return owned(self._string(offsets, row))

    cdef PyObject *_string(self, Memory offsets, Py_ssize_t row) except NULL:
        """Return a new reference to the text of a row, or to None if it is empty."""
        cdef int64_t *at = <int64_t *>offsets.data + row
        cdef PyObject *text
        if at[0] == at[1]:
            Py_INCREF(None)
            return <PyObject *>None
        if not 0 <= at[0] <= at[1] <= self.nbytes:
            raise IndexError("outside of the memory")
        text = PyUnicode_New(at[1] - at[0], 127)
        memcpy(tokbox_text(text), self.data + at[0], at[1] - at[0])
        return text

    def join(self, Memory offsets, Py_ssize_t length, Py_ssize_t first, Py_ssize_t step,
               Py_ssize_t n, *, bint lines=False, MemoryPool pool=None) -> Memory:
        """Copy the texts of rows *first*, *first* + *step*, ... into one block of memory.

        With *lines*, each ends with a newline. Without *offsets*, all have one *length*.
        """
        cdef int64_t *at
        cdef Py_ssize_t i, row
        cdef Memory places, result
        cdef Py_ssize_t start_of
        cdef uint8_t *to
        if offsets is None:
            start, stride = <object>first * length, <object>step * length
            self._check(start, stride, length, n)
            size = <object>n * length
        else:
            places = select_offsets(offsets, first, step, n)
            size = (<int64_t *>places.data)[n]
            if size > self.nbytes:
                raise IndexError("outside of the memory")
        size += n if lines else 0
        if size > PY_SSIZE_T_MAX:
            raise MemoryError
        result = Memory(size, pool)
        to = result.data
        for i in range(n):
            row = first + i * step
            start_of = row * length
            if offsets is not None:
                at = <int64_t *>offsets.data + row
                start_of, length = at[0], at[1] - at[0]
                if start_of > self.nbytes - length:
                    raise IndexError("outside of the memory")
            memcpy(to, self.data + start_of, length)
            to += length
            if lines:
                to[0] = 10
                to += 1
        return result


cdef int _check_rows(Memory offsets, Py_ssize_t first, Py_ssize_t step,
                     Py_ssize_t n) except -1:
    """Raise IndexError unless *offsets* has all of the rows."""
    cdef Py_ssize_t rows = offsets.nbytes // <Py_ssize_t>sizeof(int64_t) - 1
    last = <object>first + (<object>n - 1) * step
    if n < 0 or n and not (0 <= first < rows and 0 <= last < rows):
        raise IndexError("outside of the memory")
    return 0


def validity(Memory offsets not None, Py_ssize_t first, Py_ssize_t n) -> tuple:
    """Return the number of empty texts in rows *first* ... *first* + *n* - 1, and a bit for
    each row, which is 0 if its text is empty."""
    cdef int64_t *at = <int64_t *>offsets.data
    cdef Py_ssize_t rows = offsets.nbytes // <Py_ssize_t>sizeof(int64_t) - 1, i, missing = 0
    cdef Memory bits
    if n < 0 or not 0 <= first <= rows - n:
        raise IndexError("outside of the memory")
    bits = Memory((n + 7) // 8)
    memset(bits.data, 0, bits.nbytes)
    at += first
    with nogil:
        for i in range(n):
            if at[i] == at[i + 1]:
                missing += 1
            else:
                bits.data[i >> 3] |= 1 << (i & 7)
    return missing, bits


def fixed_offsets(Py_ssize_t n, Py_ssize_t length) -> Memory:
    """Return the offsets of *n* texts of one length, and their end, as int64."""
    cdef Memory offsets
    cdef int64_t *at
    cdef Py_ssize_t i
    if n < 0 or length < 0 or <object>n * length > PY_SSIZE_T_MAX:
        raise OverflowError("so much text has no 64-bit offsets")
    offsets = _allocate_rows(<object>n + 1, sizeof(int64_t))
    at = <int64_t *>offsets.data
    with nogil:
        for i in range(n + 1):
            at[i] = i * length
    return offsets


def select_offsets(Memory offsets not None, Py_ssize_t first, Py_ssize_t step,
            Py_ssize_t n) -> Memory:
    """Return the offsets of a copy of rows *first*, *first* + *step*, ...: *n* + 1 64-bit
    integers that begin at 0. Raises IndexError if a row does not exist."""
    cdef int64_t *at = <int64_t *>offsets.data
    cdef int64_t *to
    cdef Py_ssize_t i, row
    cdef bint valid = True
    cdef Memory result
    _check_rows(offsets, first, step, n)
    result = _allocate_rows(<object>n + 1, sizeof(int64_t))
    to = <int64_t *>result.data
    to[0] = 0
    with nogil:
        for i in range(n):
            row = first + i * step
            valid = 0 <= at[row] <= at[row + 1] and at[row + 1] - at[row] <= INT64_MAX - to[i]
            if not valid:
                break
            to[i + 1] = to[i] + at[row + 1] - at[row]
    if not valid:
        raise IndexError("outside of the memory")
    return result


def to_int32_offsets(Memory offsets not None, Py_ssize_t first, Py_ssize_t n) -> Memory:
    """Return *n* + 1 offsets, from index *first* on, as 32-bit integers that begin at 0.

    Raises OverflowError if the texts have more than 2**31 - 1 bytes.
    """
    cdef int64_t *at = <int64_t *>offsets.data
    cdef Py_ssize_t rows = offsets.nbytes // <Py_ssize_t>sizeof(int64_t) - 1, i
    cdef Memory narrow
    if n < 0 or not 0 <= first <= rows - n:
        raise IndexError("outside of the memory")
    if not _are_offsets(offsets, first, n, PY_SSIZE_T_MAX):
        raise IndexError("outside of the memory")
    at += first
    if at[n] - at[0] > INT32_MAX:
        raise OverflowError("so much text has no 32-bit offsets")
    narrow = Memory((n + 1) * sizeof(int32_t))
    with nogil:
        for i in range(n + 1):
            (<int32_t *>narrow.data)[i] = <int32_t>(at[i] - at[0])
    return narrow


def address(Memory memory not None) -> int:
    """Return the address of *memory*, by which tests recognise it."""
    return <size_t>memory.data


### Columns ###

def physical_memory() -> int:
    """Return the physical memory of the machine in bytes."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return 1 << 46


def check_rows(n) -> None:
    """Raise MemoryError if a column of *n* rows exceeds the physical memory.

    The system would overcommit, and kill the process when the memory is used.
    """
    needed, there = n * sizeof(fs_text), physical_memory()
    if needed > there:
        raise MemoryError(
            f"a column of {n:,} rows needs {needed / 2**30:,.0f} GiB, and there are "
            f"{there / 2**30:,.0f}"
        )


cdef Memory _allocate_rows(n, Py_ssize_t size):
    """Allocate memory for *n* rows of *size* bytes."""
    if n < 0:
        raise ValueError("a column cannot have a negative number of rows")
    if n > PY_SSIZE_T_MAX // size:
        raise MemoryError(f"there is no memory for {n:,} rows")
    return Memory(n * size)


cdef bint _are_offsets(Memory offsets, Py_ssize_t first, Py_ssize_t n,
                       Py_ssize_t nbytes) noexcept:
    """Return whether *n* + 1 offsets, from index *first* on, are in ascending order and
    within *nbytes*. The offsets must exist."""
    cdef int64_t *at = <int64_t *>offsets.data + first
    cdef Py_ssize_t i
    cdef bint valid = 0 <= at[0] and at[n] <= nbytes
    with nogil:
        for i in range(n):
            valid &= at[i] <= at[i + 1]
    return valid


@cython.final
cdef class StringSlice:
    """*n* texts in *memory* from index *first* on, with *offsets* or with one *length*."""

    def __cinit__(self, Memory memory not None, Memory offsets, Py_ssize_t length,
                  Py_ssize_t first, Py_ssize_t n):
        if n < 0 or length < 0 or first < 0:
            raise ValueError("negative sizes")
        end = <object>first + n
        if offsets is None:
            if end * length > memory.nbytes:
                raise IndexError("outside of the memory")
        elif (end + 1) * sizeof(int64_t) > offsets.nbytes or not _are_offsets(
            offsets, first, n, memory.nbytes
        ):
            raise IndexError("outside of the memory")
        self.memory = memory
        self.offsets = offsets
        self.length = length
        self.first = first
        self.n = n


@cython.final
cdef class StringColumn:
    """A sequence of *n* str, some of which may be missing, in caller-owned memory.

    Each text is a pointer and a length, which only this library can change. The bytes
    belong to the *owners*, to which the column keeps references. The bytes may be invalid
    UTF-8, and other threads may change them at any time: code must read each byte once, and
    never beyond the length.
    """

    def __cinit__(self, Py_ssize_t n, list owners not None):
        self.memory = _allocate_rows(n, sizeof(fs_text))
        self.texts = <fs_text *>self.memory.data
        memset(self.texts, 0, n * sizeof(fs_text))
        self.n = n
        self.owners = owners

    def __len__(self):
        return self.n

    def __iter__(self):
        for i in range(self.n):
            yield self[i]

    def __getitem__(self, Py_ssize_t i):
        """Return text *i*, or None. Bytes that are not UTF-8 become lone surrogates."""
        if not 0 <= i < self.n:
            raise IndexError("outside of the column")
        return self.item(i)

    cdef object item(self, Py_ssize_t i):
        cdef fs_text text = self.texts[i]
        if text.data == NULL:
            return None
        return PyUnicode_DecodeUTF8(<const char *>text.data, text.len, "surrogateescape")


def ascii_texts(array not None) -> StringColumn | None:
    """Copy the texts of a one-dimensional numpy array of strings (``dtype.kind`` "U").

    Returns None for other arrays, and if a text is not ASCII.
    """
    cdef Py_buffer view
    cdef Py_ssize_t width, n, i, j
    cdef const uint32_t *characters
    cdef uint32_t every = 0
    cdef uint8_t *to
    cdef Memory memory
    cdef StringColumn found
    PyObject_GetBuffer(array, &view, PyBUF_RECORDS_RO)
    try:
        # A prefix such as ">" means another byte order.
        if view.ndim != 1 or not bytes(view.format).rstrip(b"w").isdigit():
            return None
        n, width = view.shape[0], view.itemsize // <Py_ssize_t>sizeof(uint32_t)
        memory = Memory(n * width)
        found = StringColumn(n, [memory])
        with nogil:
            for i in range(n):
                characters = <const uint32_t *>(<char *>view.buf + i * view.strides[0])
                to = memory.data + i * width
                for j in range(width):
                    every |= characters[j]
                    to[j] = <uint8_t>characters[j]
                j = width
                while j and not to[j - 1]:  # the padding of shorter texts
                    j -= 1
                found.texts[i].data = to
                found.texts[i].len = j
        return found if every < 128 else None
    finally:
        PyBuffer_Release(&view)


@cython.final
cdef class ListColumn:
    """A sequence of *n* lists, some of which may be missing. The items are slices of other
    sequences; a list is created when it is read."""

    def __cinit__(self, Py_ssize_t n):
        self.memory = _allocate_rows(n, sizeof(ListRow))
        self.rows = <ListRow *>self.memory.data
        memset(self.rows, 0, n * sizeof(ListRow))
        self.n = n
        self.owners = []

    def __len__(self):
        return self.n

    def __iter__(self):
        for i in range(self.n):
            yield self[i]

    def __getitem__(self, Py_ssize_t i):
        """Return list *i*, or None."""
        cdef Py_ssize_t k
        if not 0 <= i < self.n:
            raise IndexError("outside of the column")
        if self.rows[i].items == NULL:
            return None
        items = <object>self.rows[i].items
        return [items[k] for k in range(self.rows[i].start, self.rows[i].end)]

    cdef Py_ssize_t join(self, Py_ssize_t i, uint8_t *to, size_t room):
        """Copy the texts of list *i*, separated by spaces. Returns the length, or -1 if the
        list needs slow-path validation: an item is not a text, is empty or contains a
        space, or there is no room."""
        cdef ListRow *row = &self.rows[i]
        cdef fs_text text
        cdef size_t used = 0
        cdef int64_t k
        if row.items == NULL:
            return 0
        if type(<object>row.items) is not StringColumn:
            return -1
        for k in range(row.start, row.end):
            text = (<StringColumn>row.items).texts[k]
            if text.len == 0 or text.len >= room - used:
                return -1
            if used:
                to[used] = b" "
                used += 1
            # Other threads may write to the text, so validate the copy.
            memcpy(to + used, text.data, text.len)
            if memchr(to + used, b" ", text.len) != NULL:
                return -1
            used += text.len
        return used


@cython.final
cdef class IntColumn:
    """A sequence of *n* 64-bit integers, some of which may be missing.

    With *unsigned*, they are unsigned.
    """

    def __cinit__(self, Py_ssize_t n, bint unsigned):
        self.memory = _allocate_rows(n, sizeof(int64_t))
        self.absence = Memory(n)
        self.numbers = <int64_t *>self.memory.data
        self.absent = self.absence.data
        memset(self.absent, 1, n)
        self.unsigned = unsigned
        self.n = n

    def __len__(self):
        return self.n

    def __iter__(self):
        for i in range(self.n):
            yield self[i]

    def __getitem__(self, Py_ssize_t i):
        """Return number *i*, or None."""
        if not 0 <= i < self.n:
            raise IndexError("outside of the column")
        if self.absent[i]:
            return None
        return <uint64_t>self.numbers[i] if self.unsigned else self.numbers[i]
