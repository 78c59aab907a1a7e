/* Memory for many strings at once.
 *
 * CPython gets the memory of small objects by arenas of a megabyte. To touch the pages of
 * fresh arenas one by one costs more than to sign what is written there. So a call that makes
 * many strings takes a stock of arenas without the GIL, with all of their pages; and while it
 * makes some of the strings, with the GIL held, CPython's arena allocator (PEP 445) is
 * wrapped: new arenas come from that stock.
 *
 * They are halves of huge pages as long as those are had for less. Where the system has none,
 * where it must move memory to make one, or where a host must first be asked for it, they are
 * not: the first arena of a call, which is an ordinary one, is what each huge page is held
 * against. They may lose half of the time that they have won; then the call goes on without
 * them, and so do some calls to come.
 */
#ifndef TOKBOX_ARENAS_H
#define TOKBOX_ARENAS_H

#include <Python.h>

#include "pages.h"
#include "workers.h"

#define TOKBOX_ARENA ((size_t)1 << 20)
#define TOKBOX_STOCK 16
#define TOKBOX_SMALL 512 /* bytes of the largest object that CPython keeps in arenas */

/* What one call that makes many strings knows of arenas. */
typedef struct {
    size_t size; /* bytes of a string, or 0 if no arenas are worth while */
    PyObjectArenaAllocator before;
    void (*native)(void *, void *, size_t); /* how CPython itself gives arenas back: by
                                               munmap; NULL if others do it */
    double ordinary; /* seconds that an ordinary arena took, or 0 */
    double won;      /* seconds that huge pages took less than ordinary ones; more counts
                        twice */
    int dear;        /* no huge page is to be tried */
    int lost;        /* because they were too dear, or not to be had */
    int entered;
    unsigned count; /* of the arenas in stock */
    void *stock[TOKBOX_STOCK];
} tokbox_arenas;

#if defined(Py_GIL_DISABLED) || defined(PYPY_VERSION) /* no arenas */

static int tokbox_arenas_open(tokbox_arenas *arenas, size_t n, size_t length) {
    (void)arenas, (void)n, (void)length;
    return 0;
}
static void tokbox_arenas_prepare(tokbox_arenas *arenas, size_t n, PyObject **places) {
    (void)arenas, (void)n, (void)places;
}
static void tokbox_arenas_enter(tokbox_arenas *arenas) { (void)arenas; }
static void tokbox_arenas_leave(tokbox_arenas *arenas) { (void)arenas; }
static void tokbox_arenas_close(tokbox_arenas *arenas) { (void)arenas; }

#else

#define TOKBOX_MOST_CALLS 63

/* Calls that are still to do without huge pages, and as many as the last loss has cost. Both
 * are looked at with the GIL held. */
static unsigned tokbox_calls_without, tokbox_calls_lost;

/* At the begin of a call for *n* strings of so many ASCII characters, with the GIL held. Says
 * whether there is anything to prepare. */
static int tokbox_arenas_open(tokbox_arenas *arenas, size_t n, size_t length) {
    size_t size = (sizeof(PyASCIIObject) + length + 1 + 15) / 16 * 16;
    memset(arenas, 0, sizeof(*arenas));
    if (size > TOKBOX_SMALL || n < TOKBOX_ARENA / size) return 0;
    arenas->size = size;
    PyObject_GetArenaAllocator(&arenas->before);
    if (fs_same_library((const void *)arenas->before.free, (const void *)PyObject_Free))
        arenas->native = arenas->before.free;
    if (tokbox_calls_without) {
        tokbox_calls_without--;
        arenas->dear = 1;
    }
    return arenas->native != NULL;
}

/* Two arenas, or none: a huge page, if one may be tried and is to be had. */
static int tokbox_huge_page(tokbox_arenas *arenas) {
    double start = fs_now(), won;
    char *page;
    if (arenas->dear || arenas->ordinary == 0) return 0;
    page = (char *)fs_huge_page();
    won = 2 * arenas->ordinary - (fs_now() - start);
    arenas->won += won > 0 ? won : 2 * won;
    if (!page || arenas->won < 0) arenas->dear = arenas->lost = 1;
    if (!page) return 0;
    arenas->stock[arenas->count++] = page + TOKBOX_ARENA;
    arenas->stock[arenas->count++] = page;
    return 1;
}

/* An arena as CPython would take it. */
static int tokbox_ordinary_pages(tokbox_arenas *arenas) {
    double start = fs_now();
    void *pages = fs_ordinary_pages(TOKBOX_ARENA);
    arenas->ordinary = fs_now() - start;
    if (!pages) return 0;
    arenas->stock[arenas->count++] = pages;
    return 1;
}

/* Take arenas for the next *n* strings into stock, and the pages of their *places* in a list.
 * Without the GIL: a page that a host must first be asked for takes milliseconds. */
static void tokbox_arenas_prepare(tokbox_arenas *arenas, size_t n, PyObject **places) {
    /* Of 64 pools, alignment may cost an arena one; and the last is not used up. */
    size_t wanted = n * arenas->size / (TOKBOX_ARENA / 64 * 63) + 1;
    fs_touch(places, n * sizeof(*places));
    while (arenas->count < wanted && arenas->count + 2 <= TOKBOX_STOCK)
        if (!tokbox_huge_page(arenas) && !tokbox_ordinary_pages(arenas)) return;
}

static void *tokbox_arena_new(void *context, size_t size) {
    tokbox_arenas *arenas = (tokbox_arenas *)context;
    void *arena;
    if (arenas->count && size == TOKBOX_ARENA && arenas->before.free == arenas->native)
        return arenas->stock[--arenas->count];
    arena = arenas->before.alloc(arenas->before.ctx, size);
    if (arena) fs_touch(arena, size);
    return arena;
}

static void tokbox_arena_free(void *context, void *arena, size_t size) {
    tokbox_arenas *arenas = (tokbox_arenas *)context;
    arenas->before.free(arenas->before.ctx, arena, size);
}

/* From here on new arenas are taken from stock. The GIL must be held until the way back: other
 * threads are not to meet an allocator of ours. */
static void tokbox_arenas_enter(tokbox_arenas *arenas) {
    PyObjectArenaAllocator ours = {arenas, tokbox_arena_new, tokbox_arena_free};
    if (!arenas->size) return;
    PyObject_GetArenaAllocator(&arenas->before);
    PyObject_SetArenaAllocator(&ours);
    arenas->entered = 1;
}

static void tokbox_arenas_leave(tokbox_arenas *arenas) {
    if (arenas->entered) PyObject_SetArenaAllocator(&arenas->before);
    arenas->entered = 0;
}

/* At the end of a call, with the GIL held. */
static void tokbox_arenas_close(tokbox_arenas *arenas) {
    while (arenas->count) fs_give_back(arenas->stock[--arenas->count], TOKBOX_ARENA);
    if (arenas->lost) {
        if (tokbox_calls_lost < TOKBOX_MOST_CALLS) tokbox_calls_lost += tokbox_calls_lost + 1;
        tokbox_calls_without = tokbox_calls_lost;
    } else if (arenas->won > 0) {
        tokbox_calls_lost = 0;
    }
}

#endif

#endif
