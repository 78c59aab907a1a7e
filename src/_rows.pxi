# Rows: tokens with different claims. Included by _fastsign.pyx.

# Rows that are processed without yielding the GIL, and rows in a slice.
cdef enum:
    LOOK = 4096

# Texts that are read before they are validated.
cdef enum:
    CHECK = 64

# Texts that are copied into one block of memory: some milliseconds.
cdef enum:
    TAKE = 32768

# Maximum length of a text with seconds; MAX_SECONDS has 7 digits.
cdef enum:
    MAX_DIGITS = 8

# Bytes of a block of memory for joined names of layout classes.
cdef enum:
    ROOM = 64 * MAX_CHARACTERS

# Number of rows to prefetch ahead.
cdef enum:
    AHEAD = 16

# The largest integer that is a valid key.
cdef object MAX_KEY = 2**64 - 1

cdef struct RowsJob:
    const fs_rows *rows
    uint8_t *base
    fs_fresh fresh
    int64_t *offsets    # during measurement: the lengths


cdef void _measure_slice(void *argument, size_t first, size_t count) noexcept nogil:
    cdef RowsJob *job = <RowsJob *>argument
    fs_rows_lengths(job.rows, first, count, job.offsets + 1 + first)


cdef void _sign_rows_slice(void *argument, size_t first, size_t count) noexcept nogil:
    cdef RowsJob *job = <RowsJob *>argument
    cdef int64_t start = job.offsets[first], end = job.offsets[first + count]
    fs_fresh_prefault(&job.fresh, job.base + start, end - start)
    fs_rows_sign(job.rows, first, count, job.base, job.offsets)


cdef void _add_up(int64_t *at, Py_ssize_t n) noexcept nogil:
    """Convert the lengths in at[1] ... at[n] to the end offsets of the tokens."""
    cdef Py_ssize_t i
    for i in range(n):
        at[i + 1] += at[i]


cdef uint64_t _unit(uint8_t letter) noexcept nogil:
    """Return the seconds of a unit of time, or 0 if it is unknown."""
    if letter == b"s":
        return 1
    if letter == b"m":
        return 60
    if letter == b"h":
        return 3600
    if letter == b"d":
        return 86400
    return 604800 if letter == b"w" else 0


# A column whose texts are validated in place, or copied to `places`, by threads.
cdef struct TextsJob:
    fs_import take
    PyObject **items
    uint8_t **places


cdef void _read_slice(void *argument, size_t first, size_t count) noexcept nogil:
    """Validate the texts of a slice, a few rows at a time to stay in the L1 cache."""
    cdef TextsJob *job = <TextsJob *>argument
    cdef fs_text *texts = job.take.texts
    cdef size_t i, end = first + count, stop
    while first < end:
        stop = min(first + CHECK, end)
        for i in range(first, stop):
            if end - i > AHEAD:
                tokbox_prefetch(job.items[i + AHEAD])
                tokbox_prefetch(<const uint8_t *>job.items[i + AHEAD] + 64)
            if not tokbox_ascii(job.items[i], &texts[i]):
                texts[i].len = 1
        fs_check_texts(&job.take, first, stop - first)
        first = stop


