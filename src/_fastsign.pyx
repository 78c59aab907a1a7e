# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""The interface between Python and the kernels.

It validates sizes, releases the GIL and calls C. tokbox.tokens determines the claims of a
token; src/kernels signs it.

A `BatchPlan` is a prepared batch. `BatchPlan.strings` signs it to a list of str,
`BatchPlan.fill` to a buffer. Both divide the batch into slices, which a thread pool signs
without the GIL. The calling thread checks for signals between slices.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.sequence cimport PySequence_Fast_GET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memchr, memcpy, memset
from libc.time cimport time

from fastsign cimport (
    FS_CLASSES,
    FS_DATA,
    FS_MAX_ID,
    FS_NONCE_DIGITS,
    FS_NONCE_NAME,
    FS_RSA_BYTES,
    FS_SESSIONS,
    FS_SESSION_BYTES,
    fs_are_names,
    fs_base64_raw,
    fs_check_texts,
    fs_codec_name,
    fs_claims_length,
    fs_decimal,
    fs_derive,
    fs_derive_nonces,
    fs_derive_prepare,
    fs_engine,
    fs_engine_select,
    fs_find_repeated,
    fs_hash,
    fs_hash_backend,
    fs_hmac_sha1,
    fs_hmac_sha256,
    fs_init,
    fs_initial,
    fs_key,
    fs_key_init,
    fs_jwt_length,
    fs_key_wipe,
    fs_nonce,
    fs_nonce_start,
    fs_pad,
    fs_plan,
    fs_plan_jwt,
    fs_plan_sign,
    fs_plan_t1,
    fs_put_claims,
    fs_put_nonce_name,
    fs_quote_plus,
    fs_backend,
    fs_backend_state,
    fs_rows,
    fs_rows_lengths,
    fs_rows_prepare,
    fs_rows_sign,
    fs_rows_sign_one,
    fs_rows_text,
    fs_rsa,
    fs_rsa_verify,
    fs_session_owner,
    fs_state,
    fs_import,
    fs_import_roles,
    fs_import_room,
    fs_import_texts,
    fs_t1_length,
    fs_verifier,
    FS_ABSENT,
    FS_ALTERED,
    FS_EARLY,
    FS_EXPIRED,
    FS_FOREIGN,
    FS_GOOD,
    FS_UNSURE,
    fs_verify,
    fs_wipe,
)
from pages cimport fs_fresh, fs_fresh_close, fs_fresh_open, fs_fresh_prefault, fs_prefault
from text cimport fs_text
from arenas cimport (
    arena_reserve,
    arena_reserve_close,
    arena_reserve_counts,
    arena_reserve_enter,
    arena_reserve_fill,
    arena_reserve_leave,
    arena_reserve_open,
    arena_reserve_prefault,
)
from tokbox._memory cimport (
    ListColumn,
    Memory,
    MemoryPool,
    IntColumn,
    PyList_New,
    PyListObject,
    PyObject,
    PyUnicode_New,
    StringColumn,
    StringSlice,
    owned,
    tokbox_text,
)
from thread_pool cimport (
    fs_thread_pool,
    fs_thread_pool_join,
    fs_thread_pool_new,
    fs_thread_pool_publish,
    fs_thread_pool_stop,
    fs_thread_pool_work,
    fs_now,
    fs_pause,
    fs_work,
)

from itertools import islice
from os import environ, urandom
from threading import Thread

from tokbox.enums import Role

cdef extern from "Python.h":
    """
    #include "datetime.h"
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
    """
    int64_t tokbox_timedelta_seconds(object delta)
    void tokbox_prefetch(const void *op) nogil
    bint tokbox_has_surrogate(object text)
    PyObject **tokbox_items(object values)
    int tokbox_ascii(PyObject *value, fs_text *text) nogil
    Py_ssize_t tokbox_copy_items(list values, Py_ssize_t first, Py_ssize_t n, PyObject **to)
    int tokbox_entropy(void *to, size_t len)
    void Py_SET_SIZE(object op, Py_ssize_t size)
    void PyObject_GC_Track(object op)
    void PyObject_GC_UnTrack(object op)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    bint PyUnicode_IS_ASCII(object text)
    const void *PyUnicode_DATA(object text)
    long PyLong_AsLongAndOverflow(object value, int *overflow) except? -1

# Tokens in a slice. The strings of a slice stay in the L2 cache. In one buffer, slices are
# longer, so that each thread writes long contiguous parts.
cdef enum:
    SLICE = 1024
    LONG_SLICE = 4096

# ALLOCATE: strings that are created without yielding the GIL, some tens of microseconds.
# PREPARE: strings whose memory is prefaulted at a time, without the GIL; PREPARE_MORE if
# other threads compete for the GIL.
cdef enum:
    ALLOCATE = 2048
    PREPARE = 4096
    PREPARE_MORE = 32768

# Up to FEW tokens are signed by the calling thread with the GIL held, in less than a
# millisecond. Releasing and reacquiring the GIL would take longer.
cdef enum:
    FEW = 256
    MAX_FEW = 1 << 18  # bytes of their text, if they differ

