/* SHA-1 with the AArch64 SHA extensions, several messages interleaved (see sha1_ni.c).
 *
 * The state is a vector of four words, A in lane 0, and a separate word E. SHA1C, SHA1P and
 * SHA1M compute four rounds each; SHA1H rotates an earlier A, which gives E.
 */
#include "internal.h"

#if FS_ARM

#include "hash/armv8.h"

FS_TARGET_BEGIN(FS_TARGET_ARM_SHA)

/* Four rounds of group g (0..19), with one of the three instructions. */
#define GROUP(g, four_rounds)                                                               \
    for (int s = 0; s < streams; s++) {                                                     \
        uint32x4_t *m = w[s];                                                               \
        uint32_t next = vsha1h_u32(vgetq_lane_u32(abcd[s], 0));                             \
        if ((g) >= 4)                                                                       \
            m[(g) % 4] = vsha1su1q_u32(                                                     \
                vsha1su0q_u32(m[(g) % 4], m[((g) + 1) % 4], m[((g) + 2) % 4]),              \
                m[((g) + 3) % 4]);                                                          \
        abcd[s] = four_rounds(abcd[s], e[s], vaddq_u32(m[(g) % 4], k[(g) / 5]));            \
        e[s] = next;                                                                        \
    }

#define FIVE(g, f) GROUP(g, f) GROUP(g + 1, f) GROUP(g + 2, f) GROUP(g + 3, f) GROUP(g + 4, f)

/* Hash one block of each stream; `w` contains its words. */
FS_INLINE void rounds(uint32x4_t *abcd, uint32_t *e, uint32x4_t (*w)[4], const int streams) {
    const uint32x4_t k[4] = {vdupq_n_u32(0x5a827999), vdupq_n_u32(0x6ed9eba1),
                             vdupq_n_u32(0x8f1bbcdc), vdupq_n_u32(0xca62c1d6)};
    uint32x4_t abcd0[STREAMS];
    uint32_t e0[STREAMS];

    for (int s = 0; s < streams; s++) abcd0[s] = abcd[s], e0[s] = e[s];
    FIVE(0, vsha1cq_u32)
    FIVE(5, vsha1pq_u32)
    FIVE(10, vsha1mq_u32)
    FIVE(15, vsha1pq_u32)
    for (int s = 0; s < streams; s++) {
        abcd[s] = vaddq_u32(abcd[s], abcd0[s]);
        e[s] += e0[s];
    }
}

FS_INLINE void load_state(const uint32_t *state, uint32x4_t *abcd, uint32_t *e) {
    *abcd = vld1q_u32(state);
    *e = state[4];
}

FS_INLINE void store_state(uint32_t *state, uint32x4_t abcd, uint32_t e) {
    vst1q_u32(state, abcd);
    state[4] = e;
}

/* The inner digest, 0x80, zeros, and the length (84 bytes) in bits. */
FS_INLINE void load_digest(uint32x4_t *w, uint32x4_t abcd, uint32_t e) {
    const uint32x4_t zero = vdupq_n_u32(0);
    w[0] = abcd;
    w[1] = vsetq_lane_u32(e, vsetq_lane_u32(0x80000000, zero, 1), 0);
    w[2] = zero;
    w[3] = vsetq_lane_u32(84 * 8, zero, 3);
}

typedef uint32x4_t first_t;
typedef uint32_t second_t;
typedef uint32x4_t words_t;
#include "hash/mac_streams.h"

FS_TARGET_END

const fs_hash_backend fs_sha1_armv8 = {"armv8", FS_CPU_ARM_SHA1, STREAMS, compress, mac_many};

#endif
