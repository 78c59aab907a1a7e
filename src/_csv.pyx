# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Find records and lines of CSV in memory, and copy them with tokens.
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


def max_occurrences(bytes data not None, bytes text not None) -> int:
    """Return an upper bound for the number of occurrences of *text* in *data*.

    *text* must have at least two bytes.
    """
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
    """The complete records in a block of CSV; see kernels/text/csv.h.

    Valid records have *fields* fields; `miscounted` lists the others, which get no token. *final*
    marks the last block of the file. At most *most* records are read; -1 means all of them.
    *delimiter* separates fields: an ASCII character other than a quote or a line break.
    """

    cdef bytes block
    cdef const uint8_t *data
    cdef fs_csv_row *rows
    cdef size_t fields
    cdef uint8_t delimiter
    cdef readonly Py_ssize_t n
    #: The offset after the last complete record.
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

    def miscounted(self) -> list:
        """Return the index and the number of fields of each record with another number of
        fields. The number is 0 if a quote is still open at the end of the file."""
        cdef Py_ssize_t i
        cdef list found = []
        for i in range(self.n):
            if self.rows[i].fields != self.fields:
                found.append((i, self.rows[i].fields))
        return found

    def open_quote(self) -> int:
        """Return the offset of the unclosed quote, or -1."""
        if self.n and not self.rows[self.n - 1].fields:
            return self.rows[self.n - 1].end
        return -1

    def line_ends(self, size_t offset) -> int:
        """Count the line breaks (LF, CR LF or CR) before *offset* in the block."""
        cdef size_t count = 0, i
        cdef size_t len = PyBytes_GET_SIZE(self.block)
        cdef const uint8_t *data = self.data
        if offset > len:
            raise ValueError("the offset must be within the block")
        with nogil:
            # Reading data[len] is allowed: a NUL follows the contents of bytes.
            for i in range(offset):
                count += (data[i] == b"\n") | (
                    (data[i] == b"\r") & (data[i + 1] != b"\n")
                )
        return count

    def texts(self, size_t column) -> StringColumn:
        """Return the values of a column. Only values with doubled quotes are copied."""
        cdef size_t len = PyBytes_GET_SIZE(self.block)
        cdef bint quoted = memchr(self.data, b'"', len) != NULL
        # Unescaped values are shorter than the block.
        cdef Memory scratch = Memory(len if quoted else 0)
        cdef StringColumn texts = StringColumn(self.n, [self, scratch])
        with nogil:
            fs_csv_column(self.data, self.rows, self.n, self.delimiter, column,
                          texts.texts, scratch.data)
        return texts

    def signed(self, StringSlice tokens not None, MemoryPool pool=None) -> Memory:
        """Copy the records that have a token, and append the token as a field."""
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
        """Return each line as bytes, without trailing white space."""
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
        """Return the lines without surrounding white space. Their bytes are not copied."""
        cdef StringColumn texts = StringColumn(self.n, [self])
        with nogil:
            fs_line_texts(self.data, self.rows, self.n, texts.texts)
        return texts

    def signed(self, StringSlice tokens not None, bytes member not None, leave_out=(),
               MemoryPool pool=None) -> Memory:
        """Copy the lines that are JSON objects and have a token, and append it as a member.

        *member* is the text before a token: a name, a colon and a quote. *leave_out*
        contains the indices of lines to skip.
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
