/* SHA-1 (FIPS 180-4, section 6.1) in plain C: the reference for all other backends. */
#include "internal.h"

const uint32_t fs_sha1_initial[FS_STATE_WORDS] = {
    0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
};

FS_INLINE uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* One round. Word t of the message schedule replaces word t - 16. */
#define ROUND(f, k, t)                                                              \
    do {                                                                            \
        uint32_t next;                                                              \
        if ((t) >= 16)                                                              \
            w[(t) % 16] = rol(w[((t) + 13) % 16] ^ w[((t) + 8) % 16] ^              \
                                  w[((t) + 2) % 16] ^ w[(t) % 16], 1);              \
        next = rol(a, 5) + (f) + e + (k) + w[(t) % 16];                             \
        e = d;                                                                      \
        d = c;                                                                      \
        c = rol(b, 30);                                                             \
        b = a;                                                                      \
        a = next;                                                                   \
    } while (0)

#define FIVE(f, k, t) \
    ROUND(f, k, t);   \
    ROUND(f, k, t + 1); \
    ROUND(f, k, t + 2); \
    ROUND(f, k, t + 3); \
    ROUND(f, k, t + 4)

#define TWENTY(f, k, t) \
    FIVE(f, k, t);      \
    FIVE(f, k, t + 5);  \
    FIVE(f, k, t + 10); \
    FIVE(f, k, t + 15)

static void compress(uint32_t *state, const uint8_t *data, size_t blocks) {
    uint32_t w[16];

    for (; blocks; blocks--, data += FS_BLOCK) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

        for (int t = 0; t < 16; t++) w[t] = fs_load_be32(data + 4 * t);
        TWENTY(d ^ (b & (c ^ d)), 0x5a827999, 0);
        TWENTY(b ^ c ^ d, 0x6ed9eba1, 20);
        TWENTY((b & c) | (d & (b | c)), 0x8f1bbcdc, 40);
        TWENTY(b ^ c ^ d, 0xca62c1d6, 60);
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
}

static void mac_many(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                     size_t blocks, fs_state *digests, size_t count) {
    /* The block of the outer hash: a padded digest; 84 bytes including the key block. */
    uint8_t last[FS_BLOCK] = {[20] = 0x80, [62] = (84 * 8) >> 8, [63] = (84 * 8) & 0xff};

    for (size_t i = 0; i < count; i++) {
        uint32_t state[5];
        memcpy(state, inner, sizeof state);
        compress(state, tails[i], blocks);
        if (!outer) {
            memcpy(digests[i], state, sizeof state);
            continue;
        }
        for (int j = 0; j < 5; j++) fs_store_be32(last + 4 * j, state[j]);
        memcpy(digests[i], outer, sizeof state);
        compress(digests[i], last, 1);
    }
}

const fs_hash_backend fs_sha1_portable = {"portable", 0, 1, compress, mac_many};
