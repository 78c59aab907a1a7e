/* Parse T1 tokens: "T1==" base64("partner_id=KEY&sig=HEX:name=value&..."). Read verify.c
 * first. */
#include "tokens/verify.h"

#define SIG_DIGITS 40

/* Return 1 if a text mixes the two base64 alphabets, which encoders never do. */
static int is_mixed(const uint8_t *text, size_t len) {
    return (memchr(text, '-', len) || memchr(text, '_', len)) &&
           (memchr(text, '+', len) || memchr(text, '/', len));
}

/* Decode base64 with padding, in either alphabet. Returns the number of bytes, or 0 if the
 * text is invalid. */
static size_t decode(const fs_codec *codec, uint8_t *raw, const uint8_t *text, size_t len) {
    if (len < 4 || len % 4 || is_mixed(text, len)) return 0;
    len -= text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    return fs_base64_raw(codec, raw, text, len);
}

/* Parse eight lower-case hex digits in parallel. Returns 0 if they are valid. The value of
 * a digit is computed from its lowest four bits and the bit that marks letters. The digit
 * is valid if its value is below 16 and converts back to the same digit. */
static uint64_t read_hex(const uint8_t *digits, uint32_t *value) {
    const uint64_t each = 0x0101010101010101;
    uint64_t given = (uint64_t)fs_load_be32(digits) << 32 | fs_load_be32(digits + 4);
    uint64_t v = (given & 0x0f * each) + 9 * (given >> 6 & each);
    uint64_t above9 = (v + 6 * each) >> 4 & each;
    uint64_t bad = (v + 0x30 * each + 39 * above9) ^ given;

    bad |= v & 0x10 * each; /* "g" to "o" */
    v = (v | v >> 4) & 0x00ff00ff00ff00ff;
    v = (v | v >> 8) & 0x0000ffff0000ffff;
    *value = (uint32_t)(v | v >> 16);
    return bad;
}

/* Return the length of the head of a T1 token with any API key, up to and including the
 * first colon; 0 if it is invalid. */
static size_t any_head(const uint8_t *raw, size_t len) {
    static const char first[] = "partner_id=", last[] = "&sig=";
    const uint8_t *colon = memchr(raw, ':', len), *key = raw + sizeof first - 1, *sig;
    uint64_t bad = 0;
    uint32_t value;

    if (!colon || (size_t)(colon - raw) < sizeof first + sizeof last - 1 + SIG_DIGITS) return 0;
    sig = colon - SIG_DIGITS - (sizeof last - 1);
    if (memcmp(raw, first, sizeof first - 1) || memcmp(sig, last, sizeof last - 1)) return 0;
    for (int w = 0; w < 5; w++) bad |= read_hex(colon - SIG_DIGITS + 8 * w, &value);
    return bad || memchr(key, '&', (size_t)(sig - key)) ? 0 : (size_t)(colon - raw) + 1;
}

int fs_parse_t1(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                     struct fs_candidate *candidate) {
    size_t raw_len, before = verifier->head_len + SIG_DIGITS + 1;
    uint64_t bad = 0;

    if (!verifier->key && !verifier->decode_only) return FS_UNDECIDED; /* RS256 is for JWTs */
    if (memcmp(token->data, "T1==", 4)) return FS_UNDECIDED;
    raw_len = decode(verifier->codec, at, token->data + 4, token->len - 4);
    if (verifier->decode_only) {
        before = any_head(at, raw_len);
        candidate->claims = at + before;
        candidate->claims_len = raw_len - before;
        return before ? FS_VALID : FS_UNDECIDED;
    }
    if (raw_len < verifier->head_len || memcmp(at, verifier->head, verifier->head_len))
        return any_head(at, raw_len) ? FS_WRONG_KEY : FS_UNDECIDED;
    if (raw_len <= before || at[before - 1] != ':') return FS_UNDECIDED;
    for (int w = 0; w < 5; w++) bad |= read_hex(at + verifier->head_len + 8 * w, candidate->mac + w);
    if (bad) return FS_UNDECIDED;
    /* The signed bytes are the claims. */
    candidate->message = candidate->claims = at + before;
    candidate->claims_len = raw_len - before;
    candidate->blocks = fs_pad(at + before, candidate->claims_len, FS_BLOCK + candidate->claims_len);
    return FS_VALID;
}

