/* The structs of the Arrow C data and stream interfaces:
 * https://arrow.apache.org/docs/format/CDataInterface.html
 * https://arrow.apache.org/docs/format/CStreamInterface.html */
#ifndef TOKBOX_ARROW_H
#define TOKBOX_ARROW_H

#include <stdint.h>

#define ARROW_FLAG_NULLABLE 2

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

/* Add atomically, because structs can be released in any thread. */
#if defined(_MSC_VER)
#include <intrin.h>
#define tokbox_add(counter, n) _InterlockedExchangeAdd64(counter, n)
#else
#define tokbox_add(counter, n) __atomic_fetch_add(counter, n, __ATOMIC_RELAXED)
#endif

/* Upper bound for the length of a buffer. The largest address space of 64-bit processors
 * has 57 bits, so the sum of an address and a length cannot overflow. */
#define TOKBOX_MAX_BYTES ((int64_t)(PTRDIFF_MAX > INT32_MAX ? PTRDIFF_MAX >> 6 : PTRDIFF_MAX))

/* Read a number exactly once, so that the validated value is the value that is used, even
 * if another thread writes to the memory. The address need not be aligned. */
#if defined(_MSC_VER)
typedef __unaligned int32_t tokbox_int32;
typedef __unaligned int64_t tokbox_int64;
#else
typedef int32_t tokbox_int32 __attribute__((aligned(1), may_alias));
typedef int64_t tokbox_int64 __attribute__((aligned(1), may_alias));
#endif
#define tokbox_once32(place) (*(const volatile tokbox_int32 *)(place))
#define tokbox_once64(place) (*(const volatile tokbox_int64 *)(place))

#endif
