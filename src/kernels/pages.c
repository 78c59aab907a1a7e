/* See pages.h. */
#if defined(__linux__)
#define _GNU_SOURCE /* dladdr */
#endif
#include "pages.h"

#if defined(__linux__)

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
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

/* Fresh memory without pages, or NULL; errno stays as it is. */
static void *fresh(size_t len) {
    int before = errno;
    void *memory =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = before;
    return memory == MAP_FAILED ? NULL : memory;
}

void *fs_ordinary_pages(size_t len) {
    void *memory = fresh(len);
    if (memory) fs_touch(memory, len);
    return memory;
}

#define HUGE_PAGE ((size_t)2 << 20)

void *fs_huge_page(void) {
    int before = errno;
    uint8_t *room = fresh(2 * HUGE_PAGE), *page = NULL;
    if (room) {
        size_t front = HUGE_PAGE - (uintptr_t)room % HUGE_PAGE;
        page = room + front;
        fs_give_back(room, front);
        fs_give_back(page + HUGE_PAGE, HUGE_PAGE - front);
        if (madvise(page, HUGE_PAGE, MADV_HUGEPAGE) ||
            madvise(page, HUGE_PAGE, MADV_POPULATE_WRITE)) {
            fs_give_back(page, HUGE_PAGE);
            page = NULL;
        }
    }
    errno = before;
    return page;
}

void fs_give_back(void *memory, size_t len) {
    if (memory && len) (void)munmap(memory, len);
}

int fs_same_library(const void *one, const void *other) {
    Dl_info of_one, of_other;
    return dladdr(one, &of_one) && dladdr(other, &of_other) &&
           of_one.dli_fbase == of_other.dli_fbase;
}

#else

void fs_touch(void *memory, size_t len) {
    (void)memory;
    (void)len;
}

void *fs_ordinary_pages(size_t len) {
    (void)len;
    return NULL;
}

void *fs_huge_page(void) { return NULL; }

void fs_give_back(void *memory, size_t len) {
    (void)memory;
    (void)len;
}

int fs_same_library(const void *one, const void *other) {
    (void)one;
    (void)other;
    return 0;
}

#endif
