# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Import Arrow arrays as columns with the PyCapsule interface.

Accepts any object with ``__arrow_c_array__`` or ``__arrow_c_stream__`` (of pyarrow, polars,
pandas, nanoarrow, DuckDB ...), without importing these libraries. This module is
independent of signing. Strings become a `StringColumn`, which points into the array's
buffers; integers an `IntColumn`; lists a `ListColumn`; all other values Python objects (see
`tokbox.arrow_values`).

All structs are validated: the number of children and buffers, lengths, offsets and indices.
Two properties cannot be validated, and the caller must guarantee them: pointers are valid,
and a buffer is as long as its last offset states. Other threads may write to buffers while
they are read. So every number that determines an address is read once (tokbox_once),
validated and kept in private memory.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid
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
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from arrow cimport (
    TOKBOX_MAX_BYTES,
    ArrowArray,
    ArrowArrayStream,
    ArrowSchema,
    tokbox_add,
    tokbox_once32,
    tokbox_once64,
)
from text cimport fs_text
from tokbox._memory cimport ListRow, ListColumn, IntColumn, PyObject, StringColumn

from tokbox import arrow_values
from tokbox._memory import check_rows
from tokbox.errors import InvalidArrowError

ctypedef fused place_t:
    int32_t
    int64_t

ctypedef fused whole_t:
    int8_t
    uint8_t
    int16_t
    uint16_t
    int32_t
    uint32_t
    int64_t
    uint64_t

ctypedef fused real_t:
    float
    double

# Maximum depth of nested arrays, such as a list of a dictionary of strings in a table.
cdef enum:
    MAX_DEPTH = 4

# Up to BATCH arrays of at most SMALL rows are read from a stream per release of the GIL.
cdef enum:
    SMALL = 256
    BATCH = 64

# Maximum number of buffers of a string view array; their pointers alone take 128 MiB.
cdef enum:
    MAX_BUFFERS = 1 << 24


def is_arrow(value) -> bool:
    """Return whether `read` accepts *value*."""
    return hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__")


def read(value, str field not None, *, bint seconds=False):
    """Import an Arrow array, or all chunks of a stream, as one column.

    Strings become a `StringColumn`, integers an `IntColumn`, and lists a `ListColumn`.
    Other types become a tuple of Python values, with an ArrowValue for each value of a type
    that no argument accepts. With *seconds*, floats, decimals and durations also become an
    `IntColumn` if all values are whole seconds. A table of one column is imported as that
    column.

    Raises InvalidArrowError, with the name *field*, if the array is inconsistent or is a
    table of several columns.
    """
    cdef Schema schema
    cdef ArrowSchema *column
    cdef Arrays arrays
    cdef Parts parts
    cdef Py_ssize_t i
    if hasattr(value, "__arrow_c_array__"):
        capsules = value.__arrow_c_array__()
        if type(capsules) is not tuple or len(capsules) != 2:
            _refuse(field, "hand over an Arrow array as two capsules")
        schema = _import_schema(capsules[0], field)
        arrays = _import_array(capsules[1], field)
    else:
        schema, arrays = _read_stream(_import_stream(value.__arrow_c_stream__(), field), field)
    column = &schema.schema
    is_table = _format(column, field) == b"+s"
    if is_table:
        column = _only_column(column, field)
    parts = Parts(arrays.n)
    for i in range(arrays.n):
        if is_table:
            parts.parts[i] = _part_of_table(&arrays.arrays[i], field)
        else:
            parts.parts[i] = _part(&arrays.arrays[i], field)
    if seconds and column.dictionary == NULL:
        numbers = _whole_seconds(_format(column, field), parts, field)
        if numbers is not None:
            return numbers
    return _column(column, parts, [arrays], field, 0)


def imported_structs() -> int:
    """Return the number of structs that are imported and not released yet, for tests."""
    return tokbox_add(&_imported, 0)


cdef int _refuse(str field, str rule) except -1:
    raise InvalidArrowError(field, None, rule, show=False)


### Imported structs, which are released with their objects ###

cdef int64_t _imported = 0


@cython.final
cdef class Schema:
    cdef ArrowSchema schema

    def __dealloc__(self):
        if self.schema.release != NULL:
            self.schema.release(&self.schema)
            tokbox_add(&_imported, -1)


