# Run jobs in a thread pool. Included by _fastsign.pyx.

# Tokens in a slice. The strings of a slice stay in the L2 cache. In one buffer, slices are
# longer, so that each thread writes long contiguous parts.
cdef enum:
    SLICE = 1024
    LONG_SLICE = 4096

# Up to SMALL_BATCH tokens are signed by the calling thread with the GIL held, in less than a
# millisecond. Releasing and reacquiring the GIL would take longer.
cdef enum:
    SMALL_BATCH = 256
    SMALL_BATCH_BYTES = 1 << 18  # bytes of their text, if they differ

# Seconds between two checks for signals, and seconds before the GIL is yielded.
cdef double SIGNAL_SECONDS = 0.02
cdef double GIL_SECONDS = 0.001


cdef int _run_job(fs_work work, void *job, size_t n, size_t slice, bint few,
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
    return _finish_job(workers)


cdef int _finish_job(fs_thread_pool *workers) except -1:
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
