/* HMAC (RFC 2104) from prepared midstates.
 *
 * The key block of HMAC's inner and outer hash depends on the secret alone: both are
 * hashed once when the key is made, and every MAC starts from the two states.
 */
#if defined(__linux__) || defined(__GLIBC__)
#define _DEFAULT_SOURCE /* explicit_bzero */
#endif
#include "internal.h"

#if defined(_WIN32)
#include <windows.h>
#endif

void fs_wipe(void *memory, size_t len) {
#if defined(_WIN32)
    SecureZeroMemory(memory, len);
#elif defined(__GLIBC__) || defined(__FreeBSD__) || defined(__OpenBSD__)
    explicit_bzero(memory, len);
#else
    volatile uint8_t *p = memory;
    while (len--) *p++ = 0;
#endif
}

/* Of the deepest way from a function that calls this to a kernel's rounds (9.6 KiB by GCC's
 * -fstack-usage), and a quarter more. */
#define STACK_IN_USE 12288
/* The same for who calls a kernel itself: 3.5 KiB, and some more. */
#define STACK_OF_KERNEL 5120

FS_NOINLINE void fs_wipe_stack(void) {
    uint8_t below[STACK_IN_USE];
    fs_wipe(below, sizeof below);
}

FS_NOINLINE void fs_wipe_stack_of_kernel(void) {
    uint8_t below[STACK_OF_KERNEL];
    fs_wipe(below, sizeof below);
}

int fs_equal(const uint8_t *a, const uint8_t *b, size_t len) {
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) difference |= a[i] ^ b[i];
    return difference == 0;
}

size_t fs_pad(uint8_t *tail, size_t used, uint64_t total) {
    size_t blocks = (used + 9 + FS_BLOCK - 1) / FS_BLOCK, end = blocks * FS_BLOCK;
    tail[used] = 0x80;
    memset(tail + used + 1, 0, end - used - 9);
    fs_store_be32(tail + end - 8, (uint32_t)(total >> 29));
    fs_store_be32(tail + end - 4, (uint32_t)(total << 3));
    return blocks;
}

/* Hash a whole message from `state` on; `before` bytes are in the state already. */
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

void fs_mac_mixed(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
                  const uint8_t *const *messages, const size_t *blocks, fs_state *digests,
                  size_t count) {
    uint8_t order[FS_MIXED];
    const uint8_t *alike[FS_MIXED];
    fs_state found[FS_MIXED];
    size_t same;

    for (size_t i = 0; i < count; i++) order[i] = (uint8_t)i;
    for (size_t done = 0; done < count; done += same) {
        /* order[done ...] begins with the messages as long as its first. */
        const size_t length = blocks[order[done]];
        same = 0;
        for (size_t i = done; i < count; i++) {
            uint8_t one = order[i];
            if (blocks[one] != length) continue;
            order[i] = order[done + same];
            order[done + same] = one;
            alike[same++] = messages[one];
        }
        fs_mac(hash, inner, outer, alike, length, found, same);
        for (size_t s = 0; s < same; s++)
            memcpy(digests[order[done + s]], found[s], sizeof *found);
    }
    fs_wipe_stack_of_kernel();
}
