/* Memory that the system has promised, but not given yet. */
#ifndef TOKBOX_PAGES_H
#define TOKBOX_PAGES_H

#include <stddef.h>

/* Have the pages of fresh memory given in one go, before they are written to: a third
 * cheaper than to be interrupted at the first byte of each. A hint: where the system does
 * not know it, nothing happens. What the memory holds stays as it is. */
void fs_touch(void *memory, size_t len);

/* Ask for huge pages, of two megabytes, where this range is prefaulted next. Returns 0 if the
 * system has none. */
int fs_advise_huge(void *memory, size_t len);

#endif
