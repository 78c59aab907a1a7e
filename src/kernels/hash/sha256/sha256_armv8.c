/* SHA-256 with the AArch64 SHA extensions, several messages interleaved (see sha1_ni.c).
 *
 * The state is two vectors of four words, with A and E in lane 0. SHA256H and SHA256H2
 * compute four rounds together: each computes one half from the previous two halves.
 */
#include "internal.h"

#if FS_ARM

#include "hash/armv8.h"

FS_TARGET_BEGIN(FS_TARGET_ARM_SHA)

/* Hash one block of each stream; `w` contains its words. */
FS_INLINE void rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t (*w)[4],
                      const int streams) {
    uint32x4_t abcd0[STREAMS], efgh0[STREAMS];

    for (int s = 0; s < streams; s++) abcd0[s] = abcd[s], efgh0[s] = efgh[s];
#if defined(__GNUC__)
#pragma GCC unroll 16
#endif
    for (int g = 0; g < 16; g++) {
        const uint32x4_t k = vld1q_u32(fs_sha256_k + 4 * g);
        for (int s = 0; s < streams; s++) {
            uint32x4_t *m = w[s], sum, before = abcd[s];
            if (g >= 4)
                m[g % 4] = vsha256su1q_u32(vsha256su0q_u32(m[g % 4], m[(g + 1) % 4]),
                                           m[(g + 2) % 4], m[(g + 3) % 4]);
            sum = vaddq_u32(m[g % 4], k);
            abcd[s] = vsha256hq_u32(before, efgh[s], sum);
            efgh[s] = vsha256h2q_u32(efgh[s], before, sum);
        }
    }
    for (int s = 0; s < streams; s++) {
        abcd[s] = vaddq_u32(abcd[s], abcd0[s]);
        efgh[s] = vaddq_u32(efgh[s], efgh0[s]);
    }
}

FS_INLINE void load_state(const uint32_t *state, uint32x4_t *abcd, uint32x4_t *efgh) {
    *abcd = vld1q_u32(state);
    *efgh = vld1q_u32(state + 4);
}

FS_INLINE void store_state(uint32_t *state, uint32x4_t abcd, uint32x4_t efgh) {
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

/* The inner digest, 0x80, zeros, and the length (96 bytes) in bits. */
FS_INLINE void load_digest(uint32x4_t *w, uint32x4_t abcd, uint32x4_t efgh) {
    w[0] = abcd;
    w[1] = efgh;
    w[2] = vsetq_lane_u32(0x80000000, vdupq_n_u32(0), 0);
    w[3] = vsetq_lane_u32(96 * 8, vdupq_n_u32(0), 3);
}

typedef uint32x4_t first_t;
typedef uint32x4_t second_t;
typedef uint32x4_t words_t;
#include "hash/mac_streams.h"

FS_TARGET_END

const fs_hash_backend fs_sha256_armv8 = {"armv8", FS_CPU_ARM_SHA2, STREAMS, compress, mac_many};

#endif
