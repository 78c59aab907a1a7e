# Rows: tokens with different claims. Included by _fastsign.pyx.

# Rows that are processed without yielding the GIL, and rows in a slice.
cdef enum:
    ROW_SLICE = 4096

# Texts that are read before they are validated.
cdef enum:
    CACHED_ROWS = 64

# Texts that are copied into one block of memory: some milliseconds.
cdef enum:
    IMPORT_SLICE = 32768

# Maximum length of a text with seconds; MAX_SECONDS has 7 digits.
cdef enum:
    MAX_DURATION = 8

# Bytes of a block of memory for joined names of layout classes.
cdef enum:
    NAMES_BLOCK = 64 * MAX_CHARACTERS

# Number of rows to prefetch ahead.
cdef enum:
    PREFETCH_ROWS = 16

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


cdef void _to_offsets(int64_t *at, Py_ssize_t n) noexcept nogil:
    """Convert the lengths in at[1] ... at[n] to the end offsets of the tokens."""
    cdef Py_ssize_t i
    for i in range(n):
        at[i + 1] += at[i]


cdef uint64_t _unit_seconds(uint8_t letter) noexcept nogil:
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
    fs_column column
    PyObject **items
    uint8_t **places


cdef void _validate_slice(void *argument, size_t first, size_t count) noexcept nogil:
    """Validate the texts of a slice, a few rows at a time to stay in the L1 cache."""
    cdef TextsJob *job = <TextsJob *>argument
    cdef fs_text *texts = job.column.texts
    cdef size_t i, end = first + count, stop
    while first < end:
        stop = min(first + CACHED_ROWS, end)
        for i in range(first, stop):
            if end - i > PREFETCH_ROWS:
                tokbox_prefetch(job.items[i + PREFETCH_ROWS])
                tokbox_prefetch(<const uint8_t *>job.items[i + PREFETCH_ROWS] + 64)
            if not tokbox_ascii(job.items[i], &texts[i]):
                texts[i].len = 1
        fs_check_texts(&job.column, first, stop - first)
        first = stop


