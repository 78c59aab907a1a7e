/* Sixteen lanes of 32 bits: the operations that sha1_lanes.h and sha256_lanes.h use.
 * Include inside an AVX-512 (F, BW, VL) target region. */
#define LANES 16
typedef __m512i lanes_t;

FS_INLINE lanes_t set1(uint32_t x) { return _mm512_set1_epi32((int)x); }
FS_INLINE lanes_t add(lanes_t a, lanes_t b) { return _mm512_add_epi32(a, b); }
FS_INLINE lanes_t xor(lanes_t a, lanes_t b) { return _mm512_xor_si512(a, b); }
FS_INLINE lanes_t xor3(lanes_t a, lanes_t b, lanes_t c) {
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
#define shr(x, n) _mm512_srli_epi32(x, n)
#define rol(x, n) _mm512_rol_epi32(x, n)
/* Bitwise: b ? c : d, and the majority of three */
FS_INLINE lanes_t choose(lanes_t b, lanes_t c, lanes_t d) {
    return _mm512_ternarylogic_epi32(b, c, d, 0xca);
}
FS_INLINE lanes_t majority(lanes_t b, lanes_t c, lanes_t d) {
    return _mm512_ternarylogic_epi32(b, c, d, 0xe8);
}

/* Load one big-endian block of each lane: w[j] contains word j of all lanes. */
FS_INLINE void load_blocks(lanes_t *w, const uint8_t *const *tails, size_t offset) {
    const __m512i swap = _mm512_broadcast_i32x4(
        _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    lanes_t a[16], b[16];

    for (int l = 0; l < 16; l++)
        w[l] = _mm512_shuffle_epi8(_mm512_loadu_si512(tails[l] + offset), swap);
    for (int i = 0; i < 16; i += 2) {
        a[i] = _mm512_unpacklo_epi32(w[i], w[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi32(w[i], w[i + 1]);
    }
    /* b[4q + j], quarter k: word 4k + j of lanes 4q ... 4q + 3 */
    for (int i = 0; i < 16; i += 4) {
        b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        __m512i even01 = _mm512_shuffle_i32x4(b[j], b[4 + j], 0x88);
        __m512i odd01 = _mm512_shuffle_i32x4(b[j], b[4 + j], 0xdd);
        __m512i even23 = _mm512_shuffle_i32x4(b[8 + j], b[12 + j], 0x88);
        __m512i odd23 = _mm512_shuffle_i32x4(b[8 + j], b[12 + j], 0xdd);
        w[j] = _mm512_shuffle_i32x4(even01, even23, 0x88);
        w[4 + j] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
        w[8 + j] = _mm512_shuffle_i32x4(even01, even23, 0xdd);
        w[12 + j] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);
    }
}

/* Store words 0 ... 7 of the state of each lane: transpose 8 by 8 words in each half. */
FS_INLINE void store_states(fs_state *digests, lanes_t *r) {
    lanes_t a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    /* b[4q + j], quarter k: words 4q ... 4q + 3 of lane 4k + j */
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        _mm_storeu_si128((__m128i *)digests[j], _mm512_extracti32x4_epi32(b[j], 0));
        _mm_storeu_si128((__m128i *)digests[4 + j], _mm512_extracti32x4_epi32(b[j], 1));
        _mm_storeu_si128((__m128i *)digests[8 + j], _mm512_extracti32x4_epi32(b[j], 2));
        _mm_storeu_si128((__m128i *)digests[12 + j], _mm512_extracti32x4_epi32(b[j], 3));
        _mm_storeu_si128((__m128i *)(digests[j] + 4), _mm512_extracti32x4_epi32(b[4 + j], 0));
        _mm_storeu_si128((__m128i *)(digests[4 + j] + 4), _mm512_extracti32x4_epi32(b[4 + j], 1));
        _mm_storeu_si128((__m128i *)(digests[8 + j] + 4), _mm512_extracti32x4_epi32(b[4 + j], 2));
        _mm_storeu_si128((__m128i *)(digests[12 + j] + 4), _mm512_extracti32x4_epi32(b[4 + j], 3));
    }
}

/* Clear the upper parts of the registers. Code with SSE encodings (SHA-NI has no other) is
 * slow while they are in use. */
FS_INLINE void zero_upper(void) { _mm256_zeroupper(); }
