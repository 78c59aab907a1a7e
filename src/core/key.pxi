# Keys: API secrets and RSA public keys. Included by _fastsign.pyx.

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

    def token(self, bytes head not None, bytes first not None, tuple claims not None,
              slow_path, bint jwt=False, bytes random=None) -> str:
        """Sign one token with the current time, faster than with `Rows`.

        *first* contains the first claims, up to the digits of the creation time. *claims*
        contains a value for each of `CLAIMS`; that of the session ID is ignored, because it
        is part of *first*. *slow_path* is called with the name of the claim and the value
        for each value that this method cannot validate itself; it returns the value to
        sign, or raises an exception.
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

        kept = _read_row(&row, _check_count(claims), slow_path)
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

    def plan(self, bytes head not None, bytes first not None, tuple claims not None,
             slow_path, bint jwt=False, bytes random=None) -> BatchPlan:
        """Prepare a batch with the current time; arguments as for `token`."""
        cdef fs_rows rows
        cdef OneRow row
        cdef uint64_t now = <uint64_t>time(NULL)
        cdef uint8_t[MAX_DECIMAL] digits
        cdef size_t first_len = PyBytes_GET_SIZE(first), digits_len = fs_decimal(digits, now)
        cdef uint8_t *to
        cdef bytes data

        kept = _read_row(&row, _check_count(claims), slow_path)
        rows.jwt = jwt
        rows.codec = self.key.engine.codec
        _set_row(&rows, &row, now)
        data = PyBytes_FromStringAndSize(
            NULL, first_len + digits_len + jwt + fs_claims_length(&rows, 0) + FS_NONCE_NAME
        )
        to = <uint8_t *>PyBytes_AS_STRING(data)
        to = _append(_append(to, PyBytes_AS_STRING(first), first_len), digits, digits_len)
        if jwt:
            to[0] = b","
            to += 1
        fs_put_nonce_name(jwt, fs_put_claims(&rows, 0, to))
        return BatchPlan(self, head, data, jwt, random)

    def few_rows(self, bytes head not None, tuple around not None, now, tuple claims not None,
                 str owner not None, bint jwt=False,
                 MemoryPool pool=None, bytes random=None) -> tuple | None:
        """Sign up to 128 rows in one call. Returns memory, offsets and the number of rows.

        *claims* contains a value for each of `CLAIMS`; lists and tuples are columns.
        *around* is the text before and after the creation time, *now*; None means the
        current time. Returns None if the claims need the validation of `Rows`.
        """
        cdef fs_rows shared, columns, rows
        cdef fs_nonce nonce
        cdef FewRows few
        cdef uint8_t[2048] data
        cdef uint8_t[6144] room
        cdef uint8_t *to = data
        cdef size_t head_len = PyBytes_GET_SIZE(head), data_len, text_len
        cdef int64_t *at
        cdef Py_ssize_t n
        cdef Memory memory, offsets
        cdef uint64_t create_time = <uint64_t>time(NULL) if now is None else now
        cdef bytes before = around[0], after = around[1]
        cdef const fs_text *session_id
        cdef list kept = []
        memset(&shared, 0, sizeof(shared))
        memset(&columns, 0, sizeof(columns))
        shared.jwt = jwt
        shared.codec = self.key.engine.codec
        shared.create_time = create_time
        n = _read_few(&shared, &columns, &few, _check_count(claims), kept, owner)
        if n <= 0:
            return None
        data_len = len(before) + len(after) + MAX_DECIMAL + fs_claims_length(&shared, 0)
        text_len = fs_rows_text(head_len, data_len)
        if data_len > sizeof(data) or text_len + head_len + data_len + 41 > sizeof(room):
            return None
        session_id = <const fs_text *>shared.columns[FS_SESSION_ID]
        if not jwt and session_id != NULL:
            # In T1 tokens, this claim comes before the time.
            to = _append(to, b"session_id=", 11)
            to = _append(_append(to, session_id.data, session_id.len), b"&", 1)
            shared.columns[FS_SESSION_ID] = NULL
        to = _append(to, PyBytes_AS_STRING(before), len(before))
        to += fs_decimal(to, create_time)
        to = fs_put_claims(&shared, 0, _append(to, PyBytes_AS_STRING(after), len(after)))
        _draw_nonce(&nonce, random)
        fs_rows_prepare(&rows, &self.key, &nonce, jwt,
                        <const uint8_t *>PyBytes_AS_STRING(head), head_len,
                        data, to - data, room, room + text_len)
        try:
            rows.create_time = create_time
            memcpy(rows.columns, columns.columns, sizeof(rows.columns))
            offsets = Memory((n + 1) * sizeof(int64_t))
            at = <int64_t *>offsets.data
            fs_rows_lengths(&rows, 0, n, at + 1)
            at[0] = 0
            _to_offsets(at, n)
            if at[n] > SMALL_BATCH_BYTES:
                return None
            memory = Memory(at[n], pool)
            if n == 1:
                fs_rows_sign_one(&rows, memory.data, at[1])
            else:
                fs_rows_sign(&rows, 0, n, memory.data, at)
        finally:
            fs_wipe(&rows, sizeof(rows))
        return memory, offsets, n


cdef inline uint8_t *_append(uint8_t *to, const void *data, size_t len) noexcept:
    memcpy(to, data, len)
    return to + len


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

    def verify_signature(self, bytes message not None, bytes signature not None) -> bool:
        """Verify a signature of *message* (RSASSA-PKCS1-v1_5, SHA-256); True if valid."""
        return fs_rsa_verify(
            &self.key,
            <const uint8_t *>PyBytes_AS_STRING(message), PyBytes_GET_SIZE(message),
            <const uint8_t *>PyBytes_AS_STRING(signature), PyBytes_GET_SIZE(signature),
        ) == 1