# Seconds between two checks for signals, and seconds before the GIL is yielded.
cdef double SIGNAL_SECONDS = 0.02
cdef double GIL_SECONDS = 0.001


### Kernels ###

fs_init()

cdef fs_engine engine


def select_kernel(name: str | None) -> None:
    """Select the kernels called *name*, or the best ones if None, for new keys.

    Raises ValueError if no usable kernel has that name.
    """
    cdef bytes wanted = b"" if name is None else name.encode()
    if fs_engine_select(&engine, wanted):
        usable = ", ".join(row["name"] for row in kernels()["sha1"] if row["usable"])
        raise ValueError(f"there is no kernel {name!r} on this CPU; there are: {usable}")


cdef list _rows(int hash):
    cdef size_t i = 0
    cdef const fs_hash_backend *row = fs_backend(hash, 0)
    rows = []
    while row != NULL:
        state = fs_backend_state(row)
        rows.append(
            {
                "name": row.name.decode(),
                "lanes": row.lanes,
                "usable": state == 1,
                "why_not": {1: None, 0: "not on this CPU", -1: "wrong answer"}[state],
            }
        )
        i += 1
        row = fs_backend(hash, i)
    return rows


def kernels() -> dict:
    """Return all compiled kernels, best first, and the selected ones."""
    return {
        "sha1": _rows(1),
        "sha256": _rows(256),
        "active": {
            "sha1": engine.sha1.many_name.decode(),
            "sha1_single": engine.sha1.one_name.decode(),
            "sha256": engine.sha256.many_name.decode(),
            "sha256_single": engine.sha256.one_name.decode(),
            "base64": fs_codec_name(engine.codec).decode(),
        },
    }


select_kernel(None)
try:
    select_kernel(environ.get("TOKBOX_KERNEL") or None)
except ValueError as error:
    raise ImportError(f"TOKBOX_KERNEL: {error}") from None


def hash_many(int bits, list messages not None) -> list:
    """Compute the SHA-1 (*bits* = 1) or SHA-256 (256) of many messages of one length.

    For tests with published vectors.
    """
    cdef size_t n = len(messages), length = len(messages[0]) if messages else 0
    cdef size_t room = length + 72, blocks = 0, i
    cdef fs_hash *hash = &engine.sha1 if bits == 1 else &engine.sha256
    cdef int words = 5 if bits == 1 else 8, j
    cdef uint8_t *padded = <uint8_t *>malloc(n * room + 1)
    cdef const uint8_t **tails = <const uint8_t **>malloc(n * sizeof(uint8_t *) + 1)
    cdef fs_state *digests = <fs_state *>malloc(n * sizeof(fs_state) + 1)
    cdef bytes message
    try:
        if padded == NULL or tails == NULL or digests == NULL:
            raise MemoryError
        for i in range(n):
            message = messages[i]
            if <size_t>PyBytes_GET_SIZE(message) != length:
                raise ValueError("the messages must have one length")
            memcpy(padded + i * room, PyBytes_AS_STRING(message), length)
            blocks = fs_pad(padded + i * room, length, length)
            tails[i] = padded + i * room
        hash.mac_many(fs_initial(bits), NULL, tails, blocks, digests, n)
        return [
            b"".join([int(digests[i][j]).to_bytes(4, "big") for j in range(words)])
            for i in range(n)
        ]
    finally:
        free(padded)
        free(tails)
        free(digests)


# Limits of tokbox.tokens.claims.
cdef enum:
    MAX_CHARACTERS = 1000
    MAX_SECONDS = 2592000

# The roles, in the order of rows.c.
cdef dict ROLES = {"subscriber": 0, "publisher": 1, "publisheronly": 2, "moderator": 3}
cdef object ROLE = Role


cdef inline object _role(value):
    """Return the index of a role, or None if it needs slow-path validation. Subclasses of
    str other than Role do, because they may override __hash__ and __eq__."""
    return ROLES.get(value) if type(value) is str or type(value) is ROLE else None


### Keys ###

