/* Select the backends of an engine. Each backend is tested before it is used. */
#include "internal.h"

static const fs_hash_backend *const sha1_backends[] = {
#if FS_X86
    &fs_sha1_avx512,
    &fs_sha1_ni,
    &fs_sha1_avx2,
#endif
#if FS_ARM
    &fs_sha1_armv8,
#endif
    &fs_sha1_portable,
};

static const fs_hash_backend *const sha256_backends[] = {
#if FS_X86
    &fs_sha256_avx512,
    &fs_sha256_ni,
    &fs_sha256_avx2,
#endif
#if FS_ARM
    &fs_sha256_armv8,
#endif
    &fs_sha256_portable,
};

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MAX_BACKENDS 8

static struct result {
    const fs_hash_backend *backend;
    int state;
} results[2 * MAX_BACKENDS];
static size_t result_count;

/* Return 1 if a backend computes the same MACs as the portable one, for messages of several
 * lengths. There are more messages than any backend has lanes. */
static int matches_portable(const fs_hash_backend *backend, const fs_hash_backend *plain,
                         const uint32_t *initial) {
    enum { MESSAGES = 37 };
    static uint8_t text[MESSAGES + 3 * FS_BLOCK];
    const uint8_t *tails[MESSAGES];
    uint32_t inner[FS_STATE_WORDS], outer[FS_STATE_WORDS];
    uint32_t got[MESSAGES][FS_STATE_WORDS], want[MESSAGES][FS_STATE_WORDS];

    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 251 + i / 7);
    memcpy(inner, initial, sizeof inner);
    plain->compress(inner, text + 5, 1);
    memcpy(outer, initial, sizeof outer);
    plain->compress(outer, text + 9, 1);
    for (size_t i = 0; i < MESSAGES; i++) tails[i] = text + i;

    if (backend->compress) {
        memcpy(got[0], initial, sizeof got[0]);
        memcpy(want[0], initial, sizeof want[0]);
        backend->compress(got[0], text, 3);
        plain->compress(want[0], text, 3);
        if (memcmp(got[0], want[0], sizeof got[0])) return 0;
    }
    for (size_t blocks = 1; blocks <= 3; blocks++) {
        memset(got, 0, sizeof got);
        memset(want, 0, sizeof want);
        backend->mac_many(inner, outer, tails, blocks, got, MESSAGES);
        plain->mac_many(inner, outer, tails, blocks, want, MESSAGES);
        size_t words = initial == fs_sha1_initial ? 5 : 8;
        for (size_t i = 0; i < MESSAGES; i++)
            if (memcmp(got[i], want[i], words * sizeof **got)) return 0;
        backend->mac_many(initial, NULL, tails, blocks, got, MESSAGES);
        plain->mac_many(initial, NULL, tails, blocks, want, MESSAGES);
        for (size_t i = 0; i < MESSAGES; i++)
            if (memcmp(got[i], want[i], words * sizeof **got)) return 0;
    }
    return 1;
}

/* Test the portable backend with "abc", an example of FIPS 180. */
static int hashes_abc(const fs_hash_backend *backend, const uint32_t *initial, uint32_t first_word) {
    uint8_t block[FS_BLOCK + 8] = "abc";
    uint32_t state[FS_STATE_WORDS];
    memcpy(state, initial, sizeof state);
    fs_pad(block, 3, 3);
    backend->compress(state, block, 1);
    return state[0] == first_word;
}

static void check(const fs_hash_backend *const *backends, size_t count, const uint32_t *initial,
                  uint32_t abc) {
    const fs_hash_backend *plain = backends[count - 1];
    unsigned cpu = fs_cpu_features();

    for (size_t i = 0; i < count; i++) {
        int state = 0;
        if ((backends[i]->needs & cpu) == backends[i]->needs)
            state = (backends[i] == plain ? hashes_abc(plain, initial, abc)
                                      : matches_portable(backends[i], plain, initial))
                        ? 1
                        : -1;
        results[result_count++] = (struct result){backends[i], state};
    }
}

void fs_init(void) {
    if (result_count) return;
    fs_codecs_init();
    check(sha1_backends, COUNT(sha1_backends), fs_sha1_initial, 0xa9993e36);
    check(sha256_backends, COUNT(sha256_backends), fs_sha256_initial, 0xba7816bf);
}

const uint32_t *fs_initial(int hash) { return hash == 1 ? fs_sha1_initial : fs_sha256_initial; }

const fs_hash_backend *fs_backend(int hash, size_t i) {
    if (hash == 1) return i < COUNT(sha1_backends) ? sha1_backends[i] : NULL;
    return i < COUNT(sha256_backends) ? sha256_backends[i] : NULL;
}

int fs_backend_state(const fs_hash_backend *backend) {
    for (size_t i = 0; i < result_count; i++)
        if (results[i].backend == backend) return results[i].state;
    return 0;
}

/* Return the first usable backend of that name, or of any name if NULL. `single` requires a
 * backend that can hash a single message. */
static const fs_hash_backend *find(int hash, const char *name, int single) {
    for (size_t i = 0; fs_backend(hash, i); i++) {
        const fs_hash_backend *backend = fs_backend(hash, i);
        if (fs_backend_state(backend) == 1 && (!name || !strcmp(backend->name, name)) &&
            (!single || backend->compress))
            return backend;
    }
    return NULL;
}

static int select_hash(fs_hash *chosen, int hash, const char *name) {
    const fs_hash_backend *many = find(hash, name, 0), *one;
    if (!many) return -1;
    /* For single messages, replace a backend that only hashes in parallel by the best
     * one. */
    one = many->compress ? many : find(hash, NULL, 1);
    if (!one) return -1;
    *chosen = (fs_hash){
        .compress = one->compress,
        .mac_few = one->mac_many,
        .mac_many = many->mac_many,
        /* If most lanes would be empty, hashing one message at a time is faster. */
        .few = many->lanes / 4,
        .one_name = one->name,
        .many_name = many->name,
        .lanes = many->lanes,
    };
    return 0;
}

int fs_engine_select(fs_engine *engine, const char *name) {
    fs_engine chosen;
    if (name && !*name) name = NULL;
    if (select_hash(&chosen.sha1, 1, name) || select_hash(&chosen.sha256, 256, name)) return -1;
    chosen.codec = fs_codec_select(name);
    *engine = chosen;
    return 0;
}
