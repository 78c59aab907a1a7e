# Declarations of text.h.

from libc.stdint cimport uint8_t

cdef extern from "text.h" nogil:
    ctypedef struct fs_text:
        const uint8_t *data
        size_t len
