/* The harness: what the kernels ask of the system. See harness.c. */
#if defined(__linux__)
#define _GNU_SOURCE /* syscall */
#endif
#include <errno.h>

#include "harness.h"
#include "pages.h"
#include "workers.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

/* In place of the C library's, so that a system can be had that knows no advice. */
static int advice_refused;
int madvise(void *memory, size_t len, int advice);
int madvise(void *memory, size_t len, int advice) {
    if (!advice_refused) return (int)syscall(SYS_madvise, memory, len, advice);
    errno = EINVAL;
    return -1;
}
#else
static int advice_refused;
#endif

#define HUGE_PAGE ((size_t)2 << 20)
#define MOST_ITEMS 100000

static void count_items(void *done, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) ((uint8_t *)done)[i]++;
}

const char *do_crew(char **fields, size_t count) {
    uint64_t n, slice, ready, workers;
    fs_crew *crew;
    uint8_t *done;

    (void)count;
    if (read_number(fields[0], &n) || n > MOST_ITEMS || read_number(fields[1], &slice) ||
        !slice || read_number(fields[2], &ready) || ready > n ||
        read_number(fields[3], &workers) || workers > FS_MOST_WORKERS)
        return no_number;
    done = take((size_t)n);
    memset(done, 0, (size_t)n);
    crew = or_die(fs_crew_new(count_items, done, (size_t)n, (size_t)slice, (size_t)ready,
                              (unsigned)workers));
    fs_crew_work(crew, 1e9);
    fs_crew_stop(crew);
    if (fs_crew_publish(crew, (size_t)n) != n - ready) return "not so many are waiting";
    fs_crew_work(crew, 1e9);
    fs_crew_join(crew);
    for (size_t i = 0; i < n; i++) putchar('0' + done[i]);
    return NULL;
}

const char *do_touch(char **fields, size_t count) {
    bytes memory;

    (void)count;
    if (read_bytes(fields[0], &memory)) return no_hex;
    errno = ERANGE;
    fs_touch(memory.at, memory.len);
    if (errno != ERANGE) return "it changed errno";
    put_bytes(memory.at, memory.len);
    return NULL;
}

const char *do_pause(char **fields, size_t count) {
    double before = fs_now();

    (void)fields, (void)count;
    fs_pause();
    putchar('0' + (fs_now() > before));
    return NULL;
}

const char *do_huge(char **fields, size_t count) {
    uint64_t refused;
    uint8_t *page;

    (void)count;
    if (read_number(fields[0], &refused) || refused > 1) return no_number;
    errno = ERANGE;
    advice_refused = (int)refused;
    page = fs_huge_page();
    advice_refused = 0;
    if (errno != ERANGE) return "it changed errno";
    if (page) {
        if ((uintptr_t)page % HUGE_PAGE || page[0] || page[HUGE_PAGE - 1]) return "not fresh";
        fs_give_back(page + HUGE_PAGE / 2, HUGE_PAGE / 2);
        page[0] = page[HUGE_PAGE / 2 - 1] = 1; /* the other half is still there */
    }
    fs_give_back(page, HUGE_PAGE / 2);
    fputs(page ? "page" : "none", stdout);
    return NULL;
}

const char *do_pages(char **fields, size_t count) {
    uint64_t len;
    uint8_t *pages;

    (void)count;
    if (read_number(fields[0], &len)) return no_number;
    errno = ERANGE;
    pages = fs_ordinary_pages(len);
    if (errno != ERANGE) return "it changed errno";
    if (pages) {
        if (pages[0] || pages[len - 1]) return "not fresh";
        pages[0] = pages[len - 1] = 1;
    }
    fs_give_back(pages, len);
    fputs(pages ? "pages" : "none", stdout);
    return NULL;
}

/* Functions as they are handed over: pointers to bytes. */
static const void *address_of(void (*function)(void)) {
    const void *address;
    memcpy(&address, &function, sizeof address);
    return address;
}

const char *do_libraries(char **fields, size_t count) {
    const void *ours = address_of((void (*)(void))fs_touch);

    (void)fields, (void)count;
    printf("%d%d", fs_same_library(ours, address_of((void (*)(void))do_huge)),
           fs_same_library(ours, address_of((void (*)(void))fputs)));
    return NULL;
}