@cython.final
cdef class Arrays:
    cdef ArrowArray *arrays
    cdef Py_ssize_t n

    cdef int reserve(self, size_t n) except -1:
        """Allocate memory for *n* arrays."""
        cdef ArrowArray *room = <ArrowArray *>realloc(self.arrays, n * sizeof(ArrowArray))
        if room == NULL:
            raise MemoryError
        self.arrays = room
        return 0

    def __dealloc__(self):
        cdef Py_ssize_t i
        with nogil:
            for i in range(self.n):
                self.arrays[i].release(&self.arrays[i])
        tokbox_add(&_imported, -self.n)
        free(self.arrays)


@cython.final
cdef class Stream:
    cdef ArrowArrayStream stream

    def __dealloc__(self):
        if self.stream.release != NULL:
            with nogil:
                self.stream.release(&self.stream)
            tokbox_add(&_imported, -1)


# Importing a struct copies it and marks the original as released. The object that owns the
# copy is created first, so an exception cannot leak the struct.

cdef Schema _import_schema(capsule, str field):
    cdef Schema own = Schema()
    cdef ArrowSchema *there = <ArrowSchema *>_pointer(capsule, "arrow_schema", field)
    if there.release == NULL:
        _refuse(field, "not be an Arrow array that was released or imported already")
    own.schema = there[0]
    there.release = NULL
    tokbox_add(&_imported, 1)
    return own


cdef Arrays _import_array(capsule, str field):
    cdef Arrays own = Arrays()
    cdef ArrowArray *there = <ArrowArray *>_pointer(capsule, "arrow_array", field)
    if there.release == NULL:
        _refuse(field, "not be an Arrow array that was released or imported already")
    own.reserve(1)
    own.arrays[0] = there[0]
    own.n = 1
    there.release = NULL
    tokbox_add(&_imported, 1)
    return own


cdef Stream _import_stream(capsule, str field):
    cdef Stream own = Stream()
    cdef ArrowArrayStream *there = <ArrowArrayStream *>_pointer(
        capsule, "arrow_array_stream", field
    )
    if there.release == NULL:
        _refuse(field, "not be an Arrow stream that was released or imported already")
    own.stream = there[0]
    there.release = NULL
    tokbox_add(&_imported, 1)
    if (own.stream.get_schema == NULL or own.stream.get_next == NULL
            or own.stream.get_last_error == NULL):
        _refuse(field, "be an Arrow stream that has all of its functions")
    return own


cdef void *_pointer(capsule, const char *name, str field) except NULL:
    if not PyCapsule_IsValid(capsule, name):
        _refuse(field, f"hand over a capsule named {name.decode()}")
    return PyCapsule_GetPointer(capsule, name)


cdef tuple _read_stream(Stream source, str field):
    """Read the schema and all arrays of a stream."""
    cdef Schema schema = Schema()
    cdef Arrays arrays = Arrays()
    cdef ArrowArray *array
    cdef Py_ssize_t room = 0, before
    cdef int failed
    # The producer may need the GIL, in this thread or in another.
    with nogil:
        failed = source.stream.get_schema(&source.stream, &schema.schema)
    if failed:
        memset(&schema.schema, 0, sizeof(ArrowSchema))
        _refuse_stream(source, failed, field)
    if schema.schema.release == NULL:
        _refuse(field, "be an Arrow stream that has a schema")
    tokbox_add(&_imported, 1)
    while True:
        if arrays.n == room:
            room = max(BATCH, 2 * room)
            arrays.reserve(room)
        before = arrays.n
        with nogil:
            while True:
                array = &arrays.arrays[arrays.n]
                failed = source.stream.get_next(&source.stream, array)
                if failed or array.release == NULL:
                    break
                arrays.n += 1
                if array.length > SMALL or arrays.n % BATCH == 0:
                    break
        tokbox_add(&_imported, arrays.n - before)
        if failed:
            _refuse_stream(source, failed, field)
        if array.release == NULL:
            return schema, arrays
        PyErr_CheckSignals()


cdef int _refuse_stream(Stream source, int failed, str field) except -1:
    cdef const char *text = source.stream.get_last_error(&source.stream)
    message = f"error {failed}" if text == NULL else text.decode("utf-8", "replace")
    _refuse(field, f"be an Arrow stream that can be read to its end ({message})")


### Rows of arrays ###