@cython.final
cdef class Key:
    """A secret, prepared for HMAC. Only the midstates are stored, and they are wiped when
    the key is deleted."""

    cdef fs_key key

    def __cinit__(self, bytes secret not None):
        fs_key_init(
            &self.key, &engine, <const uint8_t *>PyBytes_AS_STRING(secret),
            PyBytes_GET_SIZE(secret),
        )

    def __dealloc__(self):
        fs_key_wipe(&self.key)

    def __reduce__(self):
        raise TypeError("a key cannot be pickled or copied: it would carry the secret along")

    def hmac_sha1(self, bytes message not None) -> bytes:
        """Return the HMAC-SHA1 (RFC 2104) of *message*, 20 bytes."""
        cdef uint8_t[20] mac
        fs_hmac_sha1(&self.key, <const uint8_t *>PyBytes_AS_STRING(message),
                     PyBytes_GET_SIZE(message), mac)
        return PyBytes_FromStringAndSize(<char *>mac, 20)

    def hmac_sha256(self, bytes message not None) -> bytes:
        """Return the HMAC-SHA256 (RFC 2104) of *message*, 32 bytes."""
        cdef uint8_t[32] mac
        fs_hmac_sha256(&self.key, <const uint8_t *>PyBytes_AS_STRING(message),
                       PyBytes_GET_SIZE(message), mac)
        return PyBytes_FromStringAndSize(<char *>mac, 32)

    def token(self, bytes head not None, bytes first not None, role, connection_data,
              expiration, classes, slow_path, bint jwt=False, bytes random=None) -> str:
        """Sign one token with the current time, faster than with `Rows`.

        *first* contains the first claims, up to the digits of the creation time.
        *slow_path* is called with the name of the column and the value for each value that
        this method cannot validate itself; it returns the value to sign, or raises an
        exception.
        """
        cdef fs_rows rows
        cdef fs_nonce nonce
        cdef OneRow row
        cdef uint64_t now = <uint64_t>time(NULL)
        cdef int64_t length
        cdef uint8_t[2048] room
        cdef size_t head_len = PyBytes_GET_SIZE(head), first_len = PyBytes_GET_SIZE(first)
        cdef size_t text_len = fs_rows_text(head_len, first_len + 24)
        cdef PyObject *text

        kept = _read_row(&row, role, connection_data, expiration, classes, slow_path)
        if 2 * text_len + 64 > sizeof(room):
            raise ValueError("the first claims are too long")
        # `room` contains the text, then the claims, then the scratch memory.
        memcpy(room + text_len, PyBytes_AS_STRING(first), first_len)
        first_len += fs_decimal(room + text_len + first_len, now)
        if jwt:
            room[text_len + first_len] = b","
            first_len += 1
        _draw_nonce(&nonce, random)
        fs_rows_prepare(&rows, &self.key, &nonce, jwt,
                        <const uint8_t *>PyBytes_AS_STRING(head), head_len,
                        room + text_len, first_len, room, room + text_len + first_len)
        _set_row(&rows, &row, now)
        fs_rows_lengths(&rows, 0, 1, &length)
        try:
            text = PyUnicode_New(length, 127)
            fs_rows_sign_one(&rows, tokbox_text(text), length)
        finally:
            fs_wipe(&rows, sizeof(rows))
        return owned(text)

    def plan(self, bytes head not None, bytes first not None, role, connection_data,
             expiration, classes, slow_path, bint jwt=False, bytes random=None) -> BatchPlan:
        """Prepare a batch with the current time; arguments as for `token`."""
        cdef fs_rows rows
        cdef OneRow row
        cdef uint64_t now = <uint64_t>time(NULL)
        cdef uint8_t[NUMBER] digits
        cdef size_t first_len = PyBytes_GET_SIZE(first), digits_len = fs_decimal(digits, now)
        cdef uint8_t *to
        cdef bytes data

        kept = _read_row(&row, role, connection_data, expiration, classes, slow_path)
        rows.jwt = jwt
        rows.codec = self.key.engine.codec
        rows.session_id = NULL
        _set_row(&rows, &row, now)
        data = PyBytes_FromStringAndSize(
            NULL, first_len + digits_len + jwt + fs_claims_length(&rows, 0) + FS_NONCE_NAME
        )
        to = <uint8_t *>PyBytes_AS_STRING(data)
        memcpy(to, PyBytes_AS_STRING(first), first_len)
        memcpy(to + first_len, digits, digits_len)
        to += first_len + digits_len
        if jwt:
            to[0] = b","
            to += 1
        fs_put_nonce_name(jwt, fs_put_claims(&rows, 0, to))
        return BatchPlan(self, head, data, jwt, random)


    def few_rows(self, bytes head not None, tuple around not None, now, list claims not None,
                 str owner not None, bint jwt=False,
                 MemoryPool pool=None, bytes random=None) -> tuple | None:
        """Sign up to 128 rows in one call. Returns memory, offsets and the number of rows.

        *claims* contains the session ID, role, connection data, expiration and layout
        classes; lists and tuples are columns. *around* is the text before and after the
        creation time, *now*; None means the current time. Returns None if the claims need
        the validation of `Rows`.
        """
        cdef fs_rows shared, rows
        cdef fs_nonce nonce
        cdef FewRows few
        cdef uint8_t[2048] data
        cdef uint8_t[6144] room
        cdef uint8_t *to = data
        cdef size_t head_len = PyBytes_GET_SIZE(head), data_len, text_len, size
        cdef int64_t *at
        cdef Py_ssize_t n
        cdef Memory memory, offsets
        cdef uint64_t create_time = <uint64_t>time(NULL) if now is None else now
        cdef bytes before = around[0], after = around[1]
        memset(&shared, 0, sizeof(shared))
        memset(&rows, 0, sizeof(rows))
        shared.jwt = jwt
        shared.codec = self.key.engine.codec
        shared.create_time = create_time
        n = _read_few(&shared, &rows, &few, claims, owner)
        if n <= 0:
            return None
        data_len = len(before) + len(after) + NUMBER + fs_claims_length(&shared, 0)
        text_len = fs_rows_text(head_len, data_len)
        if data_len > sizeof(data) or text_len + head_len + data_len + 41 > sizeof(room):
            return None
        if not jwt and shared.session_id != NULL:
            # In T1 tokens, this claim comes before the time.
            to = _put(_put(_put(to, b"session_id=", 11), shared.session_id.data,
                           shared.session_id.len), b"&", 1)
            shared.session_id = NULL
        to = _put(to, PyBytes_AS_STRING(before), len(before))
        to += fs_decimal(to, create_time)
        to = fs_put_claims(&shared, 0, _put(to, PyBytes_AS_STRING(after), len(after)))
        _draw_nonce(&nonce, random)
        shared = rows
        fs_rows_prepare(&rows, &self.key, &nonce, jwt,
                        <const uint8_t *>PyBytes_AS_STRING(head), head_len,
                        data, to - data, room, room + text_len)
        try:
            rows.create_time = create_time
            rows.session_id = shared.session_id
            rows.role = shared.role
            rows.connection_data = shared.connection_data
            rows.expiration = shared.expiration
            rows.classes = shared.classes
            offsets = Memory((n + 1) * sizeof(int64_t))
            at = <int64_t *>offsets.data
            fs_rows_lengths(&rows, 0, n, at + 1)
            at[0] = 0
            _add_up(at, n)
            if at[n] > MAX_FEW:
                return None
            memory = Memory(at[n], pool)
            if n == 1:
                fs_rows_sign_one(&rows, memory.data, at[1])
            else:
                fs_rows_sign(&rows, 0, n, memory.data, at)
        finally:
            fs_wipe(&rows, sizeof(rows))
        return memory, offsets, n


