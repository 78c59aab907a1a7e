/* The harness: commands for threads, pages and time. See harness.c. */
#if defined(__linux__)
#define _GNU_SOURCE /* syscall */
#endif
#include <errno.h>
#include <time.h>

#include "harness.h"
#include "system/pages.h"
#include "system/thread_pool.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A replacement for madvise of the C library, which simulates systems that refuse advice
 * and systems on which huge pages are cheap or expensive. */
static enum { REAL, REFUSED, CHEAP, DEAR } advice;
static uint8_t *huge_start, *huge_end;

static void take_time(double seconds) {
    clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC);
    while (clock() < end) {
    }
}

int madvise(void *memory, size_t len, int what);
int madvise(void *memory, size_t len, int what) {
    uint8_t *start = memory;
    if (advice == REAL) return (int)syscall(SYS_madvise, memory, len, what);
    if (advice == REFUSED) {
        errno = EINVAL;
        return -1;
    }
    if (what == MADV_HUGEPAGE) {
        huge_start = start;
        huge_end = start + len;
    } else if (what == MADV_NOHUGEPAGE) {
        huge_end = start;
    } else {
        int huge = start >= huge_start && start < huge_end;
        take_time(huge == (advice == CHEAP) ? 1e-5 : 1e-3);
    }
    return 0;
}
#else
static enum { REAL, REFUSED, CHEAP, DEAR } advice;
#endif

#define MAX_ITEMS 100000
#define MAX_BYTES (100 << 20)

static void count_items(void *done, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) ((uint8_t *)done)[i]++;
}

const char *do_pool(char **fields, size_t count) {
    uint64_t n, slice, ready, workers;
    fs_thread_pool *pool;
    uint8_t *done;

    (void)count;
    if (read_number(fields[0], &n) || n > MAX_ITEMS || read_number(fields[1], &slice) ||
        !slice || read_number(fields[2], &ready) || ready > n ||
        read_number(fields[3], &workers) || workers > FS_MAX_WORKERS)
        return no_number;
    done = take((size_t)n);
    memset(done, 0, (size_t)n);
    pool = or_die(fs_thread_pool_new(count_items, done, (size_t)n, (size_t)slice, (size_t)ready,
                              (unsigned)workers));
    fs_thread_pool_work(pool, 1e9);
    fs_thread_pool_stop(pool);
    if (fs_thread_pool_publish(pool, (size_t)n) != n - ready) return "not so many are waiting";
    fs_thread_pool_work(pool, 1e9);
    fs_thread_pool_join(pool);
    for (size_t i = 0; i < n; i++) putchar('0' + done[i]);
    return NULL;
}

const char *do_touch(char **fields, size_t count) {
    bytes memory;

    (void)count;
    if (read_bytes(fields[0], &memory)) return no_hex;
    errno = ERANGE;
    fs_prefault(memory.at, memory.len);
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
    static uint8_t room[2 * FS_HUGE_PAGE];
    uint8_t *page = room + FS_HUGE_PAGE - (uintptr_t)room % FS_HUGE_PAGE;
    uint64_t refused;
    int advised;

    (void)count;
    if (read_number(fields[0], &refused) || refused > 1) return no_number;
    errno = ERANGE;
    advice = refused ? REFUSED : REAL;
    advised = fs_advise_huge(page, FS_HUGE_PAGE, 1);
    advice = REAL;
    if (errno != ERANGE) return "it changed errno";
    fs_prefault(page, FS_HUGE_PAGE);
    if (page[0] || page[FS_HUGE_PAGE - 1]) return "not fresh";
    fputs(advised ? "advised" : "none", stdout);
    return NULL;
}

const char *do_fresh(char **fields, size_t count) {
    uint64_t size, part = 1000000;
    fs_fresh buffer;
    uint8_t *memory;
    int asked;

    (void)count;
    if (read_number(fields[0], &size) || size > MAX_BYTES || size < part) return no_number;
    memory = or_die(calloc((size_t)size, 1));
    advice = !strcmp(fields[1], "cheap") ? CHEAP : !strcmp(fields[1], "dear") ? DEAR : REFUSED;
    errno = ERANGE;
    fs_fresh_open(&buffer, memory, (size_t)size, strcmp(fields[1], "used") != 0);
    asked = buffer.huge_end != NULL;
    for (size_t i = 0; i + part <= size; i += part) {
        fs_fresh_prefault(&buffer, memory + i, part);
        memory[i] = 1;
    }
    fs_fresh_close(&buffer);
    advice = REAL;
    if (errno != ERANGE) return "it changed errno";
    printf("%s", !asked ? "ordinary" : buffer.pages.huge ? "huge" : "gave up");
    free(memory);
    return NULL;
}
