/* Prefaulted memory for calls that create many strings.
 *
 * CPython allocates small objects in arenas of 1 MiB. Faulting in the pages of new arenas
 * one by one costs more than signing the tokens. So such a call reserves arenas from
 * CPython's own arena allocator (PEP 445), prefaults them without the GIL, and wraps the
 * allocator only while it creates strings with the GIL held: new arenas then come from the
 * reserve.
 *
 * Safety:
 * - Every reserved arena comes from the allocator that will free it.
 * - The allocator belongs to the process, but the GIL to an interpreter (PEP 684). So the
 *   wrapper is installed only if there is one interpreter. This is checked each time with
 *   its GIL held, which is required to create another interpreter.
 * - The wrapper's state is static, and its reserve serves only the thread that installed it.
 */
#ifndef TOKBOX_ARENAS_H
#define TOKBOX_ARENAS_H

#include <Python.h>

#include "system/pages.h"

#define ARENA_SIZE ((size_t)1 << 20)
#define MAX_RESERVED 16

typedef struct {
    char *start;
    size_t prefaulted; /* bytes from the start */
} reserved_arena;

/* The reserve of one call. */
typedef struct {
    size_t string_size;               /* bytes of a string; 0: do not reserve arenas */
    PyObjectArenaAllocator allocator; /* allocates and frees the reserve */
    fs_pages pages;
    unsigned count;
    reserved_arena arenas[MAX_RESERVED]; /* the last one is used next */
} arena_reserve;

/* Begin a call that creates n strings of `length` ASCII characters. The caller must hold
 * the GIL for this and the following functions, except arena_reserve_prefault. */
void arena_reserve_open(arena_reserve *reserve, size_t n, size_t length);

/* If the reserve is too small for the `next` strings, fill it for `all` remaining strings,
 * up to its capacity. Returns 0 if reserves are disabled. */
int arena_reserve_fill(arena_reserve *reserve, size_t next, size_t all);

/* Prefault reserved arenas for the next n strings. Does not need the GIL. */
void arena_reserve_prefault(arena_reserve *reserve, size_t n);

/* Allocate new arenas from the reserve until `arena_reserve_leave`. The caller must hold
 * the GIL between the two calls. */
void arena_reserve_enter(arena_reserve *reserve);
void arena_reserve_leave(arena_reserve *reserve);

/* Free the rest of the reserve. */
void arena_reserve_close(arena_reserve *reserve);

/* For tests: count how often the wrapper was installed, and how often it was called by
 * another thread or while it was not installed. */
void arena_reserve_counts(unsigned long long *installed, unsigned long long *unexpected);

#endif
