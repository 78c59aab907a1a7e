/* See pages.h. */
#if defined(__linux__)
#define _GNU_SOURCE /* madvise */
#endif
#include "system/pages.h"

#define MEGABYTE ((int64_t)1 << 20)
#define MAX_BACKOFF 63
/* The smallest buffer that malloc always maps for one allocation and unmaps afterwards. */
#define MIN_HUGE_BUFFER ((size_t)32 << 20)

#if defined(__linux__)

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

/* Exponential backoff after failures: how many calls do not use huge pages, and how many of
 * them remain. */
static unsigned backoff, backoff_left;

#define load(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define store(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)

static int64_t cpu_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fs_prefault(void *memory, size_t len) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)memory / page * page;
    int before = errno;
    if (len) (void)madvise((void *)start, (uintptr_t)memory + len - start, MADV_POPULATE_WRITE);
    errno = before;
}

int fs_advise_huge(void *memory, size_t len, int huge) {
    int before = errno, refused;
    refused = madvise(memory, len, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    errno = before;
    return !refused;
}

void fs_pages_open(fs_pages *pages) {
    unsigned left = load(&backoff_left);
    *pages = (fs_pages){.huge = !left};
    if (left) store(&backoff_left, left - 1);
}

void fs_pages_close(fs_pages *pages) {
    if (pages->failed) {
        unsigned calls = load(&backoff);
        if (calls < MAX_BACKOFF) calls += calls + 1;
        store(&backoff, calls);
        store(&backoff_left, calls);
    } else if (pages->gain > 0) {
        store(&backoff, 0);
    }
}

static void fail(fs_pages *pages) {
    store(&pages->failed, 1);
    store(&pages->huge, 0);
}

int fs_pages_advise(fs_pages *pages, void *memory, size_t len) {
    if (!load(&pages->huge) || !load(&pages->cost)) return 0;
    if (fs_advise_huge(memory, len, 1)) return 1;
    fail(pages);
    return 0;
}

void fs_pages_prefault(fs_pages *pages, void *memory, size_t len) {
    int64_t before = cpu_nanoseconds();
    fs_prefault(memory, len);
    if (len >= FS_MEASURED)
        store(&pages->cost, (cpu_nanoseconds() - before) * MEGABYTE / (int64_t)len);
}

int fs_pages_prefault_huge(fs_pages *pages, void *memory, size_t len) {
    int64_t before = cpu_nanoseconds(), gain;
    fs_prefault(memory, len);
    gain = load(&pages->cost) * (int64_t)len / MEGABYTE - (cpu_nanoseconds() - before);
    gain = __atomic_add_fetch(&pages->gain, gain > 0 ? gain : 2 * gain, __ATOMIC_RELAXED);
    if (gain < 0) fail(pages);
    return load(&pages->huge);
}

static uint8_t *next_huge_page(void *memory) {
    return (uint8_t *)(((uintptr_t)memory + FS_HUGE_PAGE - 1) / FS_HUGE_PAGE * FS_HUGE_PAGE);
}

void fs_fresh_open(fs_fresh *buffer, void *memory, size_t len, int fresh) {
    uint8_t *start = next_huge_page((uint8_t *)memory + FS_MEASURED), *end;
    *buffer = (fs_fresh){.fresh = fresh};
    if (!fresh || len < MIN_HUGE_BUFFER) return;
    fs_pages_open(&buffer->pages);
    fs_pages_prefault(&buffer->pages, memory, FS_MEASURED);
    end = (uint8_t *)memory + len;
    end -= (uintptr_t)end % FS_HUGE_PAGE; /* the rest may share a page with other memory */
    if (!fs_pages_advise(&buffer->pages, start, (size_t)(end - start))) return;
    buffer->huge_start = start;
    buffer->huge_end = end;
}

void fs_fresh_close(fs_fresh *buffer) { fs_pages_close(&buffer->pages); }

void fs_fresh_prefault(fs_fresh *buffer, void *memory, size_t len) {
    uint8_t *rest;
    if (!buffer->fresh) return;
    if ((uint8_t *)memory < buffer->huge_start || (uint8_t *)memory >= buffer->huge_end ||
        !load(&buffer->pages.huge)) {
        fs_prefault(memory, len);
        return;
    }
    rest = next_huge_page((uint8_t *)memory + len);
    if (!fs_pages_prefault_huge(&buffer->pages, memory, len) && rest < buffer->huge_end)
        (void)fs_advise_huge(rest, (size_t)(buffer->huge_end - rest), 0);
}

#else

void fs_prefault(void *memory, size_t len) {
    (void)memory;
    (void)len;
}

int fs_advise_huge(void *memory, size_t len, int huge) {
    (void)memory, (void)len, (void)huge;
    return 0;
}

void fs_pages_open(fs_pages *pages) { *pages = (fs_pages){0}; }
void fs_pages_close(fs_pages *pages) { (void)pages; }
int fs_pages_advise(fs_pages *pages, void *memory, size_t len) {
    (void)pages, (void)memory, (void)len;
    return 0;
}
void fs_pages_prefault(fs_pages *pages, void *memory, size_t len) {
    (void)pages, (void)memory, (void)len;
}
int fs_pages_prefault_huge(fs_pages *pages, void *memory, size_t len) {
    (void)pages, (void)memory, (void)len;
    return 0;
}
void fs_fresh_open(fs_fresh *buffer, void *memory, size_t len, int fresh) {
    (void)memory, (void)len, (void)fresh;
    *buffer = (fs_fresh){0};
}
void fs_fresh_close(fs_fresh *buffer) { (void)buffer; }
void fs_fresh_prefault(fs_fresh *buffer, void *memory, size_t len) {
    (void)buffer, (void)memory, (void)len;
}

#endif
