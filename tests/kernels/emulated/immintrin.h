/* Stands in for the compiler's header of this name: AVX2 and AVX-512 in plain C, by SIMDe,
 * so that the kernels written for them run, and can be checked, on a CPU without them. */
#ifndef TOKBOX_EMULATED_IMMINTRIN_H
#define TOKBOX_EMULATED_IMMINTRIN_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>

/* Nothing to clean: there are no wide registers. */
#ifndef _mm256_zeroupper
#define _mm256_zeroupper() ((void)0)
#endif

/* The compiler must not use the real instructions either. */
#undef FS_TARGET_BEGIN
#undef FS_TARGET_END
#define FS_TARGET_BEGIN(features)
#define FS_TARGET_END

#endif
