/* SHA-256 with the x86 SHA extensions, several messages interleaved (see sha1_ni.c).
 *
 * The instructions use the eight words as two registers, ABEF and CDGH, with A and C in the
 * top words.
 */
#include "internal.h"

#if FS_X86

#include <immintrin.h>

FS_TARGET_BEGIN("sha,sse4.1,ssse3")

#define STREAMS 2

/* Hash one block of each stream; `w` contains its words. */
FS_INLINE void rounds(__m128i *abef, __m128i *cdgh, __m128i (*w)[4], const int streams) {
    __m128i abef0[STREAMS], cdgh0[STREAMS];

    for (int s = 0; s < streams; s++) abef0[s] = abef[s], cdgh0[s] = cdgh[s];
#if defined(__GNUC__)
#pragma GCC unroll 16
#endif
    for (int g = 0; g < 16; g++) {
        const __m128i k = _mm_loadu_si128((const __m128i *)(fs_sha256_k + 4 * g));
        for (int s = 0; s < streams; s++) {
            __m128i *m = w[s], sum;
            if (g >= 4)
                m[g % 4] = _mm_sha256msg2_epu32(
                    _mm_add_epi32(_mm_sha256msg1_epu32(m[g % 4], m[(g + 1) % 4]),
                                  _mm_alignr_epi8(m[(g + 3) % 4], m[(g + 2) % 4], 4)),
                    m[(g + 3) % 4]);
            sum = _mm_add_epi32(m[g % 4], k);
            cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], sum);
            abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], _mm_shuffle_epi32(sum, 0x0e));
        }
    }
    for (int s = 0; s < streams; s++) {
        abef[s] = _mm_add_epi32(abef[s], abef0[s]);
        cdgh[s] = _mm_add_epi32(cdgh[s], cdgh0[s]);
    }
}

FS_INLINE void load_block(__m128i *w, const uint8_t *block) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (int j = 0; j < 4; j++)
        w[j] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * j)), swap);
}

/* Convert from the words (d c b a, h g f e), the top word first, and back. */
FS_INLINE void to_rows(__m128i low, __m128i high, __m128i *abef, __m128i *cdgh) {
    __m128i cdab = _mm_shuffle_epi32(low, 0xb1), efgh = _mm_shuffle_epi32(high, 0x1b);
    *abef = _mm_alignr_epi8(cdab, efgh, 8);
    *cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

FS_INLINE void from_rows(__m128i abef, __m128i cdgh, __m128i *low, __m128i *high) {
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    *low = _mm_blend_epi16(feba, dchg, 0xf0);
    *high = _mm_alignr_epi8(dchg, feba, 8);
}

FS_INLINE void load_state(const uint32_t *state, __m128i *abef, __m128i *cdgh) {
    to_rows(_mm_loadu_si128((const __m128i *)state),
            _mm_loadu_si128((const __m128i *)(state + 4)), abef, cdgh);
}

FS_INLINE void store_state(uint32_t *state, __m128i abef, __m128i cdgh) {
    __m128i low, high;
    from_rows(abef, cdgh, &low, &high);
    _mm_storeu_si128((__m128i *)state, low);
    _mm_storeu_si128((__m128i *)(state + 4), high);
}

/* The inner digest, 0x80, zeros, and the length (96 bytes) in bits. */
FS_INLINE void load_digest(__m128i *w, __m128i abef, __m128i cdgh) {
    from_rows(abef, cdgh, &w[0], &w[1]);
    w[2] = _mm_set_epi32(0, 0, 0, (int)0x80000000);
    w[3] = _mm_set_epi32(96 * 8, 0, 0, 0);
}

typedef __m128i first_t;
typedef __m128i second_t;
typedef __m128i words_t;
#include "hash/mac_streams.h"

FS_TARGET_END

const fs_hash_backend fs_sha256_ni = {"sha-ni", FS_CPU_SHA_NI, STREAMS, compress, mac_many};

#endif
