/* Reproducible nonces: signing the same rows of a run again, for example on another
 * machine, produces the same tokens.
 *
 *     nonce = digits(HMAC-SHA256(key, length of run_id | run_id | row_key))
 *
 * The length is an 8-byte big-endian number. It makes the message unique for each pair of
 * run and row. The first 24 bytes of the MAC are converted to digits like random bytes (see
 * fs_nonce_start): three little-endian 64-bit numbers, the first one modulo 9 * 10^8 - 1
 * plus 10^8, the others modulo 10^9. The probabilities of two values of such a group of
 * nine digits differ by at most one part in 2^34.
 *
 * The prefix that all rows share is hashed once. Rows are hashed in parallel.
 */
#include "internal.h"

#define LENGTH 8
#define GROUP 16

void fs_derive_prepare(fs_derive *derive, const fs_key *key, const uint8_t *run_id, size_t len) {
    uint8_t shared[LENGTH + FS_MAX_ID];
    const size_t total = LENGTH + len, whole = total / FS_BLOCK * FS_BLOCK;

    memset(shared, 0, LENGTH);
    fs_store_be32(shared + LENGTH - 4, (uint32_t)len);
    memcpy(shared + LENGTH, run_id, len);
    derive->hash = key->engine.sha256;
    memcpy(derive->inner, key->sha256_inner, sizeof derive->inner);
    memcpy(derive->outer, key->sha256_outer, sizeof derive->outer);
    derive->hash.compress(derive->inner, shared, whole / FS_BLOCK);
    derive->hashed = FS_BLOCK + whole;
    derive->start_len = total - whole;
    memcpy(derive->start, shared + whole, derive->start_len);
}

void fs_derive_nonces(const fs_derive *derive, const fs_text *row_keys, size_t count,
                      fs_nonce *nonces) {
    uint8_t text[GROUP][FS_BLOCK + FS_MAX_ID + 72], mac[FS_STATE_WORDS * 4];
    const uint8_t *messages[GROUP];
    size_t blocks[GROUP], n;
    fs_state digests[GROUP];

    for (; count; row_keys += n, nonces += n, count -= n) {
        n = count < GROUP ? count : GROUP;
        for (size_t i = 0; i < n; i++) {
            const size_t len = derive->start_len + row_keys[i].len;
            memcpy(text[i], derive->start, derive->start_len);
            if (row_keys[i].len) /* skipped rows have no key */
                memcpy(text[i] + derive->start_len, row_keys[i].data, row_keys[i].len);
            messages[i] = text[i];
            blocks[i] = fs_pad(text[i], len, derive->hashed + len);
        }
        fs_mac_mixed(&derive->hash, derive->inner, derive->outer, messages, blocks, digests, n);
        for (size_t i = 0; i < n; i++) {
            for (int j = 0; j < FS_STATE_WORDS; j++) fs_store_be32(mac + 4 * j, digests[i][j]);
            fs_nonce_start(&nonces[i], mac);
            FS_PUBLIC(&nonces[i], sizeof nonces[i]); /* the token contains it */
        }
    }
}

int fs_find_repeated(const fs_nonce *nonces, size_t count, uint8_t *skip, size_t *table,
                     size_t room) {
    int found = 0;

    /* The hash table needs no hash function: without the key, nonces are indistinguishable
     * from random digits, so collisions cannot be constructed. */
    for (size_t i = 0; i < count; i++) {
        const uint64_t *limb = nonces[i].limb;
        size_t at = (size_t)(limb[1] << 30 ^ limb[2]) & (room - 1);
        if (skip[i]) continue;
        while (table[at] && memcmp(nonces[table[at] - 1].limb, limb, sizeof nonces->limb))
            at = (at + 1) & (room - 1);
        if (table[at])
            skip[i] = 2, found = 1;
        else
            table[at] = i + 1;
    }
    return found;
}
