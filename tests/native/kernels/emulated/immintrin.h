/* A replacement for the compiler's header. It implements AVX2 and AVX-512 in plain C with
 * SIMDe, so that their kernels can be tested on other CPUs. */
#ifndef TOKBOX_EMULATED_IMMINTRIN_H
#define TOKBOX_EMULATED_IMMINTRIN_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>

/* Definitions that are missing in SIMDe 0.7, or have a wrong alias. */
#include <stdint.h>
typedef uint64_t __mmask64;

static inline __m512i emulated_load(__m512i rest, __mmask64 mask, const void *from) {
    uint8_t bytes[64];
    simde_mm512_storeu_si512(bytes, rest);
    for (int i = 0; i < 64; i++)
        if (mask >> i & 1) bytes[i] = ((const uint8_t *)from)[i];
    return simde_mm512_loadu_si512(bytes);
}

static inline void emulated_store(void *to, __mmask64 mask, __m512i value) {
    uint8_t bytes[64];
    simde_mm512_storeu_si512(bytes, value);
    for (int i = 0; i < 64; i++)
        if (mask >> i & 1) ((uint8_t *)to)[i] = bytes[i];
}

#undef _mm512_maskz_loadu_epi8
#define _mm512_maskz_loadu_epi8(mask, from) \
    emulated_load(simde_mm512_setzero_si512(), mask, from)
#undef _mm512_mask_loadu_epi8
#define _mm512_mask_loadu_epi8(rest, mask, from) emulated_load(rest, mask, from)
#undef _mm512_mask_storeu_epi8
#define _mm512_mask_storeu_epi8(to, mask, value) emulated_store(to, mask, value)
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)

/* Without wide registers, there is nothing to clear. */
#ifndef _mm256_zeroupper
#define _mm256_zeroupper() ((void)0)
#endif

/* The compiler must not use the real instructions. */
#undef FS_TARGET_BEGIN
#undef FS_TARGET_END
#define FS_TARGET_BEGIN(features)
#define FS_TARGET_END

#endif
