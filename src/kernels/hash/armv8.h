/* What the two AArch64 files share: the instructions' region and the way into it. */
#ifndef TOKBOX_ARMV8_H
#define TOKBOX_ARMV8_H

#include "internal.h"

/* Until version 16, Clang's header hides what the command line's CPU lacks; inside the
 * region the instructions are there all the same. */
#if defined(__clang__) && !defined(__ARM_FEATURE_SHA2)
#define __ARM_FEATURE_SHA2 1
#endif

#include <arm_neon.h>

/* The two compilers spell it differently; GCC's header asks for all of "crypto". */
#if defined(__clang__)
#define FS_TARGET_ARM_SHA "sha2"
#else
#define FS_TARGET_ARM_SHA "+crypto"
#endif

/* How many messages run in step. A round instruction waits about four cycles for the one
 * before it, and four streams' words and states just fit the 32 registers. */
#define STREAMS 4

FS_INLINE void load_block(uint32x4_t *w, const uint8_t *block) {
    for (int j = 0; j < 4; j++)
        w[j] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block + 16 * j)));
}

#endif
