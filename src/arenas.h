/* Memory for many strings at once.
 *
 * CPython gets the memory of small objects by arenas of a megabyte. To touch the pages of
 * fresh arenas one by one costs more than to sign what is written there. So while many
 * strings are made in one go, with the GIL held, CPython's arena allocator (PEP 445) is
 * wrapped: new arenas come with all of their pages, and as halves of a huge page as long as
 * those are had for less. Where the system has none, where it must move memory to make one,
 * or where a host must first be asked for it, they are not: the first arena of a call, which
 * is an ordinary one, is what each huge page is held against. They may lose half of the time that
 * they have won; then the call goes on without them, and so do some calls to come.
 */
#ifndef TOKBOX_ARENAS_H
#define TOKBOX_ARENAS_H

#include <Python.h>

#include "pages.h"
#include "workers.h"

/* What one call that makes many strings knows of arenas; zeros at first. */
typedef struct {
    PyObjectArenaAllocator before;
    int entered;
    int dear;        /* huge pages are too dear, or not to be had */
    double ordinary; /* seconds that an ordinary arena took, or 0 */
    double won;      /* seconds that huge pages took less than ordinary ones; more counts
                        twice */
    void *half;      /* the other half of a huge page, of which one is an arena, or NULL */
} tokbox_arenas;

#if defined(Py_GIL_DISABLED) || defined(PYPY_VERSION) /* no arenas */

static void tokbox_arenas_enter(tokbox_arenas *arenas) { (void)arenas; }
static void tokbox_arenas_leave(tokbox_arenas *arenas) { (void)arenas; }
static void tokbox_arenas_close(tokbox_arenas *arenas) { (void)arenas; }

#else

#define TOKBOX_ARENA ((size_t)1 << 20)
#define TOKBOX_MOST_CALLS 63

/* Calls that are still to do without huge pages, and as many as the last loss has cost. Both
 * are looked at with the GIL held. */
static unsigned tokbox_calls_without, tokbox_calls_lost;

/* A huge page, if one may be tried and is to be had, or NULL. */
static void *tokbox_huge_page(tokbox_arenas *arenas) {
    double start = fs_now(), won;
    void *page;
    if (arenas->dear) return NULL;
    if (arenas->won == 0 && tokbox_calls_without) {
        tokbox_calls_without--;
        arenas->dear = 1;
        return NULL;
    }
    page = fs_huge_page();
    won = 2 * arenas->ordinary - (fs_now() - start);
    arenas->won += won > 0 ? won : 2 * won;
    if (page && arenas->won >= 0) {
        tokbox_calls_lost = 0;
        return page;
    }
    arenas->dear = 1;
    if (tokbox_calls_lost < TOKBOX_MOST_CALLS) tokbox_calls_lost += tokbox_calls_lost + 1;
    tokbox_calls_without = tokbox_calls_lost;
    return page;
}

static void *tokbox_arena_new(void *context, size_t size) {
    tokbox_arenas *arenas = (tokbox_arenas *)context;
    void *arena = arenas->half;
    double start = fs_now();

    if (arena) {
        arenas->half = NULL;
        return arena;
    }
    if (arenas->ordinary > 0 && (arena = tokbox_huge_page(arenas)) != NULL) {
        arenas->half = (char *)arena + TOKBOX_ARENA;
        return arena;
    }
    arena = arenas->before.alloc(arenas->before.ctx, size);
    if (arena) fs_touch(arena, size);
    arenas->ordinary = fs_now() - start;
    if (size != TOKBOX_ARENA) arenas->dear = 1;
    return arena;
}

static void tokbox_arena_free(void *context, void *arena, size_t size) {
    tokbox_arenas *arenas = (tokbox_arenas *)context;
    arenas->before.free(arenas->before.ctx, arena, size);
}

/* From here on arenas come as is said above. The GIL must be held until the way back: other
 * threads are not to meet an allocator of ours. */
static void tokbox_arenas_enter(tokbox_arenas *arenas) {
    PyObjectArenaAllocator ours = {arenas, tokbox_arena_new, tokbox_arena_free};
    PyObject_GetArenaAllocator(&arenas->before);
    /* Arenas are given back by whoever is the allocator then: by munmap, if it is CPython's. */
    if (!fs_same_library((const void *)arenas->before.free, (const void *)PyObject_Free))
        arenas->dear = 1;
    PyObject_SetArenaAllocator(&ours);
    arenas->entered = 1;
}

static void tokbox_arenas_leave(tokbox_arenas *arenas) {
    if (arenas->entered) PyObject_SetArenaAllocator(&arenas->before);
    arenas->entered = 0;
}

/* At the end of the call. */
static void tokbox_arenas_close(tokbox_arenas *arenas) {
    fs_give_back(arenas->half, TOKBOX_ARENA);
    arenas->half = NULL;
}

#endif

#endif
