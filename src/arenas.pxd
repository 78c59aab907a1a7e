# Declarations of arenas.h.

cdef extern from "arenas.h":
    ctypedef struct arena_reserve:
        pass
    void arena_reserve_open(arena_reserve *reserve, size_t n, size_t length)
    int arena_reserve_fill(arena_reserve *reserve, size_t next, size_t all)
    void arena_reserve_prefault(arena_reserve *reserve, size_t n) nogil
    void arena_reserve_enter(arena_reserve *reserve)
    void arena_reserve_leave(arena_reserve *reserve)
    void arena_reserve_close(arena_reserve *reserve)
    void arena_reserve_counts(unsigned long long *installed, unsigned long long *unexpected)