# Rows *first* ... *first* + *count* - 1 of an array. Does not own the array.
cdef struct Part:
    ArrowArray *array
    int64_t first
    int64_t count
    const uint8_t *valid        # a bit for each row of the array, or NULL
    const uint8_t *table_valid        # the validity bits of the table, or NULL
    int64_t table_first         # the first row of the table


@cython.final
cdef class Parts:
    """The *n* parts of a column."""

    cdef Part *parts
    cdef Py_ssize_t n

    def __cinit__(self, Py_ssize_t n):
        self.parts = <Part *>calloc(n + 1, sizeof(Part))
        if self.parts == NULL:
            raise MemoryError
        self.n = n

    def __dealloc__(self):
        free(self.parts)


cdef Parts _single_part(Part part):
    cdef Parts parts = Parts(1)
    parts.parts[0] = part
    return parts


cdef Part _part(ArrowArray *array, str field) except *:
    cdef Part part
    # A row takes at most 16 bytes of a buffer, and there is one more offset than rows. So
    # sizes in bytes that are computed from rows cannot overflow.
    cdef int64_t most = (TOKBOX_MAX_BYTES >> 4) - 1
    if array == NULL or not 0 <= array.length <= most or not (
        0 <= array.offset <= most - array.length
    ):
        _refuse(field, "be an Arrow array whose length and offset are possible")
    if array.n_buffers < 0 or array.n_buffers and array.buffers == NULL:
        _refuse(field, "be an Arrow array that has its buffers")
    memset(&part, 0, sizeof(part))
    part.array = array
    part.first = array.offset
    part.count = array.length
    if array.n_buffers:
        part.valid = <const uint8_t *>array.buffers[0]
        # An array of the null type needs no validity buffer, but may have an empty one.
        if part.valid == NULL and array.null_count > 0 and array.n_buffers > 1:
            _refuse(field, "be an Arrow array that says which of its rows are null")
    return part


cdef Parts _all_rows(ArrowArray *array, str field):
    """Return all rows of an array."""
    return _single_part(_part(array, field))


cdef Part _part_of_table(ArrowArray *array, str field) except *:
    """Return the rows of the only column of a table."""
    cdef Part table = _part(array, field)
    cdef Part part = _part(_only_child(array, field), field)
    if table.first + table.count > part.count:
        _refuse(field, "be an Arrow table whose column is long enough")
    part.first += table.first
    part.count = table.count
    part.table_valid = table.valid
    part.table_first = table.first
    return part


cdef ArrowArray *_only_child(ArrowArray *array, str field) except NULL:
    if array.n_children != 1 or array.children == NULL or array.children[0] == NULL:
        _refuse(field, "be an Arrow array with as many children as its schema has")
    return array.children[0]


cdef ArrowSchema *_only_column(ArrowSchema *schema, str field) except NULL:
    if schema.n_children > 1:
        _refuse(field, f"be one column, not an Arrow table of {schema.n_children}")
    if schema.n_children != 1 or schema.children == NULL or schema.children[0] == NULL:
        _refuse(field, "be an Arrow array whose schema has the children of its format")
    return schema.children[0]


cdef bytes _format(ArrowSchema *schema, str field):
    if schema.format == NULL:
        _refuse(field, "be an Arrow array whose schema has a format")
    return schema.format


cdef inline bint _is_absent(Part part, int64_t row) noexcept nogil:
    """Return whether row *row* of a part has no value."""
    cdef int64_t i = part.first + row
    if part.valid != NULL and not part.valid[i >> 3] >> (i & 7) & 1:
        return True
    i = part.table_first + row
    return part.table_valid != NULL and not part.table_valid[i >> 3] >> (i & 7) & 1


cdef const uint8_t *_buffer(Part part, int64_t which, str field) except? NULL:
    """Return a buffer of the array. It may be NULL if there are no rows."""
    if part.array.n_buffers <= which:
        _refuse(field, "be an Arrow array that has the buffers of its format")
    if part.array.buffers[which] == NULL and part.count:
        _refuse(field, "be an Arrow array that has the buffers of its format")
    return <const uint8_t *>part.array.buffers[which]


### Columns ###

