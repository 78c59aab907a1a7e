/* JWTs signed with HS256, taken apart and read. Read verify.c first.
 *
 * Of JSON only what signers write is known here: one object without spaces, whose members
 * are strings and numbers, named without escapes. All else gets a closer look.
 */
#include "verify.h"

#define SIGNATURE 43 /* 32 bytes in base64url */

/* The headers that are expected, in base64url: {"typ":"JWT","alg":"HS256"}, and with its
 * members the other way round. */
static const char *const heads[] = {
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
};
#define HEAD 37

/* Decode base64url without padding; 0 if anything is not as it should be. */
static size_t decode(uint8_t *raw, const uint8_t *text, size_t len) {
    size_t whole = len / 4 * 4, end;

    if (len % 4 == 1 || memchr(text, '+', len) || memchr(text, '/', len)) return 0;
    if (!fs_base64_decode(raw, text, whole)) return 0;
    if (len == whole) return whole / 4 * 3;
    end = fs_base64_end(raw + whole / 4 * 3, text + whole, len - whole);
    return end ? whole / 4 * 3 + end : 0;
}

int fs_take_apart_jwt(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct fs_suspect *suspect) {
    uint8_t mac[SIGNATURE], *claims;
    size_t signed_len;

    (void)verifier; /* whose it is, it says itself */
    if (token->len < HEAD + 2 + 1 + SIGNATURE) return FS_UNSURE;
    signed_len = token->len - 1 - SIGNATURE;
    if (token->data[signed_len] != '.') return FS_UNSURE;
    /* Read once, since others may write to it: what it says is what was signed. */
    memcpy(at, token->data, signed_len);
    if (memcmp(at, heads[0], HEAD) && memcmp(at, heads[1], HEAD)) return FS_UNSURE;
    if (decode(mac, token->data + signed_len + 1, SIGNATURE) != 32) return FS_UNSURE;
    for (int w = 0; w < 8; w++) suspect->mac[w] = fs_load_be32(mac + 4 * w);

    suspect->message = at;
    suspect->blocks = fs_pad(at, signed_len, FS_BLOCK + signed_len);
    suspect->claims = claims = at + suspect->blocks * FS_BLOCK;
    /* A dot in the payload is no base64. */
    suspect->claims_len = decode(claims, at + HEAD, signed_len - HEAD);
    return suspect->claims_len ? FS_GOOD : FS_UNSURE;
}

/* An escape that could be half of a surrogate pair is not as expected. */
int fs_is_json_text(const uint8_t *value, size_t len) {
    struct fs_utf8 state = {0};

    for (size_t i = 0; i < len; i++) {
        if (value[i] < 0x20) return 0;
        if (value[i] == '\\') {
            uint8_t a, b;
            if (state.more || ++i == len) return 0;
            if (value[i] == 'u') {
                if (len - i < 5) return 0;
                a = fs_hex_value[value[i + 1]];
                b = fs_hex_value[value[i + 2]];
                if ((a | b | fs_hex_value[value[i + 3]] | fs_hex_value[value[i + 4]]) > 15)
                    return 0;
                if (a == 13 && b >= 8) return 0;
                i += 4;
            } else if (!value[i] || !strchr("\"\\/bfnrt", value[i])) {
                return 0;
            }
        } else if (!fs_utf8_takes(&state, value[i])) {
            return 0;
        }
    }
    return !state.more;
}

/* Whether this is a whole or a decimal number as JSON writes them, without an exponent,
 * and not too long for any reader. */
static int is_number(const uint8_t *value, size_t len) {
    size_t i = 0, start;

    if (len > 40) return 0;
    if (i < len && value[i] == '-') i++;
    start = i;
    while (i < len && value[i] >= '0' && value[i] <= '9') i++;
    if (i == start || (value[start] == '0' && i - start > 1)) return 0;
    if (i == len) return 1;
    if (value[i++] != '.') return 0;
    start = i;
    while (i < len && value[i] >= '0' && value[i] <= '9') i++;
    return i == len && i > start;
}

/* The end of the value that begins here: of a string, its closing quote. NULL if there is
 * none. */
static const uint8_t *value_end(const uint8_t *value, const uint8_t *end) {
    if (*value == '"') {
        for (const uint8_t *at = value + 1; at < end; at++) {
            if (*at == '"') return at;
            if (*at == '\\') at++;
        }
        return NULL;
    }
    while (value < end && *value != ',' && *value != '}') value++;
    return value < end ? value : NULL;
}

#define IS(text, len, words) (len == sizeof words - 1 && !memcmp(text, words, sizeof words - 1))
#define NAMED(words) IS(name, name_len, words)

int fs_read_jwt(const fs_verifier *verifier, const uint8_t *claims, size_t len,
                struct fs_said *said) {
    const uint8_t *at = claims, *end = claims + len;
    unsigned seen = 0;

    if (len < 2 || *at++ != '{') return 0;
    for (;;) {
        const uint8_t *name, *value, *stop;
        size_t name_len, value_len;
        unsigned bit;
        int text;

        if (end - at < 4 || *at++ != '"') return 0;
        name = at;
        at = memchr(at, '"', (size_t)(end - at));
        if (!at || end - at < 3 || at[1] != ':') return 0;
        name_len = (size_t)(at - name);
        value = at + 2;
        text = *value == '"';
        stop = value_end(value, end);
        if (!stop) return 0;
        if (text) value++;
        value_len = (size_t)(stop - value);
        at = text ? stop + 1 : stop;

        if (NAMED("session_id")) {
            bit = 1;
            said->session = value; /* whether it is text is seen later */
            said->session_len = value_len;
            if (!text) return 0;
        } else if (NAMED("iat")) {
            bit = 2;
            if (text || !is_number(value, value_len) ||
                !fs_seconds(value, value_len, &said->created))
                return 0;
        } else if (NAMED("exp")) {
            bit = 4;
            if (text || !is_number(value, value_len) ||
                !fs_seconds(value, value_len, &said->expires))
                return 0;
        } else if (NAMED("role")) {
            bit = 8;
            if (!text || fs_role_of(value, value_len) < 0) return 0;
        } else if (NAMED("iss")) {
            bit = 16;
            if (!text || !fs_is_json_text(value, value_len)) return 0;
            if (memchr(value, '\\', value_len)) return 0;
            said->foreign = value_len != verifier->key_len ||
                            memcmp(value, verifier->api_key, value_len);
        } else if (NAMED("ist")) {
            bit = 32;
            if (!text || !IS(value, value_len, "project")) return 0;
        } else if (NAMED("scope")) {
            bit = 64;
            if (!text || !IS(value, value_len, "session.connect")) return 0;
        } else if (NAMED("connection_data")) {
            bit = 128;
            if (!text || !fs_is_json_text(value, value_len)) return 0;
        } else if (NAMED("initial_layout_class_list")) {
            bit = 256;
            if (!text || !fs_is_json_text(value, value_len)) return 0;
        } else if (NAMED("jti")) {
            bit = 512;
            if (!text || !fs_is_json_text(value, value_len)) return 0;
        } else if (NAMED("nonce")) {
            bit = 1024;
            if (text ? !fs_is_json_text(value, value_len) : !is_number(value, value_len)) return 0;
        } else {
            return 0;
        }
        if (seen & bit) return 0;
        seen |= bit;
        if (at == end) return 0;
        if (*at == '}') break;
        if (*at++ != ',') return 0;
    }
    said->has_expiry = (seen & 4) != 0;
    return at + 1 == end && (seen & 19) == 19;
}
