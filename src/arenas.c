/* See arenas.h. */
#include "arenas.h"

#if defined(Py_GIL_DISABLED) || defined(PYPY_VERSION) || !defined(__linux__)

/* This platform has no arenas, or no way to prefault them. */
void arena_reserve_open(arena_reserve *reserve, size_t n, size_t length) {
    (void)n, (void)length;
    reserve->string_size = 0;
}
int arena_reserve_fill(arena_reserve *reserve, size_t next, size_t all) {
    (void)reserve, (void)next, (void)all;
    return 0;
}
void arena_reserve_prefault(arena_reserve *reserve, size_t n) { (void)reserve, (void)n; }
void arena_reserve_enter(arena_reserve *reserve) { (void)reserve; }
void arena_reserve_leave(arena_reserve *reserve) { (void)reserve; }
void arena_reserve_close(arena_reserve *reserve) { (void)reserve; }
void arena_reserve_counts(unsigned long long *installed, unsigned long long *unexpected) {
    *installed = *unexpected = 0;
}

#else

/* Alignment may cost one of the 64 pools of an arena. */
#define USABLE_SIZE (ARENA_SIZE / 64 * 63)
#define MAX_SMALL 512 /* bytes of the largest object that CPython keeps in arenas */

/* The installed wrapper; `reserve` is NULL while it is not installed. */
static struct {
    PyObjectArenaAllocator wrapped;
    arena_reserve *reserve;
    unsigned long thread;
    unsigned long long installed, unexpected;
} wrapper;

static int is_only_interpreter(void) {
    PyInterpreterState *head = PyInterpreterState_Head();
    return head == PyInterpreterState_Get() && !PyInterpreterState_Next(head);
}

static size_t arenas_for(const arena_reserve *reserve, size_t n) {
    return n * reserve->string_size / USABLE_SIZE + 1;
}

void arena_reserve_open(arena_reserve *reserve, size_t n, size_t length) {
    size_t size = (sizeof(PyASCIIObject) + length + 1 + 15) / 16 * 16;
    memset(reserve, 0, sizeof(*reserve));
    if (size > MAX_SMALL || n < ARENA_SIZE / size || !is_only_interpreter()) return;
    reserve->string_size = size;
    PyObject_GetArenaAllocator(&reserve->allocator);
    fs_pages_open(&reserve->pages);
}

int arena_reserve_fill(arena_reserve *reserve, size_t next, size_t all) {
    const PyObjectArenaAllocator *allocator = &reserve->allocator;
    size_t wanted;
    if (!reserve->string_size) return 0;
    /* Allocate many at once, so that most are adjacent, as huge pages require. */
    wanted = reserve->count < arenas_for(reserve, next) ? arenas_for(reserve, all) : 0;
    while (reserve->count < wanted && reserve->count < MAX_RESERVED) {
        char *start = allocator->alloc(allocator->ctx, ARENA_SIZE);
        unsigned i = reserve->count;
        if (!start) break;
        /* In descending order, so that adjacent arenas are used in ascending order. */
        for (; i > 0 && reserve->arenas[i - 1].start < start; i--)
            reserve->arenas[i] = reserve->arenas[i - 1];
        reserve->arenas[i] = (reserved_arena){start, 0};
        reserve->count++;
    }
    return 1;
}

/* Prefault the next part of arena i: up to its end, or up to the end of a huge page, which
 * may extend into the adjacent arenas after it. */
