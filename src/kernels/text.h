/* Text in memory that belongs to someone else: what the core and the reader of Arrow
 * arrays have in common. */
#ifndef TOKBOX_TEXT_H
#define TOKBOX_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* So many bytes, said to be UTF-8; NULL where there is none at all. */
typedef struct fs_text {
    const uint8_t *data;
    size_t len;
} fs_text;

#endif