cdef void _import_slice(void *argument, size_t first, size_t count) noexcept nogil:
    """Copy and validate the texts of a slice, with a separate import state."""
    cdef TextsJob *job = <TextsJob *>argument
    cdef fs_column column = job.column
    fs_prefault(job.places[first // IMPORT_SLICE], fs_import_size(&column, first, count))
    fs_import_texts(&column, first, count, job.places[first // IMPORT_SLICE])


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
    `column` sets the other columns. It calls *slow_path* with the row and the value for
    each value that it cannot validate itself. That function returns the value to sign,
    returns None to skip the row, or raises an exception.
    """

    cdef Key key
    cdef fs_rows rows
    cdef uint8_t *memory
    cdef uint8_t *skipped
    cdef uint8_t *names     # memory for joined names, owned by `columns`
    cdef size_t names_left
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

    cdef uint8_t *_allocate_column(self, size_t size) except NULL:
        memory = _prefaulted(self.n * size)
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

    def column(self, str claim not None, values not None, slow_path, bytes owner=None, *,
               unsigned threads=1) -> None:
        """Set the column of a claim: one of the arguments in `CLAIMS`.

        *values* is a result of `copy_list` or an imported column. The texts of an imported
        column are replaced by the values to sign, so it must not be used again. *owner* is
        the API key of the sessions.
        """
        cdef int c = ARGUMENTS.index(claim)
        cdef int type_ = fs_claims[c].type
        if len(values) != self.n:
            raise ValueError("a column has another length")
        if type_ == FS_TYPE_SECONDS:
            self.rows.columns[c] = self._set_seconds(values, slow_path)
        elif type_ == FS_TYPE_ROLE:
            self.rows.columns[c] = self._set_roles(values, slow_path)
        else:
            self.rows.columns[c] = self._set_texts(type_, values, slow_path, owner, threads)

    cdef fs_text *_set_texts(self, int type_, values, slow_path, bytes owner,
                             unsigned threads) except NULL:
        cdef fs_column column
        cdef Memory valid = Memory(self.n)
        memset(&column, 0, sizeof(column))
        column.type = type_
        column.codec = self.key.key.engine.codec
        column.valid = valid.data
        if type(values) is StringColumn:
            column.texts = (<StringColumn>values).texts
        else:
            column.texts = <fs_text *>self._allocate_column(sizeof(fs_text))
        if owner is not None:
            column.api_key = <const uint8_t *>PyBytes_AS_STRING(owner)
            column.key_len = PyBytes_GET_SIZE(owner)
        elif type_ == FS_TYPE_ID:
            raise ValueError("session IDs need an owner")
        if type(values) is StringColumn:
            self._import_texts(<StringColumn>values, &column, slow_path, threads)
        elif type(values) is ListColumn and type_ == FS_TYPE_NAMES:
            self._join_lists(<ListColumn>values, &column, slow_path)
        else:
            self._read_texts(_check_copied(values), &column, slow_path, threads)
        return column.texts

    cdef int _read_texts(self, values, fs_column *column, slow_path, unsigned threads) except -1:
        """Set the texts of a column of Python objects. Threads validate ASCII strings;
        other values need the GIL."""
        cdef TextsJob job
        cdef double since
        cdef Py_ssize_t i = -1, looked = 0, length
        cdef const char *utf8
        cdef fs_text *text
        self.kept.append(values)
        job.column = column[0]
        job.items = tokbox_items(values)
        _run_job(_validate_slice, &job, self.n, ROW_SLICE, self.n <= SMALL_BATCH, threads)
        since = fs_now()
        while (i := _next_zero(column.valid, self.n, i)) >= 0:
            value = _item(values, i)
            text = &column.texts[i]
            looked += 1
            if looked % ROW_SLICE == 0:
                _yield_gil(&since)
            if isinstance(value, str):
                # The methods of a subclass are not called.
                if PyUnicode_GET_LENGTH(value) <= MAX_CHARACTERS:
                    utf8 = _utf8(value, &length)
                    if utf8 != NULL:
                        text.data = <const uint8_t *>utf8
                        text.len = length
                        fs_check_texts(column, i, 1)
            elif column.type == FS_TYPE_NAMES:
                length = _join_names(value, self._names_memory())
                if length >= 0:
                    column.valid[i] = 1
                    self._keep_names(text, length)
            if not column.valid[i]:
                self._set_from_slow_path(slow_path, i, value, text)
        return 0

    cdef int _join_lists(self, ListColumn values, fs_column *column, slow_path) except -1:
        """Set the texts to the joined names of layout classes."""
        cdef double since = fs_now()
        cdef Py_ssize_t i, length
        for i in range(self.n):
            if i % ROW_SLICE == ROW_SLICE - 1:
                _yield_gil(&since)
            length = values.join(i, self._names_memory(), MAX_CHARACTERS)
            if length >= 0 and fs_are_names(self.names, length):
                self._keep_names(&column.texts[i], length)
            else:
                self._set_from_slow_path(slow_path, i, values[i], &column.texts[i])
        return 0

    cdef void _keep_names(self, fs_text *text, size_t length) noexcept:
        """Set *text* to the names that were joined in `names`, and advance it."""
        text.data = self.names
        text.len = length
        self.names += length
        self.names_left -= length

    cdef uint8_t *_names_memory(self) except NULL:
        """Return memory for the joined names of a row."""
        cdef Memory memory
        if self.names_left < MAX_CHARACTERS:
            memory = Memory(NAMES_BLOCK)
            self.columns.append(memory)
            self.names = memory.data
            self.names_left = NAMES_BLOCK
        return self.names

    cdef int _set_from_slow_path(self, slow_path, Py_ssize_t i, value, fs_text *text) except -1:
        """Set the text of row *i* to the value from *slow_path*."""
        value = self._run_slow_path(slow_path, i, value)
        text.data = NULL
        text.len = 0
        return 0 if value is None else _set_text(text, value)

    cdef int _import_texts(self, StringColumn values, fs_column *column, slow_path,
                         unsigned threads) except -1:
        """Replace the texts of *values* by copies, because other threads may write to the
        originals (see import_columns.c)."""
        cdef TextsJob job
        cdef Memory copies, places = Memory((self.n // IMPORT_SLICE + 1) * sizeof(uint8_t *))
        cdef double since = fs_now()
        cdef Py_ssize_t i
        job.column = column[0]
        job.places = <uint8_t **>places.data
        self.columns.append(values)
        for i in range(0, self.n, IMPORT_SLICE):
            copies = Memory(fs_import_size(column, i, min(IMPORT_SLICE, self.n - i)))
            self.columns.append(copies)
            job.places[i // IMPORT_SLICE] = copies.data
            _yield_gil(&since)
        _run_job(_import_slice, &job, self.n, IMPORT_SLICE, self.n <= SMALL_BATCH, threads)
        i = -1
        while (i := _next_zero(column.valid, self.n, i)) >= 0:
            self._set_from_slow_path(slow_path, i, values[i], &values.texts[i])
        return 0

    cdef uint8_t *_set_roles(self, values, slow_path) except NULL:
        cdef uint8_t *roles = self._allocate_column(1)
        if type(values) is StringColumn:
            self._import_roles(<StringColumn>values, roles, slow_path)
        else:
            self._read_roles(_check_copied(values), roles, slow_path)
        return roles

    cdef int _import_roles(self, StringColumn values, uint8_t *roles, slow_path) except -1:
        cdef fs_column column
        cdef Memory valid = Memory(self.n)
        cdef Py_ssize_t i = -1
        column.texts = values.texts
        column.valid = valid.data
        with nogil:
            fs_import_roles(&column, 0, self.n, roles)
        while (i := _next_zero(valid.data, self.n, i)) >= 0:
            value = self._run_slow_path(slow_path, i, values[i])
            roles[i] = 0 if value is None else ROLES[value]
        return 0

    cdef int _read_roles(self, values, uint8_t *roles, slow_path) except -1:
        cdef double since = fs_now()
        cdef Py_ssize_t i
        for i in range(self.n):
            value = _item(values, i)
            if i % ROW_SLICE == ROW_SLICE - 1:
                _yield_gil(&since)
            number = _role_index(value)
            if number is None:
                value = self._run_slow_path(slow_path, i, value)
                number = 0 if value is None else ROLES[value]
            roles[i] = number
        return 0

    cdef uint32_t *_set_seconds(self, values, slow_path) except NULL:
        cdef uint32_t *seconds = <uint32_t *>self._allocate_column(sizeof(uint32_t))
        if type(values) is IntColumn:
            self._import_ints(<IntColumn>values, seconds, slow_path)
        elif type(values) is StringColumn:
            self._parse_durations(<StringColumn>values, seconds, slow_path)
        else:
            self._read_seconds(_check_copied(values), seconds, slow_path)
        return seconds

    cdef int _import_ints(self, IntColumn values, uint32_t *seconds, slow_path) except -1:
        cdef Memory valid = Memory(self.n)
        cdef Py_ssize_t i
        cdef int64_t number
        with nogil:
            for i in range(self.n):
                number = values.numbers[i]
                valid.data[i] = not values.absent[i] and 0 <= number <= MAX_SECONDS
                seconds[i] = <uint32_t>number
        i = -1
        while (i := _next_zero(valid.data, self.n, i)) >= 0:
            value = self._run_slow_path(slow_path, i, values[i])
            seconds[i] = 0 if value is None else value
        return 0

    cdef int _parse_durations(self, StringColumn values, uint32_t *seconds, slow_path) except -1:
        """Parse seconds: digits, or digits and one unit, such as 2h."""
        cdef Memory valid = Memory(self.n)
        cdef Py_ssize_t i
        cdef uint64_t k, number, unit
        cdef uint8_t digit
        cdef fs_text text
        with nogil:
            for i in range(self.n):
                text = values.texts[i]
                number = 0
                valid.data[i] = text.data != NULL and 0 < text.len <= MAX_DURATION
                if valid.data[i]:
                    # Other threads may write to the text, so read each byte once.
                    for k in range(text.len):
                        digit = text.data[k] - 48
                        if digit < 10:
                            number = number * 10 + digit
                            continue
                        unit = _unit_seconds(digit + 48) if 0 < k == text.len - 1 else 0
                        valid.data[i] &= unit != 0
                        number *= unit
                valid.data[i] &= number <= MAX_SECONDS
                seconds[i] = <uint32_t>number
        i = -1
        while (i := _next_zero(valid.data, self.n, i)) >= 0:
            value = self._run_slow_path(slow_path, i, values[i])
            seconds[i] = 0 if value is None else value
        return 0

    cdef int _read_seconds(self, values, uint32_t *seconds, slow_path) except -1:
        cdef double since = fs_now()
        cdef Py_ssize_t i
        cdef int64_t number
        for i in range(self.n):
            value = _item(values, i)
            if i % ROW_SLICE == ROW_SLICE - 1:
                _yield_gil(&since)
            number = _parse_seconds(value)
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
        cdef fs_text *texts = <fs_text *>self._allocate_column(sizeof(fs_text))
        cdef fs_nonce *nonces = <fs_nonce *>self._allocate_column(sizeof(fs_nonce))
        cdef size_t run_len = PyBytes_GET_SIZE(run_id)
        cdef double since = fs_now()
        cdef Py_ssize_t i, length
        cdef const char *utf8
        cdef uint8_t *digits = NULL
        cdef long number
        cdef int overflow
        cdef DeriveJob job
        if len(_check_copied(values)) != self.n or run_len > FS_MAX_ID:
            raise ValueError("a column or a run's id has another length")
        self.kept.append(values)
        for i in range(self.n):
            value = _item(values, i)
            if self.n - i > PREFETCH_ROWS:
                tokbox_prefetch(PySequence_Fast_GET_ITEM(values, i + PREFETCH_ROWS))
            if i % ROW_SLICE == ROW_SLICE - 1:
                _yield_gil(&since)
            if type(value) is int:
                number = PyLong_AsLongAndOverflow(value, &overflow)
                if overflow == 0 or overflow > 0 and value <= MAX_KEY:
                    if digits == NULL:
                        digits = self._allocate_column(MAX_DECIMAL)
                    texts[i].data = digits
                    if overflow == 0:
                        texts[i].len = _signed_decimal(digits, number)
                    else:
                        texts[i].len = fs_decimal(digits, <uint64_t>value)
                    digits += MAX_DECIMAL
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
            _run_job(_derive_slice, &job, self.n, SLICE, self.n <= SMALL_BATCH, threads)
        finally:
            fs_wipe(&job.derive, sizeof(job.derive))
        self.rows.nonces = nonces
        if self._mark_repeated():
            for i in range(self.n):
                if self.skipped[i] == 2:
                    self._run_slow_path(repeated, i, values[i])

    cdef bint _mark_repeated(self) except -1:
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
        _run_job(_measure_slice, &job, self.n, ROW_SLICE, self.n <= SMALL_BATCH, threads)
        at[0] = 0
        if self.n <= SMALL_BATCH:
            _to_offsets(at, self.n)
        else:
            with nogil:
                _to_offsets(at, self.n)
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
        few = self.n <= SMALL_BATCH and job.offsets[self.n] <= SMALL_BATCH_BYTES
        try:
            _run_job(_sign_rows_slice, &job, self.n, _slice_length(self.n, threads), few, threads)
        finally:
            fs_fresh_close(&job.fresh)
