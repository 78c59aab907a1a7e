/* Memory that the system has promised, but not given yet. */
#ifndef TOKBOX_PAGES_H
#define TOKBOX_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define FS_HUGE_PAGE ((size_t)2 << 20)
/* The fewest bytes of ordinary pages whose cost is measured: a tenth of a millisecond. */
#define FS_MEASURED ((size_t)256 << 10)

/* Prefault the pages of fresh memory: a third cheaper than a page fault at the first byte of
 * each. A hint: where the system does not know it, nothing happens. What the memory holds stays
 * as it is. */
void fs_prefault(void *memory, size_t len);

/* Ask for huge pages where this range is prefaulted next, or for ordinary pages if `huge` is 0.
 * Returns 0 if the system has none. */
int fs_advise_huge(void *memory, size_t len, int huge);

/* The pages of one call, ordinary and huge. Huge pages are slower where the system must move
 * memory to make one, or must ask its host for one. So their cost is compared with that of
 * ordinary pages. Losses count twice; once they exceed what was won, this call goes on without
 * huge pages, and so do the next 1, 3, 7 ... 63 calls. Costs are CPU time, which differs little
 * between a busy machine and an idle one. */
typedef struct fs_pages {
    int64_t cost; /* of ordinary pages, in nanoseconds a megabyte; 0: not measured */
    int64_t gain; /* of huge pages, in nanoseconds */
    int huge;     /* they have not failed, and are to be tried */
    int failed;
} fs_pages;

void fs_pages_open(fs_pages *pages);
void fs_pages_close(fs_pages *pages);

/* Ask for huge pages if they are to be tried. Returns 0 if there are none. */
int fs_pages_advise(fs_pages *pages, void *memory, size_t len);

/* As fs_prefault, in ordinary pages. Their cost is measured, unless there are fewer than
 * FS_MEASURED. Threads may do this at once, and the next. */
void fs_pages_prefault(fs_pages *pages, void *memory, size_t len);

/* As fs_prefault, where huge pages were asked for, and compare their cost. Returns whether to go on
 * with huge pages. */
int fs_pages_prefault_huge(fs_pages *pages, void *memory, size_t len);

/* A buffer that threads fill, each a part, and that nobody has written to. */
typedef struct fs_fresh {
    fs_pages pages;
    uint8_t *huge_start, *huge_end; /* where huge pages are asked for; NULL: nowhere */
    int fresh;
} fs_fresh;

/* With fresh = 0, which stands for memory that was in use before, nothing is prefaulted. */
void fs_fresh_open(fs_fresh *buffer, void *memory, size_t len, int fresh);
void fs_fresh_close(fs_fresh *buffer);

/* Prefault the part that is written to next. */
void fs_fresh_prefault(fs_fresh *buffer, void *memory, size_t len);

#endif