/* Decode one byte of a form value: a character or %XX. Returns -1 at the end and for an
 * invalid %XX. */
FS_INLINE int next_byte(const uint8_t **at, const uint8_t *end) {
    uint8_t a, b;
    if (*at == end) return -1;
    if (**at != '%') return *(*at)++;
    if (end - *at < 3) return -1;
    a = fs_hex_value[(*at)[1]];
    b = fs_hex_value[(*at)[2]];
    *at += 3;
    return (a | b) > 15 ? -1 : a << 4 | b;
}

/* Return 1 if a form value is valid: every %XX is complete, and the decoded bytes are
 * UTF-8. */
static int is_text(const fs_codec *codec, const uint8_t *value, size_t len) {
    const uint8_t *at = value + (codec ? codec->plain(value, len) : 0), *end = value + len;

    while (at < end) {
        int c = next_byte(&at, end), more, low, high;
        if (c < 0) return 0;
        if (c < 0x80) continue;
        if (c < 0xc2 || c > 0xf4) return 0;
        more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;  /* no overlong form */
        high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; /* no surrogate, at most U+10FFFF */
        for (; more; more--, low = 0x80, high = 0xbf) {
            c = next_byte(&at, end);
            if (c < low || c > high) return 0;
        }
    }
    return 1;
}

#define IS(name) (name_len == sizeof name - 1 && !memcmp(field, name, sizeof name - 1))

/* Read a claim of the table. Returns 0 if it needs slow-path validation. */
FS_INLINE int read_claim(const fs_codec *codec, int type, const uint8_t *value, size_t len,
                         struct fs_token_claims *claims) {
    switch (type) {
    case FS_TYPE_SECONDS:
        claims->has_expiry = 1;
        return fs_seconds(value, len, &claims->expires);
    case FS_TYPE_ROLE: return fs_role_of(value, len) >= 0;
    case FS_TYPE_ID:
        claims->session = value;
        claims->session_len = len;
    }
    return is_text(codec, value, len);
}

int fs_read_t1(const fs_codec *codec, const uint8_t *text, size_t len,
               struct fs_token_claims *claims) {
    enum { CREATE_TIME = FS_CLAIM_COUNT, NONCE, SCOPE };
    const uint8_t *field = text, *end = text + len;
    unsigned seen = 0;

    for (;;) {
        const uint8_t *stop = memchr(field, '&', (size_t)(end - field)), *value;
        size_t name_len, value_len;
        int name, valid;
        if (!stop) stop = end;
        value = memchr(field, '=', (size_t)(stop - field));
        if (!value) return 0;
        name_len = (size_t)(value++ - field);
        value_len = (size_t)(stop - value);

        if (IS("create_time")) {
            name = CREATE_TIME;
            valid = fs_seconds(value, value_len, &claims->created);
        } else if (IS("nonce")) {
            name = NONCE;
            valid = is_text(codec, value, value_len);
        } else if (IS("scope")) {
            name = SCOPE;
            valid = value_len == sizeof FS_SCOPE - 1 && !memcmp(value, FS_SCOPE, value_len);
#define CLAIM(claim, type, argument, t1, jwt)                                   \
        } else if (IS(t1)) {                                                    \
            name = FS_##claim;                                                  \
            valid = read_claim(codec, FS_TYPE_##type, value, value_len, claims);
        FS_CLAIMS(CLAIM)
#undef CLAIM
        } else {
            return 0;
        }
        if (!valid || seen >> name & 1) return 0;
        seen |= 1u << name;
        if (stop == end) break;
        field = stop + 1;
    }
    return seen >> FS_SESSION_ID & seen >> CREATE_TIME & 1;
}
