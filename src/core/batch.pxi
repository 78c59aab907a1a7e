# Batches of tokens with constant claims. Included by _fastsign.pyx.

# ALLOCATE_STRINGS: strings that are created without yielding the GIL, some tens of microseconds.
# PREFAULT_STRINGS: strings whose memory is prefaulted at a time, without the GIL; PREFAULT_MANY if
# other threads compete for the GIL.
cdef enum:
    ALLOCATE_STRINGS = 2048
    PREFAULT_STRINGS = 4096
    PREFAULT_MANY = 32768


cdef struct Job:
    const fs_batch_plan *plan
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
        fs_batch_plan_sign(job.plan, job.first + first, count, job.base + first * job.stride,
                     job.stride, NULL)
    else:
        for i in range(count):
            places[i] = tokbox_text(job.strings[first + i])
        fs_batch_plan_sign(job.plan, job.first + first, count, NULL, 0, places)


cdef size_t _slice_length(size_t n, unsigned threads) noexcept:
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
    cdef unsigned long long installed, unexpected
    arena_reserve_counts(&installed, &unexpected)
    return installed, unexpected


cdef uint8_t *_prepare_plan(fs_batch_plan *plan, Key key, bytes head, bytes data, bint jwt,
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
        fs_batch_plan_jwt(plan, &key.key, &nonce, head_text, head_len, data_text, data_len, memory)
    else:
        fs_batch_plan_t1(plan, &key.key, &nonce, head_text, head_len, data_text, data_len,
                   memory, memory + text_len)
    return memory


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
    cdef fs_batch_plan plan
    cdef uint8_t *memory

    def __cinit__(self, Key key not None, bytes head not None, bytes data not None,
                  bint jwt=False, bytes random=None):
        self.memory = _prepare_plan(&self.plan, key, head, data, jwt, random)
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
            _run_job(_sign_slice, &job, n, _slice_length(n, threads), n <= SMALL_BATCH, threads)
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
        if n <= SMALL_BATCH:
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
            _free_strings(result, isinstance(error, MemoryError))
            raise
        PyObject_GC_Track(result)
        return result


cdef int _make_strings(fs_thread_pool *workers, Job *job, Py_ssize_t n, unsigned threads,
                       Py_ssize_t *made) except -1:
    """Create the *n* strings of a job with the GIL held, while workers write the tokens in
    place without it. Always frees the pool. *made* is the number of items of the list that
    may be set."""
    cdef Py_ssize_t done = 0, ahead = PREFAULT_STRINGS, ready = n
    cdef size_t waiting
    cdef bint helps, due
    cdef double since = fs_now()
    cdef arena_reserve reserve

    arena_reserve_open(&reserve, n, job.plan.text_len)
    try:
        if arena_reserve_fill(&reserve, min(n, PREFAULT_STRINGS), n):
            ready = min(n, PREFAULT_STRINGS)
            with nogil:
                fs_prefault(job.strings, ready * sizeof(PyObject *))
                arena_reserve_prefault(&reserve, ready)
        while done < n:
            made[0] = min(ready, done + ALLOCATE_STRINGS)
            _allocate(job.strings + done, made[0] - done, job.plan.text_len, &reserve)
            done = made[0]
            waiting = fs_thread_pool_publish(workers, done)
            # If the workers fall behind, this thread helps them, without the GIL.
            helps = threads <= 1 or waiting > ALLOCATE_STRINGS * threads
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
                ahead = PREFAULT_STRINGS if fs_now() - since < GIL_SECONDS else PREFAULT_MANY
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
    return _finish_job(workers)
