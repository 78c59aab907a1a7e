# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Records of CSV, and lines, where they stand: columns for signing, and copies with tokens.
"""

cimport cython
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr

from csv cimport (
    fs_csv_column,
    fs_csv_row,
    fs_csv_rows,
    fs_csv_signed,
    fs_json_signed,
    fs_line_texts,
    fs_lines,
    fs_max_occurrences,
)
from tokbox._memory cimport Memory, MemoryPool, StringColumn, StringSlice


cdef size_t _count(const uint8_t *data, size_t len, uint8_t byte) noexcept nogil:
    cdef size_t count = 0, i
    for i in range(len):
        count += data[i] == byte
    return count


cdef const int64_t *_offsets(StringSlice tokens, Py_ssize_t n) except NULL:
    if tokens.n != n or tokens.offsets is None:
        raise ValueError("as many tokens as records are needed, and their offsets")
    return <const int64_t *>tokens.offsets.data + tokens.first


def most_often(bytes data not None, bytes text not None) -> int:
    """Return an upper bound of how often *text*, of at least two bytes, occurs in *data*."""
    cdef const uint8_t *at = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef const uint8_t *of = <const uint8_t *>PyBytes_AS_STRING(text)
    cdef size_t len = PyBytes_GET_SIZE(data), text_len = PyBytes_GET_SIZE(text), count
    if text_len < 2:
        raise ValueError("the text must have at least two bytes")
    with nogil:
        count = fs_max_occurrences(at, len, of, text_len)
    return count


@cython.final
cdef class Records:
    """The records that are whole in a block of CSV; see kernels/text/csv.h.

    They should have *fields* fields; those that do not are `odd`, and have no token. With
    *final* nothing comes behind the block. No more than *most* records are read. Fields
    are separated by *delimiter*, an ASCII character other than a quote or a line end.
    """

    cdef bytes block
    cdef const uint8_t *data
    cdef fs_csv_row *rows
    cdef size_t fields
    cdef uint8_t delimiter
    cdef readonly Py_ssize_t n
    #: Where the first record begins that is not whole.
    cdef readonly Py_ssize_t end

    def __cinit__(self, bytes block not None, size_t fields, *, bint final,
                  Py_ssize_t most=-1, str delimiter=","):
        cdef size_t len = PyBytes_GET_SIZE(block)
        cdef size_t room
        self.block = block
        self.data = <const uint8_t *>PyBytes_AS_STRING(block)
        self.fields = fields
        self.delimiter = ord(delimiter)
        with nogil:
            room = _count(self.data, len, b"\n") + _count(self.data, len, b"\r") + 1
            if most >= 0:
                room = min(room, <size_t>most)
            self.rows = <fs_csv_row *>malloc((room + 1) * sizeof(fs_csv_row))
            if self.rows != NULL:
                self.n = fs_csv_rows(self.data, len, final, self.delimiter, self.rows,
                                     room)
        if self.rows == NULL:
            raise MemoryError
        self.end = self.rows[self.n - 1].next if self.n else 0

    def __dealloc__(self):
        free(self.rows)

    def __len__(self):
        return self.n

    def odd(self) -> list:
        """The records with another number of fields, and how many they have: 0 if a quote
        is still open at the end of the file."""
        cdef Py_ssize_t i
        cdef list found = []
        for i in range(self.n):
            if self.rows[i].fields != self.fields:
                found.append((i, self.rows[i].fields))
        return found

    def open_quote(self) -> int:
        """Return the offset of the quote that is not closed, or -1."""
        if self.n and not self.rows[self.n - 1].fields:
            return self.rows[self.n - 1].end
        return -1

    def line_ends(self, size_t offset) -> int:
        """Return how many lines (LF, CR LF or CR) end before an offset of the block."""
        cdef size_t count = 0, i
        cdef size_t len = PyBytes_GET_SIZE(self.block)
        cdef const uint8_t *data = self.data
        if offset > len:
            raise ValueError("the offset must be within the block")
        with nogil:
            # A block is followed by a zero.
            for i in range(offset):
                count += (data[i] == b"\n") | (
                    (data[i] == b"\r") & (data[i + 1] != b"\n")
                )
        return count

    def texts(self, size_t column) -> StringColumn:
        """The values of a column, where they stand."""
        cdef size_t len = PyBytes_GET_SIZE(self.block)
        cdef bint quoted = memchr(self.data, b'"', len) != NULL
        # What is unquoted there is shorter than the block.
        cdef Memory scratch = Memory(len if quoted else 0)
        cdef StringColumn texts = StringColumn(self.n, [self, scratch])
        with nogil:
            fs_csv_column(self.data, self.rows, self.n, self.delimiter, column,
                          texts.texts, scratch.data)
        return texts

    def signed(self, StringSlice tokens not None, MemoryPool pool=None) -> Memory:
        """The records with a token, each with it as a field more."""
        cdef const int64_t *offsets = _offsets(tokens, self.n)
        cdef const uint8_t *text = tokens.memory.data
        cdef uint8_t *to
        cdef size_t size
        with nogil:
            size = fs_csv_signed(self.data, self.rows, self.n, self.fields, self.delimiter,
                                 text, offsets, NULL)
        cdef Memory memory = Memory(size, pool)
        to = memory.data
        with nogil:
            fs_csv_signed(self.data, self.rows, self.n, self.fields, self.delimiter, text,
                          offsets, to)
        return memory


@cython.final
cdef class Lines:
    """The lines of *block* that are not blank."""

    cdef bytes block
    cdef const uint8_t *data
    cdef fs_csv_row *rows
    cdef readonly Py_ssize_t n

    def __cinit__(self, bytes block not None):
        cdef size_t len = PyBytes_GET_SIZE(block)
        self.block = block
        self.data = <const uint8_t *>PyBytes_AS_STRING(block)
        with nogil:
            self.rows = <fs_csv_row *>malloc(
                (_count(self.data, len, b"\n") + 1) * sizeof(fs_csv_row)
            )
            if self.rows != NULL:
                self.n = fs_lines(self.data, len, self.rows)
        if self.rows == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.rows)

    def __len__(self):
        return self.n

    def tolist(self) -> list:
        """Each line as bytes, without the white space at its end."""
        cdef Py_ssize_t i
        cdef fs_csv_row *row
        cdef list lines = []
        for i in range(self.n):
            row = self.rows + i
            lines.append(
                PyBytes_FromStringAndSize(<const char *>self.data + row.start,
                                          row.end - row.start)
            )
        return lines

    def texts(self) -> StringColumn:
        """The lines where they stand, without white space around them."""
        cdef StringColumn texts = StringColumn(self.n, [self])
        with nogil:
            fs_line_texts(self.data, self.rows, self.n, texts.texts)
        return texts

    def signed(self, StringSlice tokens not None, bytes member not None, leave_out=(),
               MemoryPool pool=None) -> Memory:
        """The lines, which are JSON objects, with a token, each with it as a member more.

        *member* is what stands before a token: a name, a colon and a quote. *leave_out*
        are indices of lines.
        """
        cdef const int64_t *offsets = _offsets(tokens, self.n)
        cdef const uint8_t *text = tokens.memory.data
        cdef const uint8_t *before = <const uint8_t *>PyBytes_AS_STRING(member)
        cdef size_t len = PyBytes_GET_SIZE(member), size
        cdef uint8_t *to
        cdef Py_ssize_t i
        for i in leave_out:
            if not 0 <= i < self.n:
                raise IndexError("there is no such line")
            self.rows[i].fields = 0
        with nogil:
            size = fs_json_signed(self.data, self.rows, self.n, before, len, text, offsets,
                                  NULL)
        cdef Memory memory = Memory(size, pool)
        to = memory.data
        with nogil:
            fs_json_signed(self.data, self.rows, self.n, before, len, text, offsets, to)
        return memory
