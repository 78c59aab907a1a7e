/* Fuzz verification. The first byte is the type of the rest:
 *
 *     0  a token
 *     1  the claims of a T1 token, which is signed here
 *     2  the payload of a JWT, which is signed here
 *     3  the payload of a JWT with an invalid RS256 signature
 *
 * Each token is verified with a secret, verified with an RSA key, and decoded. All engines
 * must return the same result and write only to the results and times. */
#include "fuzz.h"

static const uint8_t secret[] = "example0secret", key_text[] = "40000123",
                     head[] = "partner_id=40000123&sig=",
                     jwt_head[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
                     rs256_head[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.";
#define LEN(text) (sizeof text - 1)

static uint8_t *t1_of(const fs_key *key, const uint8_t *said, size_t len, size_t *token_len) {
    static const char digits[] = "0123456789abcdef";
    const size_t before = LEN(head) + 41, raw_len = before + len;
    uint8_t *raw = room(raw_len), *token = room(4 + fs_base64_length(raw_len)), mac[20];

    fs_hmac_sha1(key, said, len, mac);
    memcpy(raw, head, LEN(head));
    for (size_t i = 0; i < 40; i++)
        raw[LEN(head) + i] = (uint8_t)digits[mac[i / 2] >> (i % 2 ? 0 : 4) & 15];
    raw[before - 1] = ':';
    if (len) memcpy(raw + before, said, len);
    memcpy(token, "T1==", 4);
    fs_base64(key->engine.codec, token + 4, raw, raw_len);
    *token_len = 4 + fs_base64_length(raw_len);
    release(raw, raw_len);
    return token;
}

static uint8_t *jwt_of(const fs_key *key, const uint8_t *said, size_t len, size_t *token_len) {
    const size_t payload = (4 * len + 2) / 3, signed_len = LEN(jwt_head) + payload;
    uint8_t *roomy = room(signed_len + 1 + 43 + 2), *token, mac[32];

    memcpy(roomy, jwt_head, LEN(jwt_head));
    fs_base64url(key->engine.codec, roomy + LEN(jwt_head), said, len);
    fs_hmac_sha256(key, roomy, signed_len, mac);
    roomy[signed_len] = '.';
    fs_base64url(key->engine.codec, roomy + signed_len + 1, mac, sizeof mac);
    *token_len = signed_len + 1 + 43;
    token = copy(roomy, *token_len);
    release(roomy, *token_len + 2);
    return token;
}

static uint8_t *rs256_of(const uint8_t *said, size_t len, size_t *token_len) {
    const size_t payload = (4 * len + 2) / 3, signed_len = LEN(rs256_head) + payload;
    uint8_t *roomy = room(signed_len + 1 + 342 + 2), *token;

    memcpy(roomy, rs256_head, LEN(rs256_head));
    fs_base64url(NULL, roomy + LEN(rs256_head), said, len);
    roomy[signed_len] = '.';
    memset(roomy + signed_len + 1, 'A', 342); /* 256 zeros */
    *token_len = signed_len + 1 + 342;
    token = copy(roomy, *token_len);
    release(roomy, *token_len + 2);
    return token;
}

static uint8_t *token_of(const fs_key *key, const uint8_t *data, size_t size, size_t *len) {
    if (*data == 1) return t1_of(key, data + 1, size - 1, len);
    if (*data == 2) return jwt_of(key, data + 1, size - 1, len);
    if (*data == 3) return rs256_of(data + 1, size - 1, len);
    *len = size - 1;
    return copy(data + 1, *len);
}

/* Verify two copies of a token, because tokens of the same length are hashed in
 * parallel. */
static uint8_t verdict_on(fs_verifier verifier, const uint8_t *token, size_t len) {
    static const fs_text jwt_heads[] = {{jwt_head, LEN(jwt_head)}, {rs256_head, LEN(rs256_head)}};
    fs_text tokens[2] = {{token, len}, {token, len}};
    uint8_t *results = room(2), result;
    int64_t times[2] = {0, 0};

    verifier.jwt_heads = verifier.key || verifier.decode_only ? jwt_heads : jwt_heads + 1;
    verifier.jwt_heads_count = verifier.decode_only ? 2 : 1;
    verifier.hs256_heads_count = verifier.key || verifier.decode_only ? 1 : 0;
    verifier.now = verifier.decode_only ? (uint64_t)1 << 62 : 1700000200;
    verifier.tokens = tokens;
    verifier.results = results;
    verifier.times = times;
    fs_verify(&verifier, 0, 2);
    result = results[0];
    MUST(result <= FS_EXPIRED && results[1] == result);
    MUST(times[0] == times[1]);
    MUST((times[0] != 0) <= (result == FS_NOT_YET_VALID || result == FS_EXPIRED));
    release(results, 2);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fs_engine found, found_first;
    fs_key key;
    uint8_t modulus[256], square[256];
    fs_rsa rsa = {.size = sizeof modulus, .words = sizeof modulus / 8, .modulus = modulus,
                  .square = square, .exponent = (const uint8_t *)"\3", .exponent_len = 1};
    uint8_t *token, first = 0, read;
    size_t len;

    if (!size || *data > 3) return 0;
    engine(0, &found);
    found_first = found;
    fs_key_init(&key, &found, secret, LEN(secret));
    token = token_of(&key, data, size, &len);
    for (size_t i = 0; engine(i, &found); i++) {
        fs_verifier verifier = {.head = head, .head_len = LEN(head), .key = &key,
                                .codec = found.codec};
        uint8_t result;

        verifier.api_key = key_text, verifier.key_len = LEN(key_text);
        fs_key_init(&key, &found, secret, LEN(secret));
        result = verdict_on(verifier, token, len);
        if (!i) first = result;
        MUST(result == first);
    }
    read = verdict_on((fs_verifier){.decode_only = 1}, token, len);
    MUST(read <= FS_VALID);
    MUST(read == FS_VALID || (first != FS_VALID && first != FS_NOT_YET_VALID && first != FS_EXPIRED));
    /* For any application. No token is signed with the modulus 2**2048 - 1. */
    memset(modulus, 0xff, sizeof modulus);
    memset(square, 0, sizeof square);
    square[sizeof square - 1] = 1;
    rsa.engine = found_first;
    first = verdict_on((fs_verifier){.rsa = &rsa}, token, len);
    MUST(first == FS_BAD_SIGNATURE || first == FS_UNDECIDED || first == FS_MISSING);
    MUST(read == FS_VALID || first != FS_BAD_SIGNATURE);
    release(token, len);
    return 0;
}
