/* T1 tokens, taken apart and read: "T1==" base64("partner_id=KEY&sig=HEX:name=value&...").
 * Read verify.c first. */
#include "verify.h"

#define SIG_DIGITS 40

/* 1 if a text has characters of both alphabets of base64, which no encoder writes. */
static int is_mixed(const uint8_t *text, size_t len) {
    return (memchr(text, '-', len) || memchr(text, '_', len)) &&
           (memchr(text, '+', len) || memchr(text, '/', len));
}

/* Decode base64 with padding, in either alphabet; 0 if anything is not as it should be.
 * Returns the number of bytes. */
static size_t decode(uint8_t *raw, const uint8_t *text, size_t len) {
    size_t padding, end;

    if (len < 4 || len % 4 || is_mixed(text, len)) return 0;
    padding = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    len -= padding ? 4 : 0;
    if (!fs_base64_decode(raw, text, len)) return 0;
    if (!padding) return len / 4 * 3;
    end = fs_base64_end(raw + len / 4 * 3, text + len, 4 - padding);
    return end ? len / 4 * 3 + end : 0;
}

/* Read eight lower-case hex digits, all at once; what is returned is 0 if they are such.
 * A digit's value follows from its lowest bits and from whether it is a letter: it must be
 * below 16 and, made a digit again, be what it was. */
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

/* Whether there is, up to the first colon, what a T1 token of any API key begins with. */
static int is_head(const uint8_t *raw, size_t len) {
    static const char first[] = "partner_id=", last[] = "&sig=";
    const uint8_t *colon = memchr(raw, ':', len), *key = raw + sizeof first - 1, *sig;
    uint64_t bad = 0;
    uint32_t value;

    if (!colon || (size_t)(colon - raw) < sizeof first + sizeof last - 1 + SIG_DIGITS) return 0;
    sig = colon - SIG_DIGITS - (sizeof last - 1);
    if (memcmp(raw, first, sizeof first - 1) || memcmp(sig, last, sizeof last - 1)) return 0;
    for (int w = 0; w < 5; w++) bad |= read_hex(colon - SIG_DIGITS + 8 * w, &value);
    return !bad && !memchr(key, '&', (size_t)(sig - key));
}

int fs_take_apart_t1(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                     struct fs_suspect *suspect) {
    const size_t before = verifier->head_len + SIG_DIGITS + 1;
    size_t raw_len;
    uint64_t bad = 0;

    if (memcmp(token->data, "T1==", 4)) return FS_UNSURE;
    raw_len = decode(at, token->data + 4, token->len - 4);
    if (raw_len < verifier->head_len || memcmp(at, verifier->head, verifier->head_len))
        return is_head(at, raw_len) ? FS_FOREIGN : FS_UNSURE;
    if (raw_len <= before || at[before - 1] != ':') return FS_UNSURE;
    for (int w = 0; w < 5; w++) bad |= read_hex(at + verifier->head_len + 8 * w, suspect->mac + w);
    if (bad) return FS_UNSURE;
    /* What is signed is what it says. */
    suspect->message = suspect->claims = at + before;
    suspect->claims_len = raw_len - before;
    suspect->blocks = fs_pad(at + before, suspect->claims_len, FS_BLOCK + suspect->claims_len);
    return FS_GOOD;
}

/* Whether a form value is well-formed: complete %XX, which make UTF-8. */
static int is_text(const uint8_t *value, size_t len) {
    const fs_text_row *row = fs_text_active();
    struct fs_utf8 state = {0};

    for (size_t i = row ? row->plain(value, len) : 0; i < len; i++) {
        uint8_t c = value[i];
        if (c == '%') {
            uint8_t a, b;
            if (len - i < 3) return 0;
            a = fs_hex_value[value[i + 1]];
            b = fs_hex_value[value[i + 2]];
            if ((a | b) > 15) return 0;
            c = (uint8_t)(a << 4 | b);
            i += 2;
        }
        if (!fs_utf8_takes(&state, c)) return 0;
    }
    return !state.more;
}

#define IS(name) (name_len == sizeof name - 1 && !memcmp(field, name, sizeof name - 1))

int fs_read_t1(const uint8_t *claims, size_t len, struct fs_said *said) {
    const uint8_t *field = claims, *end = claims + len;
    unsigned seen = 0;

    for (;;) {
        const uint8_t *stop = memchr(field, '&', (size_t)(end - field)), *value;
        size_t name_len, value_len;
        unsigned bit;
        if (!stop) stop = end;
        value = memchr(field, '=', (size_t)(stop - field));
        if (!value) return 0;
        name_len = (size_t)(value++ - field);
        value_len = (size_t)(stop - value);

        if (IS("session_id")) {
            bit = 1;
            said->session = value;
            said->session_len = value_len;
        } else if (IS("create_time")) {
            bit = 2;
            if (!fs_seconds(value, value_len, &said->created)) return 0;
        } else if (IS("expire_time")) {
            bit = 4;
            if (!fs_seconds(value, value_len, &said->expires)) return 0;
        } else if (IS("role")) {
            bit = 8;
            if (fs_role_of(value, value_len) < 0) return 0;
        } else if (IS("nonce")) {
            bit = 16;
            if (!is_text(value, value_len)) return 0;
        } else if (IS("connection_data")) {
            bit = 32;
            if (!is_text(value, value_len)) return 0;
        } else if (IS("initial_layout_class_list")) {
            bit = 64;
            if (!is_text(value, value_len)) return 0;
        } else if (IS("scope")) {
            bit = 128;
            if (value_len != sizeof FS_SCOPE - 1 || memcmp(value, FS_SCOPE, value_len)) return 0;
        } else {
            return 0;
        }
        if (seen & bit) return 0;
        seen |= bit;
        if (stop == end) break;
        field = stop + 1;
    }
    said->has_expiry = (seen & 4) != 0;
    return (seen & 3) == 3;
}
