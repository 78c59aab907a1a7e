/* SHA-1 with the x86 SHA extensions, several messages interleaved.
 *
 * SHA1RNDS4 has a latency of several cycles. With STREAMS interleaved messages, the CPU
 * starts the rounds of one message while it completes those of another. The state has the
 * layout of the instructions: A in the top word of `abcd`, E in the top word of `e`.
 */
#include "internal.h"

#if FS_X86

#include <immintrin.h>

FS_TARGET_BEGIN("sha,sse4.1,ssse3")

#define STREAMS 2

/* Four rounds of group g (0..19); F selects the function and the constant. */
#define GROUP(g, F)                                                                      \
    for (int s = 0; s < streams; s++) {                                                  \
        __m128i *m = w[s], before = abcd[s];                                             \
        if ((g) >= 4)                                                                    \
            m[(g) % 4] = _mm_sha1msg2_epu32(                                             \
                _mm_xor_si128(_mm_sha1msg1_epu32(m[(g) % 4], m[((g) + 1) % 4]),          \
                              m[((g) + 2) % 4]),                                         \
                m[((g) + 3) % 4]);                                                       \
        e[s] = (g) == 0 ? _mm_add_epi32(e[s], m[0]) : _mm_sha1nexte_epu32(e[s], m[(g) % 4]); \
        abcd[s] = _mm_sha1rnds4_epu32(before, e[s], F);                                  \
        e[s] = before;                                                                   \
    }

#define FIVE(g, F) GROUP(g, F) GROUP(g + 1, F) GROUP(g + 2, F) GROUP(g + 3, F) GROUP(g + 4, F)

/* Hash one block of each stream; `w` contains its words. */
FS_INLINE void rounds(__m128i *abcd, __m128i *e, __m128i (*w)[4], const int streams) {
    __m128i abcd0[STREAMS], e0[STREAMS];

    for (int s = 0; s < streams; s++) abcd0[s] = abcd[s], e0[s] = e[s];
    FIVE(0, 0)
    FIVE(5, 1)
    FIVE(10, 2)
    FIVE(15, 3)
    for (int s = 0; s < streams; s++) {
        e[s] = _mm_sha1nexte_epu32(e[s], e0[s]);
        abcd[s] = _mm_add_epi32(abcd[s], abcd0[s]);
    }
}

FS_INLINE void load_block(__m128i *w, const uint8_t *block) {
    /* Reverse all bytes: words are big-endian, and word 0 is the highest. */
    const __m128i reverse = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    for (int j = 0; j < 4; j++)
        w[j] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * j)), reverse);
}

FS_INLINE void load_state(const uint32_t *state, __m128i *abcd, __m128i *e) {
    *abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1b);
    *e = _mm_set_epi32((int)state[4], 0, 0, 0);
}

FS_INLINE void store_state(uint32_t *state, __m128i abcd, __m128i e) {
    _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1b));
    state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

/* The inner digest, 0x80, zeros, and the length (84 bytes) in bits. */
FS_INLINE void load_digest(__m128i *w, __m128i abcd, __m128i e) {
    w[0] = abcd;
    w[1] = _mm_insert_epi32(e, (int)0x80000000, 2);
    w[2] = _mm_setzero_si128();
    w[3] = _mm_set_epi32(0, 0, 0, 84 * 8);
}

typedef __m128i first_t;
typedef __m128i second_t;
typedef __m128i words_t;
#include "hash/mac_streams.h"

FS_TARGET_END

const fs_hash_backend fs_sha1_ni = {"sha-ni", FS_CPU_SHA_NI, STREAMS, compress, mac_many};

#endif
