/* Shared definitions of the fuzzers of the C core. Each defines LLVMFuzzerTestOneInput,
 * which aborts if the core violates its specification; sanitizers detect other errors. They
 * are run by libFuzzer (make fuzz), or by replay.c, which only reads files. */
#ifndef TOKBOX_FUZZ_H
#define TOKBOX_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Abort if a condition is false. */
#define MUST(promise)                                                              \
    do {                                                                           \
        if (!(promise)) {                                                          \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise);  \
            abort();                                                               \
        }                                                                          \
    } while (0)

/* Allocate memory of exactly this size, so that overflows are detected. */
static inline uint8_t *room(size_t len) {
    uint8_t *memory = malloc(len ? len : 1);
    if (!memory) abort();
    return len ? memory : memory + 1;
}

static inline void release(uint8_t *memory, size_t len) { free(len ? memory : memory - 1); }

static inline uint8_t *copy(const uint8_t *data, size_t len) {
    uint8_t *memory = room(len);
    if (len) memcpy(memory, data, len);
    return memory;
}

static inline int same(const uint8_t *a, const uint8_t *b, size_t len) {
    return !len || !memcmp(a, b, len);
}

/* Set `found` to usable engine i. Returns 0 after the last. The first one is the portable
 * engine, the reference for the others. */
static inline int engine(size_t i, fs_engine *found) {
    static int ready;
    const fs_hash_backend *row;

    if (!ready) fs_init();
    ready = 1;
    if (!i) return !fs_engine_select(found, "portable");
    for (size_t at = 0; (row = fs_backend(1, at)); at++)
        if (strcmp(row->name, "portable") && !fs_engine_select(found, row->name) && !--i) return 1;
    return 0;
}

#endif
