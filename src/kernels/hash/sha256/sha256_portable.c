/* SHA-256 (FIPS 180-4, section 6.2) in plain C: the reference for all other backends. */
#include "internal.h"

const uint32_t fs_sha256_initial[FS_STATE_WORDS] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

const uint32_t fs_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

FS_INLINE uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* One round. The caller rotates the names instead of the values. Word t of the message
 * schedule replaces word t - 16. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                   \
    do {                                                                                   \
        uint32_t t1;                                                                       \
        if (t) {                                                                           \
            uint32_t x = w[((i) + 1) % 16], y = w[((i) + 14) % 16];                        \
            w[i] += w[((i) + 9) % 16] + (ror(x, 7) ^ ror(x, 18) ^ x >> 3) +                \
                    (ror(y, 17) ^ ror(y, 19) ^ y >> 10);                                   \
        }                                                                                  \
        t1 = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (g ^ (e & (f ^ g))) +             \
             fs_sha256_k[t + (i)] + w[i];                                                  \
        d += t1;                                                                           \
        h = t1 + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) | (c & (a | b)));        \
    } while (0)

#define EIGHT(i)                             \
    ROUND(a, b, c, d, e, f, g, h, i);        \
    ROUND(h, a, b, c, d, e, f, g, i + 1);    \
    ROUND(g, h, a, b, c, d, e, f, i + 2);    \
    ROUND(f, g, h, a, b, c, d, e, i + 3);    \
    ROUND(e, f, g, h, a, b, c, d, i + 4);    \
    ROUND(d, e, f, g, h, a, b, c, i + 5);    \
    ROUND(c, d, e, f, g, h, a, b, i + 6);    \
    ROUND(b, c, d, e, f, g, h, a, i + 7)

static void compress(uint32_t *state, const uint8_t *data, size_t blocks) {
    uint32_t w[16];

    for (; blocks; blocks--, data += FS_BLOCK) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

        for (int i = 0; i < 16; i++) w[i] = fs_load_be32(data + 4 * i);
        for (int t = 0; t < 64; t += 16) {
            EIGHT(0);
            EIGHT(8);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

static void mac_many(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                     size_t blocks, fs_state *digests, size_t count) {
    /* The block of the outer hash: a padded digest; 96 bytes including the key block. */
    uint8_t last[FS_BLOCK] = {[32] = 0x80, [62] = (96 * 8) >> 8, [63] = (96 * 8) & 0xff};

    for (size_t i = 0; i < count; i++) {
        uint32_t state[8];
        memcpy(state, inner, sizeof state);
        compress(state, tails[i], blocks);
        if (!outer) {
            memcpy(digests[i], state, sizeof state);
            continue;
        }
        for (int j = 0; j < 8; j++) fs_store_be32(last + 4 * j, state[j]);
        memcpy(digests[i], outer, sizeof state);
        compress(digests[i], last, 1);
    }
}

const fs_hash_backend fs_sha256_portable = {"portable", 0, 1, compress, mac_many};