cdef object _column(ArrowSchema *schema, Parts parts, list owners, str field, int depth):
    """Convert an array of any format to a column; *depth* is the number of parents."""
    cdef bytes form = _format(schema, field)
    cdef Part part
    if depth > MAX_DEPTH:
        return _opaque(arrow_values.ArrowValue("array that is nested deeply"), parts, False)
    for part in parts.parts[:parts.n]:
        if (part.array.dictionary == NULL) != (schema.dictionary == NULL):
            _refuse(field, "be an Arrow array that has a dictionary if its schema has")
    total = _rows(parts)
    if schema.dictionary != NULL:
        return _decode_dictionary(schema, parts, owners, field, depth)
    if form == b"u" or form == b"U" or form == b"vu":
        return _texts(form, parts, owners, field)
    if len(form) == 1 and form in b"cCsSiIlL":
        return _numbers(form, parts, field)
    if form == b"+l" or form == b"+L":
        return _lists(schema, parts, owners, field, depth)
    if form.startswith(b"+w:"):
        return _fixed_lists(schema, parts, owners, field, depth)
    if form == b"+r":
        return _run_ends(schema, parts, owners, field, depth)
    if form == b"n":
        return (None,) * total
    if form == b"b":
        return _booleans(parts, field)
    text = form.decode("ascii", "replace")
    if (fixed := arrow_values.decoder(text, _extension(schema))) is not None:
        return _decoded(fixed, parts, field)
    if (opaque := arrow_values.opaque(text)) is not None:
        return _opaque(opaque, parts, not form.startswith((b"+u", b"_")))
    _refuse(field, f"be an Arrow array of a type that Arrow defines, not of format {text!r}")


cdef int64_t _rows(Parts parts) except -1:
    """Return the total number of rows. Raises MemoryError if they exceed the memory."""
    cdef Part part
    cdef int64_t total = 0
    for part in parts.parts[:parts.n]:
        # Each part is shorter than TOKBOX_MAX_BYTES, so the sum does not overflow.
        total = min(total + part.count, TOKBOX_MAX_BYTES)
    check_rows(total)
    return total


cdef StringColumn _texts(bytes form, Parts parts, list owners, str field):
    cdef StringColumn column = StringColumn(_rows(parts), owners)
    cdef fs_text *to = column.texts
    cdef Part part
    cdef const uint8_t *data
    cdef bint valid, are_views = form == b"vu", are_wide = form == b"U"
    for part in parts.parts[:parts.n]:
        data = _buffer(part, 1, field)
        if are_views:
            valid = _fill_views(part, data, to)
        elif are_wide:
            valid = _fill_texts(part, <const int64_t *>data, _buffer_or_none(part, field), to)
        else:
            valid = _fill_texts(part, <const int32_t *>data, _buffer_or_none(part, field), to)
        if not valid:
            _refuse(field, "be an Arrow array whose offsets stay within its buffers")
        to += part.count
        PyErr_CheckSignals()
    return column


cdef const uint8_t *_buffer_or_none(Part part, str field) except? NULL:
    """Return the buffer with the text of all strings. It may be NULL if all are empty."""
    if part.array.n_buffers != 3:
        _refuse(field, "be an Arrow array that has the buffers of its format")
    return <const uint8_t *>part.array.buffers[2]


cdef inline int64_t _once(const place_t *place) noexcept nogil:
    if place_t is int32_t:
        return tokbox_once32(place)
    else:
        return tokbox_once64(place)


cdef bint _fill_texts(Part part, const place_t *at, const uint8_t *data,
                      fs_text *to) noexcept nogil:
    """Set the texts. Returns False if the offsets are invalid: they must begin at 0 or
    later and be in ascending order."""
    cdef int64_t i, start, end, last
    if part.count == 0:
        return True
    at += part.first
    end = _once(at)
    last = _once(at + part.count)
    if end < 0 or last > TOKBOX_MAX_BYTES or data == NULL and last != end:
        return False
    for i in range(part.count):
        start, end = end, _once(at + i + 1)
        if not start <= end <= last:
            return False
        if not _is_absent(part, i):
            to[i].data = data + start if data != NULL else <const uint8_t *>b""
            to[i].len = end - start
    return True


