/* Definitions for the two AArch64 backends. */
#ifndef TOKBOX_ARMV8_H
#define TOKBOX_ARMV8_H

#include "internal.h"

/* Before version 16, Clang's header hides the intrinsics that the command line's target CPU
 * lacks, although the target region supports them. */
#if defined(__clang__) && !defined(__ARM_FEATURE_SHA2)
#define __ARM_FEATURE_SHA2 1
#endif

#include <arm_neon.h>

/* The compilers use different names; GCC's header requires all of "crypto". */
#if defined(__clang__)
#define FS_TARGET_ARM_SHA "sha2"
#else
#define FS_TARGET_ARM_SHA "+crypto"
#endif

/* The number of interleaved messages. A round instruction has a latency of about four
 * cycles, and the words and states of four streams just fit into the 32 registers. */
#define STREAMS 4

FS_INLINE void load_block(uint32x4_t *w, const uint8_t *block) {
    for (int j = 0; j < 4; j++)
        w[j] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block + 16 * j)));
}

#endif
