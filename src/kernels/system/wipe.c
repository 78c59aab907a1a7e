/* Wipe secrets from memory and compare them in constant time. */
#if defined(__linux__) || defined(__GLIBC__)
#define _DEFAULT_SOURCE /* explicit_bzero */
#endif
#include "internal.h"

#if defined(_WIN32)
#include <windows.h>
#endif

void fs_wipe(void *memory, size_t len) {
#if defined(_WIN32)
    SecureZeroMemory(memory, len);
#elif defined(__GLIBC__) || defined(__FreeBSD__) || defined(__OpenBSD__)
    explicit_bzero(memory, len);
#else
    volatile uint8_t *p = memory;
    while (len--) *p++ = 0;
#endif
}

/* The deepest stack from a caller of fs_wipe_stack to the rounds of a kernel (9.6 KiB
 * according to GCC's -fstack-usage), and a reserve of a quarter. */
#define STACK_IN_USE 12288
/* The same for a direct caller of a kernel: 3.5 KiB, and a reserve. */
#define STACK_OF_KERNEL 5120

FS_NOINLINE void fs_wipe_stack(void) {
    uint8_t below[STACK_IN_USE];
    fs_wipe(below, sizeof below);
}

FS_NOINLINE void fs_wipe_stack_of_kernel(void) {
    uint8_t below[STACK_OF_KERNEL];
    fs_wipe(below, sizeof below);
}

int fs_equal(const uint8_t *a, const uint8_t *b, size_t len) {
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) difference |= a[i] ^ b[i];
    return difference == 0;
}