# The claims of a few tokens.
cdef enum:
    FEW_ROWS = 128

cdef struct FewRows:
    fs_text[FEW_ROWS] session_id
    fs_text[FEW_ROWS] connection_data
    fs_text[FEW_ROWS] classes
    uint8_t[FEW_ROWS] role
    uint32_t[FEW_ROWS] expiration


cdef inline uint8_t *_put(uint8_t *to, const void *data, size_t len) noexcept:
    memcpy(to, data, len)
    return to + len


cdef Py_ssize_t _read_few(fs_rows *shared, fs_rows *rows, FewRows *few, list claims,
                          str owner) except -2:
    """Validate the claims of a few rows. Returns the number of rows, or -1 if they need
    slow-path validation. *claims* owns the texts."""
    cdef fs_rows *where
    cdef Py_ssize_t n = -1, count, i, k, length
    cdef int64_t number
    cdef fs_import take
    cdef tuple items
    cdef uint8_t[FEW_ROWS] good
    memset(&take, 0, sizeof(take))
    take.good = good
    take.codec = shared.codec
    for k in range(5):
        values, where = claims[k], rows
        if type(values) is list or type(values) is tuple:
            if len(values) > FEW_ROWS:
                return -1
            items = claims[k] = tuple(values)
            count = len(items)
            if count > FEW_ROWS or n not in (-1, count):
                return -1
            n = count
        else:
            items, where, count = (values,), shared, 1
        if k == 1:
            for i in range(count):
                found = _role(items[i])
                if found is None:
                    return -1
                few.role[i] = found
            where.role = few.role
            continue
        if k == 3:
            for i in range(count):
                number = _seconds_of(items[i])
                if number < 0:
                    return -1
                few.expiration[i] = number
            where.expiration = few.expiration
            continue
        if k == 0:
            take.column, take.texts, where.session_id = FS_SESSIONS, few.session_id, few.session_id
            take.api_key = <const uint8_t *>PyUnicode_AsUTF8AndSize(owner, &length)
            take.key_len = length
        elif k == 2:
            take.column, take.texts = FS_DATA, few.connection_data
            where.connection_data = few.connection_data
        else:
            take.column, take.texts, where.classes = FS_CLASSES, few.classes, few.classes
        for i in range(count):
            value = items[i]
            if not tokbox_ascii(<PyObject *>value, &take.texts[i]):
                if type(value) is not str or PyUnicode_GET_LENGTH(value) > MAX_CHARACTERS:
                    return -1
                take.texts[i].data = <const uint8_t *>_utf8(value, &length)
                take.texts[i].len = length
                if take.texts[i].data == NULL:
                    return -1
        fs_check_texts(&take, 0, count)
        if memchr(good, 0, count) != NULL:
            return -1
    return n


# The claims of one token.
cdef struct OneRow:
    uint8_t role
    uint32_t seconds
    fs_text connection_data
    fs_text classes
    uint8_t[MAX_CHARACTERS] names


cdef tuple _read_row(OneRow *row, role, connection_data, expiration, classes, slow_path):
    """Validate the claims of one token. Returns the owners of their texts."""
    cdef Py_ssize_t length
    cdef int64_t seconds
    found = _role(role)
    row.role = ROLES[slow_path("role", role)] if found is None else found
    seconds = _seconds_of(expiration)
    row.seconds = slow_path("expiration", expiration) if seconds < 0 else seconds
    if not _is_plain(connection_data, &row.connection_data):
        connection_data = slow_path("connection_data", connection_data)
        _set_text(&row.connection_data, connection_data)
    length = _join_names(classes, row.names)
    if length >= 0:
        row.classes.data = row.names
        row.classes.len = length
    else:
        classes = slow_path("initial_layout_class_list", classes)
        _set_text(&row.classes, classes)
    return connection_data, classes


