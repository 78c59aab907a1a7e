/* Detect the instruction sets that the CPU and the operating system support. */
#include "internal.h"

#if FS_X86

#if defined(_MSC_VER)
#include <intrin.h>
static void cpuid(unsigned leaf, unsigned r[4]) { __cpuidex((int *)r, (int)leaf, 0); }
static uint64_t xgetbv(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(unsigned leaf, unsigned r[4]) {
    __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]);
}
static uint64_t xgetbv(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}
#endif

#define BIT(word, n) (((word) >> (n)) & 1u)

unsigned fs_cpu_features(void) {
    unsigned r[4], ecx1, ebx7, ecx7, found = 0;

    cpuid(0, r);
    if (r[0] < 7) return 0;
    cpuid(1, r);
    ecx1 = r[2];
    cpuid(7, r);
    ebx7 = r[1];
    ecx7 = r[2];

    /* SSSE3, SSE4.1, SHA */
    if (BIT(ecx1, 9) && BIT(ecx1, 19) && BIT(ebx7, 29)) found |= FS_CPU_SHA_NI;

    /* The operating system must save the wide registers, too. OSXSAVE makes XCR0 readable;
     * 0x06 is XMM and YMM, 0xe0 is the opmask and both parts of ZMM. */
    if (BIT(ecx1, 27)) {
        uint64_t saved = xgetbv();
        if ((saved & 0x06) == 0x06 && BIT(ecx1, 28) && BIT(ebx7, 5)) found |= FS_CPU_AVX2;
        if ((saved & 0xe6) == 0xe6 && BIT(ebx7, 16) && BIT(ebx7, 30) && BIT(ebx7, 31))
            found |= FS_CPU_AVX512 | (BIT(ecx7, 1) ? FS_CPU_VBMI : 0);
    }
    return found;
}

#elif FS_ARM && defined(__linux__)

#include <sys/auxv.h>
#ifndef HWCAP_SHA1
#define HWCAP_SHA1 (1 << 5)
#define HWCAP_SHA2 (1 << 6)
#endif

unsigned fs_cpu_features(void) {
    unsigned long capabilities = getauxval(AT_HWCAP);
    unsigned found = 0;
    if (capabilities & HWCAP_SHA1) found |= FS_CPU_ARM_SHA1;
    if (capabilities & HWCAP_SHA2) found |= FS_CPU_ARM_SHA2;
    return found;
}

#elif FS_ARM && defined(__APPLE__)

/* Every Apple CPU that runs AArch64 macOS has both. */
unsigned fs_cpu_features(void) { return FS_CPU_ARM_SHA1 | FS_CPU_ARM_SHA2; }

#else

unsigned fs_cpu_features(void) { return 0; }

#endif
