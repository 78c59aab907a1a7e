# Read claims from Python objects. Included by _fastsign.pyx.

# Limits of tokbox.tokens.claims.
cdef enum:
    MAX_CHARACTERS = 1000
    MAX_SECONDS = 2592000

# The claims of the kernels: argument, type, T1 field and JWT claim; see FS_CLAIMS in
# fastsign.h.
CLAIMS = tuple([
    (fs_claims[i].argument.decode(), fs_claims[i].type_name.decode(),
     fs_claims[i].t1.decode(), fs_claims[i].jwt.decode())
    for i in range(FS_CLAIM_COUNT)
])
cdef tuple ARGUMENTS = tuple([claim[0] for claim in CLAIMS])

# The indices of the roles in claims.c.
cdef dict ROLES = {role.value: fs_role_of(role.value.encode(), len(role.value)) for role in Role}
cdef object ROLE = Role


cdef inline object _role_index(value):
    """Return the index of a role, or None if it needs slow-path validation. Subclasses of
    str other than Role do, because they may override __hash__ and __eq__."""
    return ROLES.get(value) if type(value) is str or type(value) is ROLE else None


# The claims of one token, or of a few. The value of claim c in row i is an item of
# columns[c], whose type is that of the claim.
cdef enum:
    MAX_FEW_ROWS = 128

cdef union Value:
    fs_text text
    uint32_t seconds
    uint8_t role

cdef struct OneRow:
    Value[FS_CLAIM_COUNT] values
    uint8_t[FS_CLAIM_COUNT][MAX_CHARACTERS] names  # joined class names

cdef struct FewRows:
    fs_text[FS_CLAIM_COUNT][MAX_FEW_ROWS] columns
    uint8_t[MAX_FEW_ROWS] valid


cdef tuple _check_count(claims):
    """Return *claims*, one value for each claim in the order of `CLAIMS`."""
    if len(claims) != FS_CLAIM_COUNT:
        raise ValueError(f"there must be {FS_CLAIM_COUNT} claims")
    return claims


cdef object _read_row(OneRow *row, tuple claims, slow_path):
    """Validate the claims of one token, except the session ID. Returns the owners of their
    texts."""
    cdef Py_ssize_t length
    cdef int64_t seconds
    cdef Value *to
    cdef int c, type_
    cdef list kept = None
    for c in range(FS_CLAIM_COUNT):
        value = <object>PyTuple_GET_ITEM(claims, c)
        type_ = fs_claims[c].type
        to = &row.values[c]
        if type_ == FS_TYPE_SECONDS:
            seconds = _parse_seconds(value)
            to.seconds = slow_path(ARGUMENTS[c], value) if seconds < 0 else seconds
        elif type_ == FS_TYPE_ROLE:
            found = _role_index(value)
            to.role = ROLES[slow_path(ARGUMENTS[c], value)] if found is None else found
        elif type_ == FS_TYPE_TEXT and _read_text(value, &to.text):
            continue
        elif type_ == FS_TYPE_NAMES and (length := _join_names(value, row.names[c])) >= 0:
            to.text.data = row.names[c]
            to.text.len = length
        elif type_ != FS_TYPE_ID:
            value = slow_path(ARGUMENTS[c], value)
            _set_text(&to.text, value)
            kept = [kept, value]
    return kept


cdef void _set_row(fs_rows *rows, OneRow *row, uint64_t now) noexcept:
    cdef int c
    rows.create_time = now
    for c in range(FS_CLAIM_COUNT):
        rows.columns[c] = &row.values[c]
    rows.columns[FS_SESSION_ID] = NULL  # it is part of the constant claims


cdef Py_ssize_t _read_few(fs_rows *shared, fs_rows *rows, FewRows *few, tuple claims,
                          list kept, str owner) except -2:
    """Validate the claims of a few rows. Returns the number of rows, or -1 if they need
    slow-path validation. Appends the owners of the texts to *kept*."""
    cdef fs_rows *where
    cdef Py_ssize_t n = -1, count
    cdef int c
    for c in range(FS_CLAIM_COUNT):
        values, where = <object>PyTuple_GET_ITEM(claims, c), rows
        if type(values) is list or type(values) is tuple:
            if len(values) > MAX_FEW_ROWS:
                return -1
            items = tuple(values)
            kept.append(items)
            count = len(items)
            if count > MAX_FEW_ROWS or n not in (-1, count):
                return -1
            n = count
        else:
            items, where, count = (values,), shared, 1
        where.columns[c] = few.columns[c]
        if not _read_few_values(shared.codec, few, c, items, count, owner):
            return -1
    return n