cdef bint _fill_views(Part part, const uint8_t *views, fs_text *to) noexcept nogil:
    """Like `_fill_texts`, for views. A view contains a text of up to 12 bytes, or refers to
    a longer text in one of the following buffers. The last buffer contains their sizes."""
    cdef int64_t i, which, start, length, size, more
    cdef const uint8_t *view
    cdef const uint8_t *data
    cdef const int64_t *sizes
    if not 3 <= part.array.n_buffers <= MAX_BUFFERS:
        return False
    more = part.array.n_buffers - 3
    sizes = <const int64_t *>part.array.buffers[more + 2]
    for i in range(part.count):
        if _is_absent(part, i):
            continue
        view = views + 16 * (part.first + i)
        length = tokbox_once32(view)
        to[i].len = length
        to[i].data = view + 4
        if length <= 12:
            if length < 0:
                return False
            continue
        which = tokbox_once32(view + 8)
        start = tokbox_once32(view + 12)
        if not 0 <= which < more or start < 0 or sizes == NULL:
            return False
        data = <const uint8_t *>part.array.buffers[2 + which]
        size = tokbox_once64(sizes + which)
        # A sum of two 32-bit numbers, so it does not overflow.
        if data == NULL or not start + length <= size <= TOKBOX_MAX_BYTES:
            return False
        to[i].data = data + start
    return True


cdef IntColumn _numbers(bytes form, Parts parts, str field):
    cdef IntColumn column = IntColumn(_rows(parts), form.isupper())
    cdef int64_t *to = column.numbers
    cdef uint8_t *absent = column.absent
    cdef const uint8_t *data
    cdef Part part
    for part in parts.parts[:parts.n]:
        data = _buffer(part, 1, field)
        if form == b"l":
            _fill_numbers(part, <const int64_t *>data, to, absent)
        elif form == b"L":
            _fill_numbers(part, <const uint64_t *>data, to, absent)
        elif form == b"i":
            _fill_numbers(part, <const int32_t *>data, to, absent)
        elif form == b"I":
            _fill_numbers(part, <const uint32_t *>data, to, absent)
        elif form == b"s":
            _fill_numbers(part, <const int16_t *>data, to, absent)
        elif form == b"S":
            _fill_numbers(part, <const uint16_t *>data, to, absent)
        elif form == b"c":
            _fill_numbers(part, <const int8_t *>data, to, absent)
        else:
            _fill_numbers(part, data, to, absent)
        to += part.count
        absent += part.count
        PyErr_CheckSignals()
    return column


cdef void _fill_numbers(Part part, const whole_t *data, int64_t *to,
                        uint8_t *absent) noexcept nogil:
    cdef int64_t i
    cdef whole_t number
    for i in range(part.count):
        number = 0
        absent[i] = _is_absent(part, i)
        if not absent[i]:
            # The buffer need not be aligned, so data[i] is not allowed.
            memcpy(&number, <const uint8_t *>data + (part.first + i) * sizeof(whole_t),
                   sizeof(whole_t))
        to[i] = <int64_t>number


cdef tuple _booleans(Parts parts, str field):
    cdef const uint8_t *data
    cdef int64_t i, bit
    cdef list found = []
    cdef Part part
    for part in parts.parts[:parts.n]:
        data = _buffer(part, 1, field)
        for i in range(part.count):
            bit = part.first + i
            found.append(None if _is_absent(part, i) else bool(data[bit >> 3] >> (bit & 7) & 1))
    return tuple(found)


cdef tuple _decoded(tuple fixed, Parts parts, str field):
    """Decode values of a fixed width. *fixed* is the width in bytes and the decoder."""
    cdef int64_t width = fixed[0], i
    cdef object decode = fixed[1]
    cdef const uint8_t *data
    cdef list found = []
    cdef Part part
    for part in parts.parts[:parts.n]:
        data = _buffer(part, 1, field)
        if part.first + part.count > TOKBOX_MAX_BYTES // width:
            _refuse(field, "be an Arrow array whose length and offset are possible")
        for i in range(part.count):
            found.append(None if _is_absent(part, i) else decode(PyBytes_FromStringAndSize(
                <const char *>data + width * (part.first + i), width
            )))
    return tuple(found)


cdef tuple _opaque(value, Parts parts, bint nullable):
    """Return *value* for each row that is not null."""
    cdef list found = []
    cdef int64_t i
    cdef Part part
    for part in parts.parts[:parts.n]:
        for i in range(part.count):
            found.append(None if nullable and _is_absent(part, i) else value)
    return tuple(found)


cdef str _extension(ArrowSchema *schema):
    """Return the name of the extension type, or "".

    The metadata begin with the number of pairs. Each key and each value is a length and the
    bytes.
    """
    cdef const char *at = schema.metadata
    cdef int32_t pairs, i
    cdef bytes key, text
    if at == NULL:
        return ""
    pairs = tokbox_once32(at)
    at += sizeof(int32_t)
    for i in range(pairs):
        key = _read_bytes(&at)
        text = _read_bytes(&at)
        if key == b"ARROW:extension:name":
            return text.decode("utf-8", "replace")
    return ""


