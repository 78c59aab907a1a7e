# The mirror of workers.h, and nothing else.

cdef extern from "system/workers.h" nogil:
    ctypedef struct fs_crew:
        pass
    ctypedef void (*fs_work)(void *job, size_t first, size_t count) noexcept nogil

    fs_crew *fs_crew_new(fs_work work, void *job, size_t n, size_t slice, size_t ready,
                         unsigned workers)
    size_t fs_crew_publish(fs_crew *crew, size_t ready)
    int fs_crew_work(fs_crew *crew, double seconds)
    void fs_crew_stop(fs_crew *crew)
    void fs_crew_join(fs_crew *crew)
    double fs_now()
    void fs_pause()