cdef bint _read_few_values(const fs_codec *codec, FewRows *few, int c, tuple items,
                           Py_ssize_t count, str owner) except -1:
    """Read the values of one claim. Returns False if one needs slow-path validation."""
    cdef Py_ssize_t i, length
    cdef int64_t number
    cdef fs_column column
    cdef int type_ = fs_claims[c].type
    if type_ == FS_TYPE_SECONDS:
        for i in range(count):
            number = _parse_seconds(items[i])
            if number < 0:
                return False
            (<uint32_t *>few.columns[c])[i] = number
        return True
    if type_ == FS_TYPE_ROLE:
        for i in range(count):
            found = _role_index(items[i])
            if found is None:
                return False
            (<uint8_t *>few.columns[c])[i] = found
        return True
    memset(&column, 0, sizeof(column))
    column.type, column.codec, column.texts, column.valid = type_, codec, few.columns[c], few.valid
    column.api_key = <const uint8_t *>PyUnicode_AsUTF8AndSize(owner, &length)
    column.key_len = length
    for i in range(count):
        value = items[i]
        if not tokbox_ascii(<PyObject *>value, &column.texts[i]):
            if type(value) is not str or PyUnicode_GET_LENGTH(value) > MAX_CHARACTERS:
                return False
            column.texts[i].data = <const uint8_t *>_utf8(value, &length)
            column.texts[i].len = length
            if column.texts[i].data == NULL:
                return False
    fs_check_texts(&column, 0, count)
    return memchr(few.valid, 0, count) == NULL


cdef Py_ssize_t _join_names(classes, uint8_t *to) except -2:
    """Join class names by spaces, at most MAX_CHARACTERS bytes. Returns the length, or -1
    if they need slow-path validation."""
    cdef Py_ssize_t i, length, used = 0
    cdef const void *name
    if type(classes) is list:
        classes = tuple(classes)
    if type(classes) is not tuple:
        return -1
    for i in range(PyTuple_GET_SIZE(classes)):
        value = <object>PyTuple_GET_ITEM(classes, i)
        if type(value) is not str or not PyUnicode_IS_ASCII(value):
            return -1
        length = PyUnicode_GET_LENGTH(value)
        name = PyUnicode_DATA(value)
        if length == 0 or used + length + 1 > MAX_CHARACTERS or memchr(name, b" ", length):
            return -1
        if used:
            to[used] = b" "
            used += 1
        memcpy(to + used, name, length)
        used += length
    return used if fs_are_names(to, used) else -1


# The class datetime.timedelta. Signing does not import datetime unless a caller uses it.
cdef object TIMEDELTA = None


cdef inline bint _is_timedelta(value) except -1:
    global TIMEDELTA
    if TIMEDELTA is None and type(value).__name__ == "timedelta":
        from datetime import timedelta as TIMEDELTA
    return type(value) is TIMEDELTA


cdef int64_t _parse_seconds(value) except -2:
    """Return the seconds of an expiration, or -1 if it needs slow-path validation."""
    cdef int overflow
    cdef double fraction
    cdef int64_t number = -1
    if type(value) is int:
        number = PyLong_AsLongAndOverflow(value, &overflow)
        number = -1 if overflow else number
    elif type(value) is float:
        fraction = value
        if 0 <= fraction <= MAX_SECONDS and fraction == <int64_t>fraction:
            number = <int64_t>fraction
    elif _is_timedelta(value):
        number = tokbox_timedelta_seconds(value)
    return number if 0 <= number <= MAX_SECONDS else -1


cdef bint _read_text(value, fs_text *text) except -1:
    """Set *text* to *value* and return True if it is valid connection data; False if it
    needs slow-path validation."""
    cdef Py_ssize_t length
    cdef const char *utf8
    if value is None:
        text.len = 0
        return True
    # The methods of a subclass are not called.
    if not isinstance(value, str) or PyUnicode_GET_LENGTH(value) > MAX_CHARACTERS:
        return False
    utf8 = _utf8(value, &length)
    if utf8 == NULL or memchr(utf8, 0, length) != NULL:
        return False
    text.data = <const uint8_t *>utf8
    text.len = length
    return True


# Bytes for the digits and the sign of a 64-bit number.
cdef enum:
    MAX_DECIMAL = 24


cdef size_t _signed_decimal(uint8_t *to, int64_t number) noexcept nogil:
    """Write *number* in decimal and return the number of characters."""
    if number >= 0:
        return fs_decimal(to, number)
    to[0] = b"-"
    # Unsigned negation is also correct for the minimum.
    return 1 + fs_decimal(to + 1, 0 - <uint64_t>number)


cdef int _set_text(fs_text *text, value) except -1:
    cdef Py_ssize_t length
    text.data = <const uint8_t *>PyUnicode_AsUTF8AndSize(value, &length)
    text.len = length
    return 0


cdef const char *_utf8(value, Py_ssize_t *length) except? NULL:
    """Return the UTF-8 of a str, or NULL if it has a lone surrogate. Raises MemoryError if
    memory is exhausted."""
    if tokbox_has_surrogate(value):
        return NULL
    return PyUnicode_AsUTF8AndSize(value, length)


cdef Py_ssize_t _next_zero(const uint8_t *valid, Py_ssize_t n, Py_ssize_t i) noexcept:
    """Return the first row after *i* that needs slow-path validation, or -1."""
    cdef const uint8_t *found
    i += 1
    found = <const uint8_t *>memchr(valid + i, 0, n - i)
    return -1 if found == NULL else found - valid
