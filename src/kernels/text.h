/* A string in caller-owned memory, used by the C core and the Arrow import. */
#ifndef TOKBOX_TEXT_H
#define TOKBOX_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* `len` bytes that should be UTF-8; `data` is NULL for a missing value. */
typedef struct fs_text {
    const uint8_t *data;
    size_t len;
} fs_text;

#endif
