/* SHA-1 with one message in each lane, for any number of lanes. Include one of the
 * lanes_*.h first. */

#define ROUND(t, f, k)                                                                  \
    do {                                                                                \
        if ((t) >= 16)                                                                  \
            w[(t) % 16] = rol(xor(xor3(w[((t) - 3) % 16], w[((t) - 8) % 16],            \
                                       w[((t) - 14) % 16]), w[(t) % 16]), 1);           \
        next = add(add(add(e, set1(k)), add(w[(t) % 16], f)), rol(a, 5));               \
        e = d;                                                                          \
        d = c;                                                                          \
        c = rol(b, 30);                                                                 \
        b = a;                                                                          \
        a = next;                                                                       \
    } while (0)

#define FIVE(t, f, k) \
    ROUND(t, f, k);   \
    ROUND(t + 1, f, k); \
    ROUND(t + 2, f, k); \
    ROUND(t + 3, f, k); \
    ROUND(t + 4, f, k)

#define TWENTY(t, f, k) \
    FIVE(t, f, k);      \
    FIVE(t + 5, f, k);  \
    FIVE(t + 10, f, k); \
    FIVE(t + 15, f, k)

/* Hash one block of each lane; `w` contains its words. */
FS_INLINE void rounds(lanes_t *state, lanes_t *w) {
    lanes_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], next;

    TWENTY(0, choose(b, c, d), 0x5a827999);
    TWENTY(20, xor3(b, c, d), 0x6ed9eba1);
    TWENTY(40, majority(b, c, d), 0x8f1bbcdc);
    TWENTY(60, xor3(b, c, d), 0xca62c1d6);
    state[0] = add(state[0], a);
    state[1] = add(state[1], b);
    state[2] = add(state[2], c);
    state[3] = add(state[3], d);
    state[4] = add(state[4], e);
}

static void mac_group(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                      size_t blocks, fs_state *digests) {
    lanes_t state[8], w[16];

    for (int j = 0; j < 5; j++) state[j] = set1(inner[j]);
    for (size_t i = 0; i < blocks; i++) {
        load_blocks(w, tails, i * FS_BLOCK);
        rounds(state, w);
    }
    if (outer) {
        /* The inner digest, 0x80, zeros, and the length (84 bytes) in bits. */
        for (int j = 0; j < 5; j++) w[j] = state[j], state[j] = set1(outer[j]);
        w[5] = set1(0x80000000);
        for (int j = 6; j < 15; j++) w[j] = set1(0);
        w[15] = set1(84 * 8);
        rounds(state, w);
    }
    for (int j = 5; j < 8; j++) state[j] = set1(0);
    store_states(digests, state);
}
