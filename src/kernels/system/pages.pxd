# Declarations of pages.h.

cdef extern from "system/pages.h" nogil:
    void fs_prefault(void *memory, size_t len)

    ctypedef struct fs_fresh:
        pass

    void fs_fresh_open(fs_fresh *buffer, void *memory, size_t len, int fresh)
    void fs_fresh_close(fs_fresh *buffer)
    void fs_fresh_prefault(fs_fresh *buffer, void *memory, size_t len)