cdef void _set_row(fs_rows *rows, const OneRow *row, uint64_t now) noexcept:
    rows.create_time = now
    rows.expiration = &row.seconds
    rows.role = &row.role
    rows.connection_data = &row.connection_data
    rows.classes = &row.classes


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


cdef int64_t _seconds_of(value) except -2:
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


cdef bint _is_plain(value, fs_text *text) except -1:
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
    NUMBER = 24


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


cdef int _draw_nonce(fs_nonce *nonce, bytes random) except -1:
    """Make a first nonce from 24 *random* bytes; None: from the system's random source."""
    cdef uint8_t[24] drawn
    if random is None:
        if tokbox_entropy(drawn, sizeof(drawn)) == 0:
            fs_nonce_start(nonce, drawn)
            return 0
        random = urandom(24)
    elif PyBytes_GET_SIZE(random) != 24:
        raise ValueError("24 random bytes are needed")
    fs_nonce_start(nonce, <const uint8_t *>PyBytes_AS_STRING(random))
    return 0


cdef uint8_t *_plan(fs_plan *plan, Key key, bytes head, bytes data, bint jwt,
                    bytes random) except NULL:
    """Prepare *plan*. Returns the memory of its text, which must outlive the plan."""
    cdef size_t head_len = PyBytes_GET_SIZE(head), data_len = PyBytes_GET_SIZE(data)
    cdef const uint8_t *head_text = <const uint8_t *>PyBytes_AS_STRING(head)
    cdef const uint8_t *data_text = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t text_len
    cdef fs_nonce nonce
    cdef uint8_t *memory
    _draw_nonce(&nonce, random)
    text_len = fs_jwt_length(head_len, data_len) if jwt else fs_t1_length(head_len, data_len)
    memory = <uint8_t *>malloc(text_len + head_len + data_len + 41 + FS_NONCE_DIGITS)
    if memory == NULL:
        raise MemoryError
    if jwt:
        fs_plan_jwt(plan, &key.key, &nonce, head_text, head_len, data_text, data_len, memory)
    else:
        fs_plan_t1(plan, &key.key, &nonce, head_text, head_len, data_text, data_len,
                   memory, memory + text_len)
    return memory


@cython.final
cdef class RSAKey:
    """A public RSA key. *modulus*, *exponent* and *square* are big-endian numbers. *square*
    is 2**(2 * R) modulo the modulus, where R is the size of the modulus in bits, rounded up
    to 64-bit words."""

    cdef fs_rsa key
    cdef bytes modulus, exponent, square

    def __cinit__(self, bytes modulus not None, bytes exponent not None,
                  bytes square not None):
        cdef size_t size = PyBytes_GET_SIZE(modulus), words = (size + 7) // 8
        if not 64 <= size <= FS_RSA_BYTES or not modulus[0] or not modulus[size - 1] & 1:
            raise ValueError("the modulus cannot be used")
        number = int.from_bytes(exponent, "big")
        if number < 3 or not number & 1 or <size_t>PyBytes_GET_SIZE(square) != 8 * words:
            raise ValueError("the exponent or the square cannot be used")
        self.modulus, self.exponent, self.square = modulus, exponent, square
        self.key.engine = engine
        self.key.size = size
        self.key.words = words
        self.key.modulus = <const uint8_t *>PyBytes_AS_STRING(modulus)
        self.key.square = <const uint8_t *>PyBytes_AS_STRING(square)
        self.key.exponent = <const uint8_t *>PyBytes_AS_STRING(exponent)
        self.key.exponent_len = PyBytes_GET_SIZE(exponent)

    def holds(self, bytes message not None, bytes signature not None) -> bool:
        """Verify a signature of *message* (RSASSA-PKCS1-v1_5, SHA-256); True if valid."""
        return fs_rsa_verify(
            &self.key,
            <const uint8_t *>PyBytes_AS_STRING(message), PyBytes_GET_SIZE(message),
            <const uint8_t *>PyBytes_AS_STRING(signature), PyBytes_GET_SIZE(signature),
        ) == 1


### Batches ###

cdef struct Job:
    const fs_plan *plan
    uint64_t first      # index of the batch's token 0 within the plan
    uint8_t *base
    size_t stride
    fs_fresh fresh
    PyObject **strings


cdef void _sign_slice(void *argument, size_t first, size_t count) noexcept nogil:
    """Sign tokens first ... first + count - 1 of a job."""
    cdef Job *job = <Job *>argument
    cdef uint8_t *places[SLICE]
    cdef size_t i
    if job.strings == NULL:
        fs_fresh_prefault(&job.fresh, job.base + first * job.stride, count * job.stride)
        fs_plan_sign(job.plan, job.first + first, count, job.base + first * job.stride,
                     job.stride, NULL)
    else:
        for i in range(count):
            places[i] = tokbox_text(job.strings[first + i])
        fs_plan_sign(job.plan, job.first + first, count, NULL, 0, places)


