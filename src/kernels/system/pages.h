/* Prefault the pages of memory that is mapped, but not backed by physical memory yet. */
#ifndef TOKBOX_PAGES_H
#define TOKBOX_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define FS_HUGE_PAGE ((size_t)2 << 20)
/* The fewest bytes of ordinary pages whose cost is measured; about 0.1 ms. */
#define FS_MEASURED ((size_t)256 << 10)

/* Prefault the pages of fresh memory, which costs a third less than one page fault for each
 * page. A hint: does nothing if the system does not support it. The contents of the memory
 * do not change. */
void fs_prefault(void *memory, size_t len);

/* Request huge pages for a range that is prefaulted next, or ordinary pages if `huge` is 0.
 * Returns 0 if the system refuses. */
int fs_advise_huge(void *memory, size_t len, int huge);

/* The cost model: the choice between ordinary and huge pages during one call.
 *
 * - Huge pages are usually cheaper, but more expensive if the system must compact memory or
 *   request it from its host.
 * - The first pages are ordinary ones and measure `cost`. Each huge page is then compared
 *   with it, and `gain` is the sum of the differences; losses count twice.
 * - If `gain` becomes negative, the rest of the call uses ordinary pages. So do the next
 *   calls, with exponential backoff: 1, 3, 7 ... 63.
 * - Costs are CPU time, which depends little on the load of the machine. */
typedef struct fs_pages {
    int64_t cost; /* of ordinary pages, in nanoseconds per MiB; 0: not measured */
    int64_t gain; /* of huge pages, in nanoseconds */
    int huge;     /* use huge pages: enabled for this call, and not failed */
    int failed;
} fs_pages;

void fs_pages_open(fs_pages *pages);
void fs_pages_close(fs_pages *pages);

/* Request huge pages if `pages->huge` is set and the cost of ordinary pages is measured.
 * Returns 0 if the range uses ordinary pages. */
int fs_pages_advise(fs_pages *pages, void *memory, size_t len);

/* Like fs_prefault, with ordinary pages. Measures their cost if `len` is at least
 * FS_MEASURED. Thread-safe, like fs_pages_prefault_huge. */
void fs_pages_prefault(fs_pages *pages, void *memory, size_t len);

/* Like fs_prefault, for a range whose huge pages were requested. Compares their cost with
 * ordinary pages. Returns whether to continue with huge pages. */
int fs_pages_prefault_huge(fs_pages *pages, void *memory, size_t len);

/* A fresh buffer, whose parts are filled by several threads. */
typedef struct fs_fresh {
    fs_pages pages;
    uint8_t *huge_start, *huge_end; /* the range of huge pages, or NULL */
    int fresh;
} fs_fresh;

/* With fresh = 0 (reused memory), nothing is prefaulted. */
void fs_fresh_open(fs_fresh *buffer, void *memory, size_t len, int fresh);
void fs_fresh_close(fs_fresh *buffer);

/* Prefault the part that is written next. */
void fs_fresh_prefault(fs_fresh *buffer, void *memory, size_t len);

#endif