cdef bytes _read_bytes(const char **at):
    cdef int32_t length = max(0, tokbox_once32(at[0]))
    cdef bytes text = PyBytes_FromStringAndSize(at[0] + sizeof(int32_t), length)
    at[0] += sizeof(int32_t) + length
    return text


cdef IntColumn _whole_seconds(bytes form, Parts parts, str field):
    """Convert floats, decimals and durations to an `IntColumn`. Returns None if a value is
    not a whole number of seconds, and for other types."""
    cdef int64_t width = 0, unit = 0
    cdef IntColumn column
    cdef int64_t *to
    cdef uint8_t *absent
    cdef const uint8_t *data
    cdef Part part
    cdef bint valid
    if form != b"f" and form != b"g":
        scaled = arrow_values.scaled(form.decode("ascii", "replace"))
        if scaled is None:
            return None
        width, unit = scaled
    column = IntColumn(_rows(parts), False)
    to, absent = column.numbers, column.absent
    for part in parts.parts[:parts.n]:
        data = _buffer(part, 1, field)
        if form == b"f":
            valid = _fill_floats(part, <const float *>data, to, absent)
        elif form == b"g":
            valid = _fill_floats(part, <const double *>data, to, absent)
        else:
            valid = _fill_scaled(part, data, width, unit, to, absent)
        if not valid:
            return None
        to += part.count
        absent += part.count
        PyErr_CheckSignals()
    return column


cdef bint _fill_floats(Part part, const real_t *data, int64_t *to,
                       uint8_t *absent) noexcept nogil:
    """Copy the numbers. Returns False if a number has a fraction or exceeds 2**53."""
    cdef int64_t i
    cdef real_t number
    for i in range(part.count):
        number = 0
        absent[i] = _is_absent(part, i)
        if not absent[i]:
            memcpy(&number, <const uint8_t *>data + (part.first + i) * sizeof(real_t),
                   sizeof(real_t))
        # A double represents every integer up to 2**53. Also rejects NaN.
        if not -9007199254740992.0 <= number <= 9007199254740992.0:
            return False
        to[i] = <int64_t>number
        if <real_t>to[i] != number:
            return False
    return True


cdef bint _fill_scaled(Part part, const uint8_t *data, int64_t width, int64_t unit,
                       int64_t *to, uint8_t *absent) noexcept nogil:
    """Copy the numbers, divided by *unit*. Returns False if there is a remainder or a
    number exceeds 64 bits. *width* is 8 or 16 bytes; numbers of 16 bytes are
    little-endian."""
    cdef int64_t i
    cdef int64_t[2] number
    for i in range(part.count):
        number[0] = number[1] = 0
        absent[i] = _is_absent(part, i)
        if not absent[i]:
            memcpy(number, data + (part.first + i) * width, width)
        if number[0] % unit or width == 16 and number[1] != number[0] >> 63:
            return False
        to[i] = number[0] // unit
    return True


cdef object _decode_dictionary(ArrowSchema *schema, Parts parts, list owners, str field, int depth):
    """Convert dictionary-encoded arrays. Each part has a separate dictionary."""
    cdef bytes form = _format(schema, field)
    cdef list found = []
    cdef Part part
    if len(form) != 1 or form not in b"cCsSiIlL":
        _refuse(field, "be an Arrow array whose dictionary is looked up by integers")
    for part in parts.parts[:parts.n]:
        found.append((_numbers(form, _single_part(part), field), _column(
            schema.dictionary, _all_rows(part.array.dictionary, field), owners, field, depth + 1
        )))
    return _expand(found, owners, field)


