/* Memory that the system has promised, but not given yet. */
#ifndef TOKBOX_PAGES_H
#define TOKBOX_PAGES_H

#include <stddef.h>

/* Have the pages of fresh memory given in one go, before they are written to: a third
 * cheaper than to be interrupted at the first byte of each. A hint: where the system does
 * not know it, nothing happens. What the memory holds stays as it is. */
void fs_touch(void *memory, size_t len);

/* Memory that munmap gives back, with all of its pages, or NULL. */
void *fs_ordinary_pages(size_t len);

/* A huge page of two megabytes, populated and aligned, or NULL. Each half of it can be given
 * back alone: by fs_give_back or munmap. */
void *fs_huge_page(void);

/* Unmap what is there; nothing at NULL. */
void fs_give_back(void *memory, size_t len);

/* Whether two functions are of the same program or library. */
int fs_same_library(const void *one, const void *other);

#endif
