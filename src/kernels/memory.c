/* Memory for the text of a batch.
 *
 * Most of what a large batch costs is the first touch of its pages. Huge pages, where
 * the system grants them on request, make that several times cheaper.
 */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#endif
#include <stdlib.h>

#include "fastsign.h"

#if defined(__linux__)
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

uint8_t *fs_memory_new(size_t size) {
    void *memory;
    if (size < 2 * HUGE_PAGE) return malloc(size ? size : 1);
    size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    if (posix_memalign(&memory, HUGE_PAGE, size)) return NULL;
    madvise(memory, size, MADV_HUGEPAGE); /* a wish: without it all is as usual */
    return memory;
}

#else

uint8_t *fs_memory_new(size_t size) { return malloc(size ? size : 1); }

#endif

void fs_memory_free(uint8_t *memory) { free(memory); }
