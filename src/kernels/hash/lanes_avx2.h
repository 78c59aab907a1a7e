/* Eight lanes of 32 bits: the operations that sha1_lanes.h and sha256_lanes.h use. Include
 * inside an AVX2 target region. */
#define LANES 8
typedef __m256i lanes_t;

FS_INLINE lanes_t set1(uint32_t x) { return _mm256_set1_epi32((int)x); }
FS_INLINE lanes_t add(lanes_t a, lanes_t b) { return _mm256_add_epi32(a, b); }
FS_INLINE lanes_t xor(lanes_t a, lanes_t b) { return _mm256_xor_si256(a, b); }
FS_INLINE lanes_t xor3(lanes_t a, lanes_t b, lanes_t c) { return xor(xor(a, b), c); }
FS_INLINE lanes_t shr(lanes_t x, int n) { return _mm256_srli_epi32(x, n); }
FS_INLINE lanes_t rol(lanes_t x, int n) {
    return _mm256_or_si256(_mm256_slli_epi32(x, n), _mm256_srli_epi32(x, 32 - n));
}
/* Bitwise: b ? c : d, and the majority of three */
FS_INLINE lanes_t choose(lanes_t b, lanes_t c, lanes_t d) {
    return xor(d, _mm256_and_si256(b, xor(c, d)));
}
FS_INLINE lanes_t majority(lanes_t b, lanes_t c, lanes_t d) {
    return xor(_mm256_and_si256(xor(b, c), xor(d, c)), c);
}

/* Transpose: row i, word j becomes row j, word i. */
FS_INLINE void transpose(lanes_t *r) {
    lanes_t a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        a[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
        r[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
    }
}

/* Load one big-endian block of each lane: w[j] contains word j of all lanes. */
FS_INLINE void load_blocks(lanes_t *w, const uint8_t *const *tails, size_t offset) {
    const __m256i swap = _mm256_broadcastsi128_si256(
        _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    for (int half = 0; half < 2; half++) {
        lanes_t *r = w + 8 * half;
        for (int l = 0; l < 8; l++)
            r[l] = _mm256_shuffle_epi8(
                _mm256_loadu_si256((const __m256i *)(tails[l] + offset + 32 * half)), swap);
        transpose(r);
    }
}

/* Store words 0 ... 7 of the state of each lane. */
FS_INLINE void store_states(fs_state *digests, lanes_t *state) {
    transpose(state);
    for (int l = 0; l < 8; l++) _mm256_storeu_si256((__m256i *)digests[l], state[l]);
}

/* Clear the upper halves of the registers. Code with SSE encodings (SHA-NI has no other) is
 * slow while they are in use. */
FS_INLINE void zero_upper(void) { _mm256_zeroupper(); }