static void prefault_part(arena_reserve *reserve, unsigned i) {
    reserved_arena *arenas = reserve->arenas;
    fs_pages *pages = &reserve->pages;
    char *start = arenas[i].start + arenas[i].prefaulted;
    size_t size = ARENA_SIZE - arenas[i].prefaulted, adjacent = size;
    size_t to_boundary = FS_HUGE_PAGE - (uintptr_t)start % FS_HUGE_PAGE;
    for (unsigned k = i; k > 0 && !arenas[k - 1].prefaulted; k--) {
        if (arenas[k - 1].start != arenas[k].start + ARENA_SIZE) break;
        adjacent += ARENA_SIZE;
    }
    if (to_boundary == FS_HUGE_PAGE && adjacent >= FS_HUGE_PAGE &&
        fs_pages_advise(pages, start, FS_HUGE_PAGE)) {
        size = FS_HUGE_PAGE;
        (void)fs_pages_prefault_huge(pages, start, size);
    } else {
        if (pages->huge && to_boundary < size) size = to_boundary;
        fs_pages_prefault(pages, start, size);
    }
    for (unsigned k = i; size; k--) {
        size_t left = ARENA_SIZE - arenas[k].prefaulted, part = size < left ? size : left;
        arenas[k].prefaulted += part;
        size -= part;
    }
}

void arena_reserve_prefault(arena_reserve *reserve, size_t n) {
    size_t wanted = arenas_for(reserve, n);
    for (unsigned i = reserve->count; i > 0 && wanted; i--, wanted--)
        while (reserve->arenas[i - 1].prefaulted < ARENA_SIZE) prefault_part(reserve, i - 1);
}

static void *wrapper_alloc(void *context, size_t size) {
    arena_reserve *reserve = wrapper.reserve;
    void *arena;
    (void)context;
    if (!reserve || wrapper.thread != PyThread_get_thread_ident()) {
        __atomic_fetch_add(&wrapper.unexpected, 1, __ATOMIC_RELAXED);
        return wrapper.wrapped.alloc(wrapper.wrapped.ctx, size);
    }
    if (reserve->count && size == ARENA_SIZE) {
        reserved_arena *next = &reserve->arenas[--reserve->count];
        fs_prefault(next->start + next->prefaulted, ARENA_SIZE - next->prefaulted);
        return next->start;
    }
    arena = wrapper.wrapped.alloc(wrapper.wrapped.ctx, size);
    if (arena) fs_prefault(arena, size);
    return arena;
}

static void wrapper_free(void *context, void *arena, size_t size) {
    (void)context;
    if (!wrapper.reserve || wrapper.thread != PyThread_get_thread_ident())
        __atomic_fetch_add(&wrapper.unexpected, 1, __ATOMIC_RELAXED);
    wrapper.wrapped.free(wrapper.wrapped.ctx, arena, size);
}

void arena_reserve_enter(arena_reserve *reserve) {
    PyObjectArenaAllocator now, wrapping = {NULL, wrapper_alloc, wrapper_free};
    if (!reserve->count || !is_only_interpreter()) return;
    PyObject_GetArenaAllocator(&now);
    wrapping.ctx = now.ctx;
    /* Other code may have replaced the allocator while the GIL was released. */
    if (now.ctx != reserve->allocator.ctx || now.alloc != reserve->allocator.alloc ||
        now.free != reserve->allocator.free)
        return;
    wrapper.wrapped = now;
    wrapper.reserve = reserve;
    wrapper.thread = PyThread_get_thread_ident();
    wrapper.installed++;
    PyObject_SetArenaAllocator(&wrapping);
}

void arena_reserve_leave(arena_reserve *reserve) {
    if (wrapper.reserve != reserve) return;
    PyObject_SetArenaAllocator(&wrapper.wrapped);
    wrapper.reserve = NULL;
}

void arena_reserve_close(arena_reserve *reserve) {
    const PyObjectArenaAllocator *allocator = &reserve->allocator;
    while (reserve->count)
        allocator->free(allocator->ctx, reserve->arenas[--reserve->count].start, ARENA_SIZE);
    fs_pages_close(&reserve->pages);
}

void arena_reserve_counts(unsigned long long *installed, unsigned long long *unexpected) {
    *installed = wrapper.installed;
    *unexpected = __atomic_load_n(&wrapper.unexpected, __ATOMIC_RELAXED);
}

#endif
