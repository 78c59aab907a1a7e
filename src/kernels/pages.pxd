# The mirror of pages.h, and nothing else.

cdef extern from "pages.h" nogil:
    void fs_touch(void *memory, size_t len)
