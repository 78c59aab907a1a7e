/* Prefaulted memory for calls that create many strings.
 *
 * CPython takes the memory of small objects from the system in arenas of one megabyte. Faulting
 * in the pages of new arenas one by one costs more than signing what is written there. So such
 * a call reserves arenas from CPython's own arena allocator (PEP 445), prefaults them without
 * the GIL, and wraps the allocator only while it creates strings with the GIL held: new arenas
 * then come from the reserve.
 *
 * Safety:
 * - Every reserved arena comes from the allocator that will free it, whichever that is.
 * - The allocator belongs to the process and the GIL to an interpreter (PEP 684). The wrapper
 *   is installed only if there is one interpreter, which is checked each time with its GIL held;
 *   no other can be created without that GIL.
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
    size_t prefaulted; /* bytes, from the start on */
} reserved_arena;

/* The reserve of one call. */
typedef struct {
    size_t string_size;               /* bytes of a string; 0 if a reserve does not pay */
    PyObjectArenaAllocator allocator; /* made the reserve, and frees it */
    fs_pages pages;
    unsigned count;
    reserved_arena arenas[MAX_RESERVED]; /* the last one is the next to be used */
} arena_reserve;

/* Begin a call that creates n strings of `length` ASCII characters. The caller must hold the
 * GIL, here and where nothing else is said. */
void arena_reserve_open(arena_reserve *reserve, size_t n, size_t length);

/* If there is no reserve for the `next` strings, fill it for `all` that are left, as far as it
 * can hold them. Returns whether there is anything to prefault. */
int arena_reserve_fill(arena_reserve *reserve, size_t next, size_t all);

/* Prefault reserved arenas for the next n strings. Does not need the GIL. */
void arena_reserve_prefault(arena_reserve *reserve, size_t n);

/* Take new arenas from the reserve until `arena_reserve_leave`. The caller must hold the GIL
 * from here until then. */
void arena_reserve_enter(arena_reserve *reserve);
void arena_reserve_leave(arena_reserve *reserve);

/* Free what is left of the reserve. */
void arena_reserve_close(arena_reserve *reserve);

/* For tests: how often the wrapper was installed, and how often another thread than the
 * installing one called it. */
void arena_reserve_counts(unsigned long long *installed, unsigned long long *foreign);

#endif
