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

const char *do_advise(char **fields, size_t count) {
    static uint8_t room[2 * HUGE_PAGE];
    uint8_t *page = room + HUGE_PAGE - (uintptr_t)room % HUGE_PAGE;
    uint64_t refused;
    int advised;

    (void)count;
    if (read_number(fields[0], &refused) || refused > 1) return no_number;
    errno = ERANGE;
    advice_refused = (int)refused;
    advised = fs_advise_huge(page, HUGE_PAGE);
    advice_refused = 0;
    if (errno != ERANGE) return "it changed errno";
    fs_touch(page, HUGE_PAGE);
    if (page[0] || page[HUGE_PAGE - 1]) return "not fresh";
    fputs(advised ? "advised" : "none", stdout);
    return NULL;
}
