/* See pages.h. */
#if defined(__linux__)
#define _DEFAULT_SOURCE
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

#else

void fs_touch(void *memory, size_t len) {
    (void)memory;
    (void)len;
}

#endif
