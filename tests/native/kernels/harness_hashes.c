/* The harness: hashes and HMACs of every backend. See harness.c. */
#include "harness.h"

static size_t digest_words(int hash) { return hash == 1 ? 5 : 8; }

/* Return the usable backend of that name, or NULL. */
static const fs_hash_backend *read_row(int hash, const char *name) {
    const fs_hash_backend *row;
    for (size_t i = 0; (row = fs_backend(hash, i)); i++)
        if (!strcmp(row->name, name) && fs_backend_state(row) == 1) return row;
    return NULL;
}

static void put_digest(const uint32_t *state, int hash) {
    show(state, 4 * digest_words(hash));
    for (size_t j = 0; j < digest_words(hash); j++) printf("%08lx", (unsigned long)state[j]);
}

const char *do_rows(char **fields, size_t count) {
    static const int hashes[] = {1, 256};
    const fs_hash_backend *row;
    const char *space = "";

    (void)fields, (void)count;
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; (row = fs_backend(hashes[h], i)); i++, space = " ")
            printf("%s%d:%s:%d:%u:%d", space, hashes[h], row->name, fs_backend_state(row),
                   row->lanes, row->compress != NULL);
    return NULL;
}

/* Hash messages of one length in parallel, starting from `inner`, which includes `before`
 * bytes. Computes HMACs if `outer` is not NULL. */
static void hash_many(const fs_hash_backend *row, const uint32_t *inner, const uint32_t *outer,
                      uint64_t before, const bytes *messages, size_t count,
                      fs_state *digests) {
    const uint8_t **tails = or_die(calloc(count, sizeof *tails));
    size_t len = messages[0].len, blocks = (len + 9 + FS_BLOCK - 1) / FS_BLOCK;

    for (size_t i = 0; i < count; i++) {
        uint8_t *tail = take(blocks * FS_BLOCK);
        if (len) memcpy(tail, messages[i].at, len);
        fs_pad(tail, len, before + len);
        tails[i] = tail;
    }
    row->mac_many(inner, outer, tails, blocks, digests, count);
    free((void *)tails);
}

/* Read the messages and print the digests, for "hash" and "macs". */
static const char *answer_many(int hash, const fs_hash_backend *row, const uint32_t *inner,
                               const uint32_t *outer, uint64_t before, char **fields,
                               size_t count) {
    bytes *messages = or_die(calloc(count, sizeof *messages));
    fs_state *digests = or_die(malloc(count * sizeof *digests));
    const char *wrong = NULL;

    for (size_t i = 0; i < count && !wrong; i++) {
        if (read_bytes(fields[i], &messages[i]))
            wrong = no_hex;
        else if (messages[i].len != messages[0].len)
            wrong = no_length;
    }
    if (!wrong) {
        hash_many(row, inner, outer, before, messages, count, digests);
        for (size_t i = 0; i < count; i++) {
            if (i) putchar(' ');
            put_digest(digests[i], hash);
        }
    }
    free(digests);
    free(messages);
    return wrong;
}

const char *do_stranger(char **fields, size_t count) {
    static const fs_hash_backend stranger = {.name = "stranger"};

    (void)fields, (void)count;
    printf("%d", fs_backend_state(&stranger));
    return NULL;
}

const char *do_hash(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    const fs_hash_backend *row;

    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    return answer_many(hash, row, fs_initial(hash), NULL, 0, fields + 2, count - 2);
}

const char *do_macs(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    const fs_hash_backend *row;
    const char *wrong;
    fs_engine engine;
    fs_key key;
    bytes secret;

    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    if (read_secret(fields[2], &secret)) return no_hex;
    if (read_engine("portable", &engine)) return no_row;
    fs_key_init(&key, &engine, secret.at, secret.len);
    wrong = answer_many(hash, row, hash == 1 ? key.sha1_inner : key.sha256_inner,
                        hash == 1 ? key.sha1_outer : key.sha256_outer, FS_BLOCK, fields + 3,
                        count - 3);
    fs_key_wipe(&key);
    return wrong;
}

/* Compute the digest of the last three digests, a thousand times. */
const char *do_monte(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    const size_t words = digest_words(hash), len = 4 * words;
    const fs_hash_backend *row;
    bytes seed, message;
    fs_state digest;

    (void)count;
    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    if (read_bytes(fields[2], &seed)) return no_hex;
    if (seed.len != len) return "the seed is not a digest";
    message = (bytes){take(3 * len), 3 * len};
    for (size_t i = 0; i < 3; i++) memcpy(message.at + i * len, seed.at, len);
    for (int i = 0; i < 1000; i++) {
        hash_many(row, fs_initial(hash), NULL, 0, &message, 1, &digest);
        memmove(message.at, message.at + len, 2 * len);
        for (size_t j = 0; j < words; j++)
            for (size_t b = 0; b < 4; b++)
                message.at[2 * len + 4 * j + b] = (uint8_t)(digest[j] >> (24 - 8 * b));
    }
    put_digest(digest, hash);
    return NULL;
}

const char *do_digest(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    size_t whole, rest;
    const fs_hash_backend *row;
    uint32_t *state;
    uint8_t *tail;
    bytes message;

    (void)count;
    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    if (!row->compress) return "that row hashes many only";
    if (read_bytes(fields[2], &message)) return no_hex;
    state = or_die(malloc(sizeof(fs_state)));
    memcpy(state, fs_initial(hash), sizeof(fs_state));
    whole = message.len / FS_BLOCK * FS_BLOCK, rest = message.len - whole;
    row->compress(state, message.at, whole / FS_BLOCK);
    tail = take(rest + 72);
    if (rest) memcpy(tail, message.at + whole, rest);
    row->compress(state, tail, fs_pad(tail, rest, message.len));
    put_digest(state, hash);
    free(state);
    return NULL;
}

const char *do_hmac(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    fs_engine engine;
    fs_key key;
    bytes secret, message;
    uint8_t *mac;

    (void)count;
    if (!hash) return no_hash;
    if (read_engine(fields[1], &engine)) return no_row;
    if (read_secret(fields[2], &secret) || read_bytes(fields[3], &message)) return no_hex;
    mac = take(4 * digest_words(hash));
    fs_key_init(&key, &engine, secret.at, secret.len);
    if (hash == 1)
        fs_hmac_sha1(&key, message.at, message.len, mac);
    else
        fs_hmac_sha256(&key, message.at, message.len, mac);
    fs_key_wipe(&key);
    show(mac, 4 * digest_words(hash));
    put_bytes(mac, 4 * digest_words(hash));
    return NULL;
}

