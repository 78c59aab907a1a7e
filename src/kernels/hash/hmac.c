/* HMAC (RFC 2104) from prepared midstates.
 *
 * The first block of HMAC's inner and outer hash depends only on the secret. fs_key_init
 * hashes these two blocks once, and every MAC starts from the resulting states.
 */
#include "internal.h"

/* Hash and pad a message; `state` already includes `before` bytes. */
static void hash_rest(fs_compress_fn *compress, uint32_t *state, uint64_t before,
                      const uint8_t *message, size_t len) {
    uint8_t tail[2 * FS_BLOCK];
    size_t whole = len / FS_BLOCK, rest = len % FS_BLOCK, blocks;

    compress(state, message, whole);
    if (rest) memcpy(tail, message + len - rest, rest);
    blocks = fs_pad(tail, rest, before + len);
    compress(state, tail, blocks);
    fs_wipe(tail, sizeof tail);
}

static void key_states(fs_compress_fn *compress, const uint32_t *initial, int words,
                       const uint8_t *secret, size_t len, uint32_t *inner, uint32_t *outer) {
    uint8_t block[FS_BLOCK] = {0};

    if (len > FS_BLOCK) {
        uint32_t state[FS_STATE_WORDS];
        memcpy(state, initial, sizeof state);
        hash_rest(compress, state, 0, secret, len);
        for (int j = 0; j < words; j++) fs_store_be32(block + 4 * j, state[j]);
        fs_wipe(state, sizeof state);
    } else if (len) {
        memcpy(block, secret, len);
    }
    for (int i = 0; i < FS_BLOCK; i++) block[i] ^= 0x36;
    memcpy(inner, initial, FS_STATE_WORDS * sizeof *inner);
    compress(inner, block, 1);
    for (int i = 0; i < FS_BLOCK; i++) block[i] ^= 0x36 ^ 0x5c;
    memcpy(outer, initial, FS_STATE_WORDS * sizeof *outer);
    compress(outer, block, 1);
    fs_wipe(block, sizeof block);
}

void fs_key_init(fs_key *key, const fs_engine *engine, const uint8_t *secret, size_t len) {
    key->engine = *engine;
    key_states(engine->sha1.compress, fs_sha1_initial, 5, secret, len, key->sha1_inner,
               key->sha1_outer);
    key_states(engine->sha256.compress, fs_sha256_initial, 8, secret, len, key->sha256_inner,
               key->sha256_outer);
    fs_wipe_stack();
}

void fs_key_wipe(fs_key *key) {
    fs_wipe(key->sha1_inner, sizeof key->sha1_inner);
    fs_wipe(key->sha1_outer, sizeof key->sha1_outer);
    fs_wipe(key->sha256_inner, sizeof key->sha256_inner);
    fs_wipe(key->sha256_outer, sizeof key->sha256_outer);
}

static void hmac(fs_compress_fn *compress, const uint32_t *inner, const uint32_t *outer,
                 int words, const uint8_t *message, size_t len, uint8_t *mac) {
    uint32_t state[FS_STATE_WORDS];
    uint8_t digest[32];

    memcpy(state, inner, sizeof state);
    hash_rest(compress, state, FS_BLOCK, message, len);
    for (int j = 0; j < words; j++) fs_store_be32(digest + 4 * j, state[j]);
    memcpy(state, outer, sizeof state);
    hash_rest(compress, state, FS_BLOCK, digest, 4 * (size_t)words);
    for (int j = 0; j < words; j++) fs_store_be32(mac + 4 * j, state[j]);
    fs_wipe(digest, sizeof digest);
    fs_wipe(state, sizeof state);
    fs_wipe_stack();
}

void fs_hmac_sha1(const fs_key *key, const uint8_t *message, size_t len, uint8_t mac[20]) {
    hmac(key->engine.sha1.compress, key->sha1_inner, key->sha1_outer, 5, message, len, mac);
}

void fs_hmac_sha256(const fs_key *key, const uint8_t *message, size_t len, uint8_t mac[32]) {
    hmac(key->engine.sha256.compress, key->sha256_inner, key->sha256_outer, 8, message, len, mac);
}
