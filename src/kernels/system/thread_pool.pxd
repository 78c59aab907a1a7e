# Declarations of thread_pool.h.

cdef extern from "system/thread_pool.h" nogil:
    ctypedef struct fs_thread_pool:
        pass
    ctypedef void (*fs_work)(void *job, size_t first, size_t count) noexcept nogil

    fs_thread_pool *fs_thread_pool_new(fs_work work, void *job, size_t n, size_t slice, size_t ready,
                         unsigned workers)
    size_t fs_thread_pool_publish(fs_thread_pool *workers, size_t ready)
    int fs_thread_pool_work(fs_thread_pool *workers, double seconds)
    void fs_thread_pool_stop(fs_thread_pool *workers)
    void fs_thread_pool_join(fs_thread_pool *workers)
    double fs_now()
    void fs_pause()