cdef size_t _slice(size_t n, unsigned threads) noexcept:
    """Return the slice size for *n* tokens in one buffer: a few slices per thread."""
    return min(<size_t>LONG_SLICE, max(<size_t>SLICE, n // (4 * max(threads, 1u))))


cdef int _allocate(PyObject **strings, Py_ssize_t n, Py_ssize_t length,
                   arena_reserve *reserve) except -1:
    """Create *n* uninitialised strings of that *length* in reserved arenas."""
    cdef Py_ssize_t i
    arena_reserve_enter(reserve)
    try:
        for i in range(n):
            strings[i] = PyUnicode_New(length, 127)
    finally:
        arena_reserve_leave(reserve)
    return 0


def arena_counts() -> tuple:
    """Return the counters of arena_reserve_counts, for tests."""
    cdef unsigned long long installed, foreign
    arena_reserve_counts(&installed, &foreign)
    return installed, foreign


cdef int _do(fs_work work, void *job, size_t n, size_t slice, bint few,
             unsigned threads) except -1:
    """Run a job in slices, by threads and without the GIL. With *few*, run it at once with
    the GIL held."""
    cdef fs_thread_pool *workers
    if few:
        work(job, 0, n)
        return 0
    workers = fs_thread_pool_new(work, job, n, slice, n, threads - 1 if threads else 0)
    if workers == NULL:
        raise MemoryError
    return _finish(workers)


cdef int _finish(fs_thread_pool *workers) except -1:
    """Process slices and check for signals until the job is done. Always frees the pool."""
    cdef int more = 1
    try:
        while more:
            with nogil:
                more = fs_thread_pool_work(workers, SIGNAL_SECONDS)
            PyErr_CheckSignals()
    except BaseException:
        fs_thread_pool_stop(workers)
        raise
    finally:
        with nogil:
            fs_thread_pool_join(workers)
    return 0


@cython.final
cdef class BatchPlan:
    """A prepared batch with constant claims: tokens that differ only in their nonce.

    For T1, *head* is ``partner_id=KEY&sig=``, and *data* is the signed text, up to and
    including ``nonce=``. For a JWT, *head* is the encoded header and its dot, and *data* is
    the payload's JSON, up to and including ``"jti":"``. *random* contains the 24 bytes of
    the first nonce; None draws them from the operating system. The nonce of token i is the
    first nonce plus i.
    """

    cdef Key key
    cdef fs_plan plan
    cdef uint8_t *memory

    def __cinit__(self, Key key not None, bytes head not None, bytes data not None,
                  bint jwt=False, bytes random=None):
        self.memory = _plan(&self.plan, key, head, data, jwt, random)
        self.key = key

    def __dealloc__(self):
        fs_wipe(&self.plan, sizeof(self.plan))
        free(self.memory)

    def __reduce__(self):
        raise TypeError("a plan cannot be pickled or copied: it would carry the secret along")

    @property
    def token_length(self) -> int:
        """Length of each token of the batch, in bytes."""
        return self.plan.text_len

    def fill(self, Memory memory not None, Py_ssize_t n, *, uint64_t first=0,
             unsigned threads=1, bint lines=False) -> None:
        """Sign tokens first ... first + n - 1 and write them to *memory*, without gaps.

        With *lines*, a newline follows each token. Large batches release the GIL. *threads*
        includes the calling thread.
        """
        cdef Job job
        job.plan = &self.plan
        job.first = first
        job.base = memory.data
        job.stride = self.plan.text_len + lines
        job.strings = NULL
        if n < 0 or n > memory.nbytes // <Py_ssize_t>job.stride:
            raise ValueError("the memory is too small")
        fs_fresh_open(&job.fresh, memory.data, memory.nbytes, memory.fresh)
        memory.fresh = False
        try:
            _do(_sign_slice, &job, n, _slice(n, threads), n <= FEW, threads)
        finally:
            fs_fresh_close(&job.fresh)

    def strings(self, Py_ssize_t n, *, unsigned threads=1) -> list:
        """Sign tokens 0 ... n - 1 and return them as a list of str; *threads* as in `fill`.

        The garbage collector does not track the list until all tokens are complete, so
        other code cannot access it earlier.
        """
        cdef Job job
        cdef fs_thread_pool *workers
        cdef Py_ssize_t made = 0, i
        cdef list result = PyList_New(n)

        PyObject_GC_UnTrack(result)
        job.plan = &self.plan
        job.first = 0
        job.base = NULL
        job.stride = 0
        job.strings = (<PyListObject *>result).ob_item
        if n <= FEW:
            for i in range(n):
                job.strings[i] = PyUnicode_New(self.plan.text_len, 127)
            _sign_slice(&job, 0, n)
            PyObject_GC_Track(result)
            return result
        workers = fs_thread_pool_new(_sign_slice, &job, n, SLICE, 0, threads - 1 if threads else 0)
        if workers == NULL:
            raise MemoryError
        try:
            _make_strings(workers, &job, n, threads, &made)
        except BaseException as error:
            Py_SET_SIZE(result, made)
            _abandon(result, isinstance(error, MemoryError))
            raise
        PyObject_GC_Track(result)
        return result


cdef int _make_strings(fs_thread_pool *workers, Job *job, Py_ssize_t n, unsigned threads,
                       Py_ssize_t *made) except -1:
    """Create the *n* strings of a job with the GIL held, while workers write the tokens in
    place without it. Always frees the pool. *made* is the number of items of the list that
    may be set."""
    cdef Py_ssize_t done = 0, ahead = PREPARE, ready = n
    cdef size_t waiting
    cdef bint helps, due
    cdef double since = fs_now()
    cdef arena_reserve reserve

    arena_reserve_open(&reserve, n, job.plan.text_len)
    try:
        if arena_reserve_fill(&reserve, min(n, PREPARE), n):
            ready = min(n, PREPARE)
            with nogil:
                fs_prefault(job.strings, ready * sizeof(PyObject *))
                arena_reserve_prefault(&reserve, ready)
        while done < n:
            made[0] = min(ready, done + ALLOCATE)
            _allocate(job.strings + done, made[0] - done, job.plan.text_len, &reserve)
            done = made[0]
            waiting = fs_thread_pool_publish(workers, done)
            # If the workers fall behind, this thread helps them, without the GIL.
            helps = threads <= 1 or waiting > ALLOCATE * threads
            due = done == ready and ready < n
            if due:
                ready = min(n, done + ahead)
                arena_reserve_fill(&reserve, ready - done, n - done)
            if helps or due:
                with nogil:
                    if helps:
                        fs_thread_pool_work(workers, 0 if threads > 1 else 1)
                    if due:
                        fs_prefault(job.strings + done, (ready - done) * sizeof(PyObject *))
                        arena_reserve_prefault(&reserve, ready - done)
                    since = fs_now()
                ahead = PREPARE if fs_now() - since < GIL_SECONDS else PREPARE_MORE
                since = fs_now()
                PyErr_CheckSignals()
            else:
                _yield_gil(&since)
    except BaseException:
        fs_thread_pool_stop(workers)
        with nogil:
            fs_thread_pool_join(workers)
        raise
    finally:
        arena_reserve_close(&reserve)
    return _finish(workers)


### Rows ###

include "_rows.pxi"


### Verification ###

cdef void _verify_slice(void *job, size_t first, size_t count) noexcept nogil:
    fs_verify(<fs_verifier *>job, first, count)


#: Results of verification; see fastsign.h.
UNSURE, GOOD, ALTERED = FS_UNSURE, FS_GOOD, FS_ALTERED
FOREIGN, EARLY, EXPIRED, ABSENT = FS_FOREIGN, FS_EARLY, FS_EXPIRED, FS_ABSENT


# Up to this number of tokens are verified by the calling thread with the GIL held.
# Releasing and reacquiring it would take longer.
cdef enum:
    FEW_TO_VERIFY = 64

# RS256 tokens in a slice: about a millisecond.
cdef enum:
    RSA_SLICE = 16


def verify_many(key: Key | RSAKey | None, bytes head not None, bytes api_key, tokens, uint64_t now,
                uint64_t leeway, *, tuple hs256_heads=(), tuple rs256_heads=(),
                bytes session=None, bint decode_only=False, unsigned threads=1) -> tuple:
    """Verify tokens. Returns the result for each token, as bytes, and the related times, as
    int64 (see fs_verifier).

    *tokens* is a result of `copy_list`, a `StringSlice` or a `StringColumn`. *session* is
    the required session ID, or None. *hs256_heads* and *rs256_heads* are the accepted
    headers of JWTs, each with its dot. *now* and *leeway* are in seconds. *key* may be None
    only with *decode_only* (see fs_verifier).
    """
    cdef fs_verifier verifier
    cdef fs_text *texts
    cdef Memory memory = None, offsets = None, column, times
    cdef Py_ssize_t n, i, length
    cdef const char *utf8
    cdef bytes results
    cdef fs_thread_pool *workers
    cdef double since = fs_now()
    cdef tuple jwt_heads = hs256_heads + rs256_heads
    verifier.key = &(<Key>key).key if type(key) is Key else NULL
    verifier.rsa = &(<RSAKey>key).key if type(key) is RSAKey else NULL
    if key is None and not decode_only:
        raise ValueError("a key is needed")
    verifier.codec = engine.codec
    if verifier.key != NULL:
        verifier.codec = verifier.key.engine.codec
    elif verifier.rsa != NULL:
        verifier.codec = verifier.rsa.engine.codec
    verifier.decode_only = decode_only
    verifier.head = <const uint8_t *>PyBytes_AS_STRING(head)
    verifier.head_len = PyBytes_GET_SIZE(head)
    verifier.api_key = NULL
    verifier.key_len = 0
    if api_key is not None:
        verifier.api_key = <const uint8_t *>PyBytes_AS_STRING(api_key)
        verifier.key_len = PyBytes_GET_SIZE(api_key)
    cdef Memory heads = Memory(len(jwt_heads) * sizeof(fs_text))
    verifier.jwt_heads = <const fs_text *>heads.data
    verifier.jwt_heads_count = len(jwt_heads)
    verifier.hs256_heads_count = len(hs256_heads)
    for i in range(len(jwt_heads)):
        part = <bytes?>jwt_heads[i]
        (<fs_text *>heads.data)[i].data = <const uint8_t *>PyBytes_AS_STRING(part)
        (<fs_text *>heads.data)[i].len = PyBytes_GET_SIZE(part)
    verifier.session = NULL
    verifier.session_len = 0
    if session is not None:
        verifier.session = <const uint8_t *>PyBytes_AS_STRING(session)
        verifier.session_len = PyBytes_GET_SIZE(session)
    verifier.now = now
    verifier.leeway = leeway
    verifier.tokens = NULL
    verifier.offsets = NULL
    verifier.length = 0
    if type(tokens) is StringSlice:
        memory = (<StringSlice>tokens).memory
        offsets = (<StringSlice>tokens).offsets
        n = (<StringSlice>tokens).n
        i = (<StringSlice>tokens).first
        verifier.length = (<StringSlice>tokens).length
        verifier.base = memory.data
        if offsets is not None:
            verifier.offsets = <const int64_t *>offsets.data + i
        else:
            verifier.base += i * verifier.length
    elif type(tokens) is StringColumn:
        n = (<StringColumn>tokens).n
        verifier.tokens = (<StringColumn>tokens).texts
    else:
        n = len(_checked(tokens))
        column = _paged(n * sizeof(fs_text))
        texts = <fs_text *>column.data
        for i in range(n):
            if i % LOOK == LOOK - 1:
                _yield_gil(&since)
            value = _item(tokens, i)
            texts[i].data = NULL
            texts[i].len = value is not None  # other types need slow-path validation
            if isinstance(value, str):
                # The methods of a subclass are not called.
                utf8 = _utf8(value, &length)
                if utf8 != NULL:
                    texts[i].data = <const uint8_t *>utf8
                    texts[i].len = length
        verifier.tokens = texts
    results = PyBytes_FromStringAndSize(NULL, n)
    verifier.results = <uint8_t *>PyBytes_AS_STRING(results)
    times = Memory(n * sizeof(int64_t))
    verifier.times = <int64_t *>times.data
    if n <= FEW_TO_VERIFY and verifier.rsa == NULL:
        fs_verify(&verifier, 0, n)
        return results, times
    if n <= RSA_SLICE:
        with nogil:
            fs_verify(&verifier, 0, n)
        return results, times
    workers = fs_thread_pool_new(_verify_slice, &verifier, n, RSA_SLICE if verifier.rsa else SLICE, n,
                       threads - 1 if threads else 0)
    if workers == NULL:
        raise MemoryError
    _finish(workers)
    return results, times


cdef Py_ssize_t _next_zero(const uint8_t *good, Py_ssize_t n, Py_ssize_t i) noexcept:
    """Return the first row after *i* that needs slow-path validation, or -1."""
    cdef const uint8_t *found
    i += 1
    found = <const uint8_t *>memchr(good + i, 0, n - i)
    return -1 if found == NULL else found - good


### Yielding the GIL ###

include "_gil.pxi"


cdef const char *_utf8(value, Py_ssize_t *length) except? NULL:
    """Return the UTF-8 of a str, or NULL if it has a lone surrogate. Raises MemoryError if
    memory is exhausted."""
    if tokbox_has_surrogate(value):
        return NULL
    return PyUnicode_AsUTF8AndSize(value, length)


### Text ###

def decode_base64(str text not None) -> bytes | None:
    """Decode base64 in either alphabet, without padding. Returns None if the text is
    invalid or empty, or has unused bits that are not 0."""
    cdef Py_ssize_t length
    cdef const char *characters = _utf8(text, &length)
    cdef bytes raw
    cdef size_t done
    if characters == NULL:
        return None
    raw = PyBytes_FromStringAndSize(NULL, length // 4 * 3 + max(length % 4 - 1, 0))
    done = fs_base64_raw(engine.codec, <uint8_t *>PyBytes_AS_STRING(raw),
                         <const uint8_t *>characters, length)
    return raw if done else None


def has_surrogate(str text not None) -> bool:
    """Return True if *text* has a lone surrogate, which UTF-8 cannot encode."""
    return tokbox_has_surrogate(text)


def session_owner(str session_id not None) -> str | None:
    """Return the owner in a valid session ID: an API key or an application ID.

    None means that the ID is invalid or needs slow-path validation.
    """
    cdef uint8_t raw[FS_SESSION_BYTES]
    cdef const uint8_t *owner
    cdef Py_ssize_t length
    cdef size_t owner_length
    cdef const char *utf8 = _utf8(session_id, &length)
    if utf8 == NULL:
        return None
    owner_length = fs_session_owner(engine.codec, <const uint8_t *>utf8, length, raw, &owner)
    return (<const char *>owner)[:owner_length].decode("ascii") if owner_length else None



def quote_plus(str text not None) -> bytes:
    """Encode *text* as a form value, like `urllib.parse.quote_plus`.

    Raises UnicodeEncodeError if it has a lone surrogate.
    """
    cdef Py_ssize_t length
    cdef const char *utf8 = PyUnicode_AsUTF8AndSize(text, &length)
    cdef uint8_t *out = <uint8_t *>malloc(3 * length + 1)
    if out == NULL:
        raise MemoryError
    try:
        return PyBytes_FromStringAndSize(
            <char *>out, fs_quote_plus(engine.codec, out, <const uint8_t *>utf8, length)
        )
    finally:
        free(out)
