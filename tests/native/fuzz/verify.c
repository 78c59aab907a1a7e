/* Verification: the first byte says what the rest is.
 *
 *     0  a token
 *     1  what a T1 token says, which is signed here
 *     2  the payload of a JWT, which is signed here
 *
 * All engines find the same; nothing is written but the answers. */
#include "fuzz.h"

static const uint8_t secret[] = "example0secret", key_text[] = "40000123",
                     head[] = "partner_id=40000123&sig=",
                     jwt_head[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.";
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
    fs_base64(token + 4, raw, raw_len);
    *token_len = 4 + fs_base64_length(raw_len);
    give_back(raw, raw_len);
    return token;
}

static uint8_t *jwt_of(const fs_key *key, const uint8_t *said, size_t len, size_t *token_len) {
    const size_t payload = (4 * len + 2) / 3, signed_len = LEN(jwt_head) + payload;
    uint8_t *roomy = room(signed_len + 1 + 43 + 2), *token, mac[32];

    memcpy(roomy, jwt_head, LEN(jwt_head));
    fs_base64url(roomy + LEN(jwt_head), said, len);
    fs_hmac_sha256(key, roomy, signed_len, mac);
    roomy[signed_len] = '.';
    fs_base64url(roomy + signed_len + 1, mac, sizeof mac);
    *token_len = signed_len + 1 + 43;
    token = copy(roomy, *token_len);
    give_back(roomy, *token_len + 2);
    return token;
}

static uint8_t *token_of(const fs_key *key, const uint8_t *data, size_t size, size_t *len) {
    if (*data == 1) return t1_of(key, data + 1, size - 1, len);
    if (*data == 2) return jwt_of(key, data + 1, size - 1, len);
    *len = size - 1;
    return copy(data + 1, *len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fs_engine found;
    fs_key key;
    uint8_t *token, first = 0;
    size_t len;

    if (!size || *data > 2) return 0;
    engine(0, &found);
    fs_key_init(&key, &found, secret, LEN(secret));
    token = token_of(&key, data, size, &len);
    for (size_t i = 0; engine(i, &found); i++) {
        /* Twice at once, since those of one length are hashed side by side. */
        fs_text tokens[2] = {{token, len}, {token, len}};
        uint8_t *verdicts = room(2);
        int64_t times[2] = {0, 0};
        const fs_text jwt_heads[] = {{jwt_head, LEN(jwt_head)}};
        fs_verifier verifier = {.key = &key,
                                .jwt_heads = jwt_heads,
                                .jwt_heads_count = 1,
                                .head = head,
                                .head_len = LEN(head),
                                .api_key = key_text,
                                .key_len = LEN(key_text),
                                .now = 1700000200,
                                .tokens = tokens,
                                .verdicts = verdicts,
                                .times = times};
        fs_key_init(&key, &found, secret, LEN(secret));
        fs_verify(&verifier, 0, 2);
        if (!i) first = verdicts[0];
        MUST(verdicts[0] <= FS_EXPIRED && verdicts[0] == verdicts[1] && verdicts[0] == first);
        MUST(times[0] == times[1]);
        MUST((times[0] != 0) <= (verdicts[0] == FS_EARLY || verdicts[0] == FS_EXPIRED));
        give_back(verdicts, 2);
    }
    give_back(token, len);
    return 0;
}
