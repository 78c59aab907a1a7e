/* SHA-256 with one message in each lane, for any number of lanes. Include one of the
 * lanes_*.h first. */

#define ror(x, n) rol(x, 32 - (n))

/* Hash one block of each lane; `w` contains its words. */
FS_INLINE void rounds(lanes_t *state, lanes_t *w) {
    lanes_t s[8];

    for (int j = 0; j < 8; j++) s[j] = state[j];
    for (int t = 0; t < 64; t += 16) {
#if defined(__GNUC__)
#pragma GCC unroll 16
#endif
        for (int i = 0; i < 16; i++) {
            /* Rotate the names instead of the values: a is s[-t mod 8], and so on. */
            lanes_t *a = &s[(16 - i) % 8], *b = &s[(17 - i) % 8], *c = &s[(18 - i) % 8];
            lanes_t *d = &s[(19 - i) % 8], *e = &s[(20 - i) % 8], *f = &s[(21 - i) % 8];
            lanes_t *g = &s[(22 - i) % 8], *h = &s[(23 - i) % 8], t1, t2;
            if (t) {
                lanes_t x = w[(i + 1) % 16], y = w[(i + 14) % 16];
                w[i] = add(add(w[i], w[(i + 9) % 16]),
                           add(xor3(ror(x, 7), ror(x, 18), shr(x, 3)),
                               xor3(ror(y, 17), ror(y, 19), shr(y, 10))));
            }
            t1 = add(add(*h, xor3(ror(*e, 6), ror(*e, 11), ror(*e, 25))),
                     add(choose(*e, *f, *g), add(set1(fs_sha256_k[t + i]), w[i])));
            t2 = add(xor3(ror(*a, 2), ror(*a, 13), ror(*a, 22)), majority(*a, *b, *c));
            *d = add(*d, t1);
            *h = add(t1, t2);
        }
    }
    for (int j = 0; j < 8; j++) state[j] = add(state[j], s[j]);
}

static void mac_group(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                      size_t blocks, fs_state *digests) {
    lanes_t state[8], w[16];

    for (int j = 0; j < 8; j++) state[j] = set1(inner[j]);
    for (size_t i = 0; i < blocks; i++) {
        load_blocks(w, tails, i * FS_BLOCK);
        rounds(state, w);
    }
    if (outer) {
        /* The inner digest, 0x80, zeros, and the length (96 bytes) in bits. */
        for (int j = 0; j < 8; j++) w[j] = state[j], state[j] = set1(outer[j]);
        w[8] = set1(0x80000000);
        for (int j = 9; j < 15; j++) w[j] = set1(0);
        w[15] = set1(96 * 8);
        rounds(state, w);
    }
    store_states(digests, state);
}
