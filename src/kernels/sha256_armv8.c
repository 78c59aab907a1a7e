/* SHA-256 with the AArch64 SHA extensions, several messages interleaved (see sha1_ni.c).
 *
 * The state is two vectors of four words, A and E in their lanes 0. SHA256H and SHA256H2
 * together are four rounds: each makes one half from both halves as they were.
 */
#include "internal.h"

#if FS_ARM

#include "armv8.h"

FS_TARGET_BEGIN(FS_TARGET_ARM_SHA)

/* One block for each stream, its words already in w. */
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

static void compress(uint32_t *state, const uint8_t *data, size_t blocks) {
    uint32x4_t abcd, efgh, w[1][4];

    load_state(state, &abcd, &efgh);
    for (; blocks; blocks--, data += FS_BLOCK) {
        load_block(w[0], data);
        rounds(&abcd, &efgh, w, 1);
    }
    store_state(state, abcd, efgh);
}

FS_INLINE void mac_group(const uint32_t *inner, const uint32_t *outer,
                         const uint8_t *const *tails, size_t blocks,
                         fs_state *digests, const int streams) {
    uint32x4_t abcd[STREAMS], efgh[STREAMS], w[STREAMS][4];

    for (int s = 0; s < streams; s++) load_state(inner, &abcd[s], &efgh[s]);
    for (size_t b = 0; b < blocks; b++) {
        for (int s = 0; s < streams; s++) load_block(w[s], tails[s] + b * FS_BLOCK);
        rounds(abcd, efgh, w, streams);
    }
    for (int s = 0; outer && s < streams; s++) {
        /* The inner digest, 0x80, zeros, 96 bytes in bits. */
        w[s][0] = abcd[s];
        w[s][1] = efgh[s];
        w[s][2] = vsetq_lane_u32(0x80000000, vdupq_n_u32(0), 0);
        w[s][3] = vsetq_lane_u32(96 * 8, vdupq_n_u32(0), 3);
        load_state(outer, &abcd[s], &efgh[s]);
    }
    if (outer) rounds(abcd, efgh, w, streams);
    for (int s = 0; s < streams; s++) store_state(digests[s], abcd[s], efgh[s]);
}

static void mac_many(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                     size_t blocks, fs_state *digests, size_t count) {
    for (; count >= STREAMS; count -= STREAMS, tails += STREAMS, digests += STREAMS)
        mac_group(inner, outer, tails, blocks, digests, STREAMS);
    for (; count; count--, tails++, digests++)
        mac_group(inner, outer, tails, blocks, digests, 1);
}

FS_TARGET_END

const fs_hash_row fs_sha256_armv8 = {"armv8", FS_CPU_ARM_SHA2, STREAMS, compress, mac_many};

#endif