cdef object _run_ends(ArrowSchema *schema, Parts parts, list owners, str field, int depth):
    """Convert run-end encoded arrays. The end of a run is the first row after it."""
    cdef IntColumn ends, places
    cdef list found = []
    cdef int64_t i, run
    cdef bytes form
    cdef Part part
    if schema.n_children != 2 or schema.children == NULL or (
        schema.children[0] == NULL or schema.children[1] == NULL
    ):
        _refuse(field, "be an Arrow array whose schema has the children of its format")
    form = _format(schema.children[0], field)
    if form not in (b"s", b"i", b"l"):
        _refuse(field, "be an Arrow array whose runs end at signed integers")
    for part in parts.parts[:parts.n]:
        if part.array.n_children != 2 or part.array.children == NULL or (
            part.array.children[0] == NULL or part.array.children[1] == NULL
        ):
            _refuse(field, "be an Arrow array with as many children as its schema has")
        ends = _numbers(form, _all_rows(part.array.children[0], field), field)
        places = IntColumn(part.count, False)
        part.valid = NULL  # run-end encoded arrays have no validity buffer
        run = 0
        for i in range(part.count):
            while run < ends.n and ends.numbers[run] <= part.first + i:
                run += 1
            places.numbers[i] = run
            places.absent[i] = _is_absent(part, i)
        found.append((places, _column(
            schema.children[1], _all_rows(part.array.children[1], field), owners, field, depth + 1
        )))
    return _expand(found, owners, field)


cdef object _expand(list found, list owners, str field):
    """Look up the values of each pair of indices and values in *found*. If all values are
    strings, rows with the same index refer to the same text."""
    cdef StringColumn texts, column
    cdef IntColumn places
    cdef fs_text *to
    cdef int64_t i, place
    cdef list others = []
    cdef bint are_texts = all([type(values) is StringColumn for _, values in found])
    total = sum([len(places) for places, _ in found])
    column = StringColumn(total if are_texts else 0, owners)
    to = column.texts
    for places, values in found:
        texts = values if are_texts else None
        count = len(values)
        for i in range(places.n):
            place = places.numbers[i]
            if places.absent[i]:
                if not are_texts:
                    others.append(None)
                continue
            if not 0 <= place < count:
                _refuse(field, "be an Arrow array whose indices stay within its values")
            if are_texts:
                to[i] = texts.texts[place]
            else:
                others.append(values[place])
        to += places.n
        PyErr_CheckSignals()
    return column if are_texts else tuple(others)


cdef ListColumn _fixed_lists(ArrowSchema *schema, Parts parts, list owners, str field, int depth):
    """Convert lists of a fixed length, which is part of the format."""
    cdef ListColumn lists = ListColumn(_rows(parts))
    cdef ListRow *row = lists.rows
    cdef int64_t i
    cdef Part part
    cdef bytes digits = _format(schema, field)[3:]
    size = int(digits) if digits.isdigit() and len(digits) <= 10 else -1
    for part in parts.parts[:parts.n]:
        values = _items(schema, part, owners, field, depth)
        if not 0 <= size * (part.first + part.count) <= len(values):
            _refuse(field, "be an Arrow array whose lists stay within their child")
        lists.owners.append(values)
        for i in range(part.count):
            if not _is_absent(part, i):
                row.items = <PyObject *>values
                row.start = size * (part.first + i)
                row.end = row.start + size
            row += 1
    return lists


cdef ListColumn _lists(ArrowSchema *schema, Parts parts, list owners, str field, int depth):
    cdef ListColumn lists = ListColumn(_rows(parts))
    cdef ListRow *row = lists.rows
    cdef const uint8_t *places
    cdef bint wide = schema.format == b"+L"
    cdef int64_t i, start, end, total, width = 8 if wide else 4
    cdef Part part
    for part in parts.parts[:parts.n]:
        values = _items(schema, part, owners, field, depth)
        places = _buffer(part, 1, field)
        if not part.count:
            continue
        lists.owners.append(values)
        total = len(values)
        places += width * part.first
        end = _read_offset(places, wide)
        for i in range(part.count):
            places += width
            start, end = end, _read_offset(places, wide)
            if not 0 <= start <= end <= total:
                _refuse(field, "be an Arrow array whose offsets stay within its buffers")
            if not _is_absent(part, i):
                row.items, row.start, row.end = <PyObject *>values, start, end
            row += 1
    return lists


cdef object _items(ArrowSchema *schema, Part part, list owners, str field, int depth):
    """Return the items of all lists of a part as a column."""
    return _column(_only_column(schema, field), _all_rows(_only_child(part.array, field), field),
                   owners, field, depth + 1)


cdef inline int64_t _read_offset(const uint8_t *at, bint wide) noexcept nogil:
    """Read a 64-bit offset if *wide*, or else a 32-bit offset."""
    return tokbox_once64(at) if wide else tokbox_once32(at)
