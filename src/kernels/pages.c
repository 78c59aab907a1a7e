/* See pages.h. */
#if defined(__linux__)
#define _GNU_SOURCE /* madvise */
#endif
#include "pages.h"

#if defined(__linux__)

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

void fs_touch(void *memory, size_t len) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)memory / page * page;
    int before = errno;
    if (len) (void)madvise((void *)start, (uintptr_t)memory + len - start, MADV_POPULATE_WRITE);
    errno = before;
}

int fs_advise_huge(void *memory, size_t len) {
    int before = errno, refused = madvise(memory, len, MADV_HUGEPAGE);
    errno = before;
    return !refused;
}

#else

void fs_touch(void *memory, size_t len) {
    (void)memory;
    (void)len;
}

int fs_advise_huge(void *memory, size_t len) {
    (void)memory;
    (void)len;
    return 0;
}

#endif
