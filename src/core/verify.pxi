# Verification. Included by _fastsign.pyx.

cdef void _verify_slice(void *job, size_t first, size_t count) noexcept nogil:
    fs_verify(<fs_verifier *>job, first, count)


#: Results of verification; see fastsign.h.
UNDECIDED, VALID, BAD_SIGNATURE = FS_UNDECIDED, FS_VALID, FS_BAD_SIGNATURE
WRONG_KEY, NOT_YET_VALID, EXPIRED, MISSING = FS_WRONG_KEY, FS_NOT_YET_VALID, FS_EXPIRED, FS_MISSING


# Up to this number of tokens are verified by the calling thread with the GIL held.
# Releasing and reacquiring it would take longer.
cdef enum:
    SMALL_VERIFY = 64

# RS256 tokens in a slice: about a millisecond.
cdef enum:
    RSA_SLICE = 16


cdef int _set_key(fs_verifier *verifier, key, bint decode_only) except -1:
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
    return 0


cdef fs_text _text_of(bytes value):
    """Return the bytes of *value*, or NULL for None."""
    cdef fs_text text
    text.data = NULL
    text.len = 0
    if value is not None:
        text.data = <const uint8_t *>PyBytes_AS_STRING(value)
        text.len = PyBytes_GET_SIZE(value)
    return text


cdef Memory _set_heads(fs_verifier *verifier, tuple hs256_heads, tuple rs256_heads):
    """Set the accepted headers. Returns their memory; the caller owns the bytes."""
    cdef Py_ssize_t i, n = len(hs256_heads) + len(rs256_heads)
    cdef Memory memory = Memory(n * sizeof(fs_text))
    for i in range(n):
        (<fs_text *>memory.data)[i] = _text_of((hs256_heads + rs256_heads)[i])
    verifier.jwt_heads = <const fs_text *>memory.data
    verifier.jwt_heads_count = n
    verifier.hs256_heads_count = len(hs256_heads)
    return memory


cdef Memory _read_tokens(tokens):
    """Return the texts of a result of `copy_list`."""
    cdef Py_ssize_t i, length, n = len(_check_copied(tokens))
    cdef const char *utf8
    cdef double since = fs_now()
    cdef Memory memory = _prefaulted(n * sizeof(fs_text))
    cdef fs_text *texts = <fs_text *>memory.data
    for i in range(n):
        if i % ROW_SLICE == ROW_SLICE - 1:
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
    return memory


cdef object _set_tokens(fs_verifier *verifier, tokens):
    """Set the tokens. Returns the owner of their memory."""
    cdef StringSlice slice_
    cdef Memory texts
    verifier.tokens = NULL
    verifier.offsets = NULL
    verifier.length = 0
    if type(tokens) is StringSlice:
        slice_ = tokens
        verifier.length = slice_.length
        verifier.base = slice_.memory.data
        if slice_.offsets is not None:
            verifier.offsets = <const int64_t *>slice_.offsets.data + slice_.first
        else:
            verifier.base += slice_.first * slice_.length
        return slice_
    if type(tokens) is StringColumn:
        verifier.tokens = (<StringColumn>tokens).texts
        return tokens
    texts = _read_tokens(tokens)
    verifier.tokens = <const fs_text *>texts.data
    return texts


def verify_many(key: Key | RSAKey | None, bytes head not None, bytes api_key, tokens,
                uint64_t now, uint64_t leeway, *, tuple hs256_heads=(), tuple rs256_heads=(),
                bytes session=None, bint decode_only=False, unsigned threads=1) -> tuple:
    """Verify tokens. Returns the result for each token, as bytes, and the related times, as
    int64 (see fs_verifier).

    *tokens* is a result of `copy_list`, a `StringSlice` or a `StringColumn`. *session* is
    the required session ID, or None. *hs256_heads* and *rs256_heads* are the accepted
    headers of JWTs, each with its dot. *now* and *leeway* are in seconds. *key* may be None
    only with *decode_only* (see fs_verifier).
    """
    cdef fs_verifier verifier
    cdef fs_text text = _text_of(head)
    cdef Memory times
    cdef bytes results
    cdef Py_ssize_t n
    _set_key(&verifier, key, decode_only)
    verifier.head, verifier.head_len = text.data, text.len
    text = _text_of(api_key)
    verifier.api_key, verifier.key_len = text.data, text.len
    text = _text_of(session)
    verifier.session, verifier.session_len = text.data, text.len
    verifier.now = now
    verifier.leeway = leeway
    heads = _set_heads(&verifier, hs256_heads, rs256_heads)
    owner = _set_tokens(&verifier, tokens)
    n = tokens.n if type(tokens) is StringSlice else len(tokens)
    results = PyBytes_FromStringAndSize(NULL, n)
    verifier.results = <uint8_t *>PyBytes_AS_STRING(results)
    times = Memory(n * sizeof(int64_t))
    verifier.times = <int64_t *>times.data
    if verifier.rsa == NULL:
        _run_job(_verify_slice, &verifier, n, SLICE, n <= SMALL_VERIFY, threads)
    elif n <= RSA_SLICE:
        with nogil:
            fs_verify(&verifier, 0, n)
    else:
        _run_job(_verify_slice, &verifier, n, RSA_SLICE, False, threads)
    return results, times