cdef void _take_slice(void *argument, size_t first, size_t count) noexcept nogil:
    """Copy and validate the texts of a slice, with a separate import state."""
    cdef TextsJob *job = <TextsJob *>argument
    cdef fs_import take = job.take
    fs_prefault(job.places[first // TAKE], fs_import_room(&take, first, count))
    fs_import_texts(&take, first, count, job.places[first // TAKE])


cdef struct DeriveJob:
    fs_derive derive
    const fs_text *row_keys
    fs_nonce *nonces


cdef void _derive_slice(void *argument, size_t first, size_t count) noexcept nogil:
    cdef DeriveJob *job = <DeriveJob *>argument
    fs_derive_nonces(&job.derive, job.row_keys + first, count, job.nonces + first)


@cython.final
cdef class Rows:
    """The claims of *n* tokens, as columns, and their signatures.

    *head* is as for a `BatchPlan`; *data* contains the constant claims (see fastsign.h).
    `texts`, `roles` and `seconds` set the other columns. They call *slow_path* with the row
    and the value for each value that they cannot validate themselves. It returns the value
    to sign, returns None to skip the row, or raises an exception.
    """

    cdef Key key
    cdef fs_rows rows
    cdef uint8_t *memory
    cdef uint8_t *skipped
    cdef uint8_t *room      # memory for joined names, owned by `columns`
    cdef size_t room_left
    cdef readonly Py_ssize_t n
    cdef list columns       # memory of the columns
    cdef list kept          # owners of the texts

    def __cinit__(self, Key key not None, Py_ssize_t n, bytes head not None,
                  bytes data not None, uint64_t create_time, bint jwt=False,
                  bytes random=None):
        cdef size_t head_len = PyBytes_GET_SIZE(head), data_len = PyBytes_GET_SIZE(data)
        cdef size_t text_len = fs_rows_text(head_len, data_len)
        cdef fs_nonce nonce
        _draw_nonce(&nonce, random)
        self.memory = <uint8_t *>malloc(text_len + head_len + data_len + 41)
        self.skipped = <uint8_t *>calloc(n + 1, 1)
        if self.memory == NULL or self.skipped == NULL:
            raise MemoryError
        fs_rows_prepare(&self.rows, &key.key, &nonce, jwt,
                        <const uint8_t *>PyBytes_AS_STRING(head), head_len,
                        <const uint8_t *>PyBytes_AS_STRING(data), data_len,
                        self.memory, self.memory + text_len)
        self.rows.create_time = create_time
        self.key = key
        self.n = n
        self.columns = []
        self.kept = []

    def __dealloc__(self):
        fs_wipe(&self.rows, sizeof(self.rows))
        free(self.memory)
        free(self.skipped)

    def __reduce__(self):
        raise TypeError("rows cannot be pickled or copied: they would carry the secret along")

    cdef uint8_t *_column(self, size_t size) except NULL:
        memory = _paged(self.n * size)
        self.columns.append(memory)
        return memory.data

    cdef object _run_slow_path(self, slow_path, Py_ssize_t i, value):
        """Call *slow_path*. Returns the value to sign, or None if the row is skipped."""
        value = slow_path(i, value)
        if value is None:
            self.skipped[i] = 1
            self.rows.skip = self.skipped
        else:
            self.kept.append(value)
        return value

    def texts(self, str column not None, values not None, slow_path,
              bytes api_key=None, *, unsigned threads=1) -> None:
        """Set *column*, "session_id" (of *api_key*), "connection_data" or "classes".

        Here and below, *values* is a result of `copy_list` or an imported column. The texts
        of an imported column are replaced by the values to sign, so it must not be used
        again.
        """
        cdef fs_import take
        cdef Memory good = Memory(self.n)
        if len(values) != self.n:
            raise ValueError("a column has another length")
        memset(&take, 0, sizeof(take))
        take.good = good.data
        take.codec = self.key.key.engine.codec
        if type(values) is StringColumn:
            take.texts = (<StringColumn>values).texts
        else:
            take.texts = <fs_text *>self._column(sizeof(fs_text))
        if column == "session_id":
            take.column = FS_SESSIONS
            take.api_key = <const uint8_t *>PyBytes_AS_STRING(api_key)
            take.key_len = PyBytes_GET_SIZE(api_key)
            self.rows.session_id = take.texts
        elif column == "connection_data":
            take.column = FS_DATA
            self.rows.connection_data = take.texts
        elif column == "classes":
            take.column = FS_CLASSES
            self.rows.classes = take.texts
        else:
            raise ValueError("no such column")
        if type(values) is StringColumn:
            self._take_texts(<StringColumn>values, &take, slow_path, threads)
        elif type(values) is ListColumn and take.column == FS_CLASSES:
            self._join_lists(<ListColumn>values, &take, slow_path)
        else:
            self._read_texts(_checked(values), &take, slow_path, threads)

    cdef int _read_texts(self, values, fs_import *take, slow_path, unsigned threads) except -1:
        """Set the texts of a column of Python objects. Threads validate ASCII strings;
        other values need the GIL."""
        cdef TextsJob job
        cdef double since
        cdef Py_ssize_t i = -1, looked = 0, length
        cdef const char *utf8
        cdef fs_text *text
        self.kept.append(values)
        job.take = take[0]
        job.items = tokbox_items(values)
        _do(_read_slice, &job, self.n, LOOK, self.n <= FEW, threads)
        since = fs_now()
        while (i := _next_zero(take.good, self.n, i)) >= 0:
            value = _item(values, i)
            text = &take.texts[i]
            looked += 1
            if looked % LOOK == 0:
                _yield_gil(&since)
            if isinstance(value, str):
                # The methods of a subclass are not called.
                if PyUnicode_GET_LENGTH(value) <= MAX_CHARACTERS:
                    utf8 = _utf8(value, &length)
                    if utf8 != NULL:
                        text.data = <const uint8_t *>utf8
                        text.len = length
                        fs_check_texts(take, i, 1)
            elif take.column == FS_CLASSES:
                length = _join_names(value, self._room())
                if length >= 0:
                    take.good[i] = 1
                    self._keep_names(text, length)
            if not take.good[i]:
                self._settle(slow_path, i, value, text)
        return 0

    cdef int _join_lists(self, ListColumn values, fs_import *take, slow_path) except -1:
        """Set the texts to the joined names of layout classes."""
        cdef double since = fs_now()
        cdef Py_ssize_t i, length
        for i in range(self.n):
            if i % LOOK == LOOK - 1:
                _yield_gil(&since)
            length = values.join(i, self._room(), MAX_CHARACTERS)
            if length >= 0 and fs_are_names(self.room, length):
                self._keep_names(&take.texts[i], length)
            else:
                self._settle(slow_path, i, values[i], &take.texts[i])
        return 0

    cdef void _keep_names(self, fs_text *text, size_t length) noexcept:
        """Set *text* to the names that were joined in `room`, and advance `room`."""
        text.data = self.room
        text.len = length
        self.room += length
        self.room_left -= length

    cdef uint8_t *_room(self) except NULL:
        """Return memory for the joined names of a row."""
        cdef Memory memory
        if self.room_left < MAX_CHARACTERS:
            memory = Memory(ROOM)
            self.columns.append(memory)
            self.room = memory.data
            self.room_left = ROOM
        return self.room

    cdef int _settle(self, slow_path, Py_ssize_t i, value, fs_text *text) except -1:
        """Set the text of row *i* to the value from *slow_path*."""
        value = self._run_slow_path(slow_path, i, value)
        text.data = NULL
        text.len = 0
        return 0 if value is None else _set_text(text, value)

    cdef int _take_texts(self, StringColumn values, fs_import *take, slow_path,
                         unsigned threads) except -1:
        """Replace the texts of *values* by copies, because other threads may write to the
        originals (see import_columns.c)."""
        cdef TextsJob job
        cdef Memory copies, places = Memory((self.n // TAKE + 1) * sizeof(uint8_t *))
        cdef double since = fs_now()
        cdef Py_ssize_t i
        job.take = take[0]
        job.places = <uint8_t **>places.data
        self.columns.append(values)
        for i in range(0, self.n, TAKE):
            copies = Memory(fs_import_room(take, i, min(TAKE, self.n - i)))
            self.columns.append(copies)
            job.places[i // TAKE] = copies.data
            _yield_gil(&since)
        _do(_take_slice, &job, self.n, TAKE, self.n <= FEW, threads)
        i = -1
        while (i := _next_zero(take.good, self.n, i)) >= 0:
            self._settle(slow_path, i, values[i], &values.texts[i])
        return 0

    def roles(self, values not None, slow_path) -> None:
        """Set the column of roles."""
        cdef uint8_t *roles = self._column(1)
        if len(values) != self.n:
            raise ValueError("a column has another length")
        if type(values) is StringColumn:
            self._take_roles(<StringColumn>values, roles, slow_path)
        else:
            self._read_roles(_checked(values), roles, slow_path)
        self.rows.role = roles

    cdef int _take_roles(self, StringColumn values, uint8_t *roles, slow_path) except -1:
        cdef fs_import take
        cdef Memory good = Memory(self.n)
        cdef Py_ssize_t i = -1
        take.texts = values.texts
        take.good = good.data
        with nogil:
            fs_import_roles(&take, 0, self.n, roles)
        while (i := _next_zero(good.data, self.n, i)) >= 0:
            value = self._run_slow_path(slow_path, i, values[i])
            roles[i] = 0 if value is None else ROLES[value]
        return 0

    cdef int _read_roles(self, values, uint8_t *roles, slow_path) except -1:
        cdef double since = fs_now()
        cdef Py_ssize_t i
        for i in range(self.n):
            value = _item(values, i)
            if i % LOOK == LOOK - 1:
                _yield_gil(&since)
            number = _role(value)
            if number is None:
                value = self._run_slow_path(slow_path, i, value)
                number = 0 if value is None else ROLES[value]
            roles[i] = number
        return 0

    def seconds(self, values not None, slow_path) -> None:
        """Set the column of expirations."""
        cdef uint32_t *seconds = <uint32_t *>self._column(sizeof(uint32_t))
        if len(values) != self.n:
            raise ValueError("a column has another length")
        if type(values) is IntColumn:
            self._take_seconds(<IntColumn>values, seconds, slow_path)
        elif type(values) is StringColumn:
            self._take_digits(<StringColumn>values, seconds, slow_path)
        else:
            self._read_seconds(_checked(values), seconds, slow_path)
        self.rows.expiration = seconds

    cdef int _take_seconds(self, IntColumn values, uint32_t *seconds, slow_path) except -1:
        cdef Memory good = Memory(self.n)
        cdef Py_ssize_t i
        cdef int64_t number
        with nogil:
            for i in range(self.n):
                number = values.numbers[i]
                good.data[i] = not values.absent[i] and 0 <= number <= MAX_SECONDS
                seconds[i] = <uint32_t>number
        i = -1
        while (i := _next_zero(good.data, self.n, i)) >= 0:
            value = self._run_slow_path(slow_path, i, values[i])
            seconds[i] = 0 if value is None else value
        return 0

    cdef int _take_digits(self, StringColumn values, uint32_t *seconds, slow_path) except -1:
        """Parse seconds: digits, or digits and one unit, such as 2h."""
        cdef Memory good = Memory(self.n)
        cdef Py_ssize_t i
        cdef uint64_t k, number, unit
        cdef uint8_t digit
        cdef fs_text text
        with nogil:
            for i in range(self.n):
                text = values.texts[i]
                number = 0
                good.data[i] = text.data != NULL and 0 < text.len <= MAX_DIGITS
                if good.data[i]:
                    # Other threads may write to the text, so read each byte once.
                    for k in range(text.len):
                        digit = text.data[k] - 48
                        if digit < 10:
                            number = number * 10 + digit
                            continue
                        unit = _unit(digit + 48) if 0 < k == text.len - 1 else 0
                        good.data[i] &= unit != 0
                        number *= unit
                good.data[i] &= number <= MAX_SECONDS
                seconds[i] = <uint32_t>number
        i = -1
        while (i := _next_zero(good.data, self.n, i)) >= 0:
            value = self._run_slow_path(slow_path, i, values[i])
            seconds[i] = 0 if value is None else value
        return 0

    cdef int _read_seconds(self, values, uint32_t *seconds, slow_path) except -1:
        cdef double since = fs_now()
        cdef Py_ssize_t i
        cdef int64_t number
        for i in range(self.n):
            value = _item(values, i)
            if i % LOOK == LOOK - 1:
                _yield_gil(&since)
            number = _seconds_of(value)
            if number >= 0:
                seconds[i] = <uint32_t>number
                continue
            value = self._run_slow_path(slow_path, i, value)
            seconds[i] = 0 if value is None else value
        return 0

    def row_keys(self, Key key not None, bytes run_id not None, values not None,
                 slow_path, repeated, *, unsigned threads=1) -> None:
        """Derive the nonce of each row from *run_id* and its row key (see derive.c).

        *key* is the HMAC key, *values* are the row keys. *slow_path* is as for the other
        columns. *repeated* is called with the row and the value for each row key that
        repeats an earlier one; it returns None to skip the row, or raises an exception.
        """
        cdef fs_text *texts = <fs_text *>self._column(sizeof(fs_text))
        cdef fs_nonce *nonces = <fs_nonce *>self._column(sizeof(fs_nonce))
        cdef size_t run_len = PyBytes_GET_SIZE(run_id)
        cdef double since = fs_now()
        cdef Py_ssize_t i, length
        cdef const char *utf8
        cdef uint8_t *digits = NULL
        cdef long number
        cdef int overflow
        cdef DeriveJob job
        if len(_checked(values)) != self.n or run_len > FS_MAX_ID:
            raise ValueError("a column or a run's id has another length")
        self.kept.append(values)
        for i in range(self.n):
            value = _item(values, i)
            if self.n - i > AHEAD:
                tokbox_prefetch(PySequence_Fast_GET_ITEM(values, i + AHEAD))
            if i % LOOK == LOOK - 1:
                _yield_gil(&since)
            if type(value) is int:
                number = PyLong_AsLongAndOverflow(value, &overflow)
                if overflow == 0 or overflow > 0 and value <= MAX_KEY:
                    if digits == NULL:
                        digits = self._column(NUMBER)
                    texts[i].data = digits
                    if overflow == 0:
                        texts[i].len = _signed_decimal(digits, number)
                    else:
                        texts[i].len = fs_decimal(digits, <uint64_t>value)
                    digits += NUMBER
                    continue
            elif type(value) is str:
                utf8 = _utf8(value, &length)
                if utf8 != NULL and 0 < length <= <Py_ssize_t>FS_MAX_ID:
                    texts[i].data = <const uint8_t *>utf8
                    texts[i].len = length
                    continue
            value = self._run_slow_path(slow_path, i, value)
            texts[i].data = NULL
            texts[i].len = 0
            if value is not None:
                utf8 = PyUnicode_AsUTF8AndSize(value, &length)
                texts[i].data = <const uint8_t *>utf8
                texts[i].len = length
        fs_derive_prepare(&job.derive, &key.key, <const uint8_t *>PyBytes_AS_STRING(run_id),
                          run_len)
        job.row_keys = texts
        job.nonces = nonces
        try:
            _do(_derive_slice, &job, self.n, SLICE, self.n <= FEW, threads)
        finally:
            fs_wipe(&job.derive, sizeof(job.derive))
        self.rows.nonces = nonces
        if self._repeated():
            for i in range(self.n):
                if self.skipped[i] == 2:
                    self._run_slow_path(repeated, i, values[i])

    cdef bint _repeated(self) except -1:
        """Mark rows that repeat an earlier nonce, and return whether there are any."""
        cdef size_t room = 2
        cdef size_t *table
        cdef bint found
        while room < 2 * <size_t>self.n:
            room *= 2
        table = <size_t *>calloc(room, sizeof(size_t))
        if table == NULL:
            raise MemoryError
        with nogil:
            found = fs_find_repeated(self.rows.nonces, self.n, self.skipped, table, room)
            free(table)
        return found

    def lengths(self, *, unsigned threads=1) -> Memory:
        """Return the offsets of all tokens, and their end, as n + 1 int64 values."""
        cdef Memory offsets = Memory((self.n + 1) * sizeof(int64_t))
        cdef int64_t *at = <int64_t *>offsets.data
        cdef RowsJob job
        job.rows = &self.rows
        job.base = NULL
        job.offsets = at
        _do(_measure_slice, &job, self.n, LOOK, self.n <= FEW, threads)
        at[0] = 0
        if self.n <= FEW:
            _add_up(at, self.n)
        else:
            with nogil:
                _add_up(at, self.n)
        return offsets

    def sign(self, Memory memory not None, Memory offsets not None, *,
             unsigned threads=1) -> None:
        """Sign all rows into *memory*, at the *offsets* that `lengths` returned."""
        cdef RowsJob job
        cdef bint few
        job.rows = &self.rows
        job.base = memory.data
        job.offsets = <int64_t *>offsets.data
        if offsets.nbytes != (self.n + 1) * <Py_ssize_t>sizeof(int64_t):
            raise ValueError("the offsets are of other rows")
        if memory.nbytes < job.offsets[self.n]:
            raise ValueError("the memory is too small")
        fs_fresh_open(&job.fresh, memory.data, memory.nbytes, memory.fresh)
        memory.fresh = False
        few = self.n <= FEW and job.offsets[self.n] <= MAX_FEW
        try:
            _do(_sign_rows_slice, &job, self.n, _slice(self.n, threads), few, threads)
        finally:
            fs_fresh_close(&job.fresh)
