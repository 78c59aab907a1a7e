/* Write the claims of a row: claim by claim, in the order of FS_CLAIMS. */
#include "internal.h"

#define CLAIM(claim, type, argument, t1, jwt) {FS_TYPE_##type, #type, argument, t1, jwt},
const fs_claim fs_claims[FS_CLAIM_COUNT] = {FS_CLAIMS(CLAIM)};
#undef CLAIM

static const fs_text roles[] = {
    {(const uint8_t *)"subscriber", 10},
    {(const uint8_t *)"publisher", 9},
    {(const uint8_t *)"publisheronly", 13},
    {(const uint8_t *)"moderator", 9},
};

int fs_role_of(const uint8_t *name, size_t len) {
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (len == roles[i].len && !memcmp(name, roles[i].data, len)) return (int)i;
    return -1;
}

FS_INLINE size_t decimal_length(uint64_t v) {
    size_t digits = 1;
    while (v >= 10) v /= 10, digits++;
    return digits;
}

size_t fs_decimal(uint8_t *to, uint64_t v) {
    size_t digits = decimal_length(v);
    for (size_t i = digits; i--; v /= 10) to[i] = (uint8_t)('0' + v % 10);
    return digits;
}

/* The value of a claim in row i. */
struct value {
    int present;
    uint64_t time;
    fs_text text;
};

FS_INLINE struct value value_of(const fs_rows *rows, size_t i, int claim, int type) {
    const void *column = rows->columns[claim];
    struct value value = {0};

    if (!column) return value;
    if (type == FS_TYPE_SECONDS) {
        const uint32_t seconds = ((const uint32_t *)column)[i];
        value.time = rows->create_time + seconds;
        value.present = seconds != 0;
    } else {
        value.text = type == FS_TYPE_ROLE ? roles[((const uint8_t *)column)[i]]
                                          : ((const fs_text *)column)[i];
        value.present = type == FS_TYPE_ROLE || type == FS_TYPE_ID || value.text.len;
    }
    return value;
}

/* In the following functions, all arguments but the rows are constants, so that the
 * compiler specialises them for each claim and each form. */

/* Return the length of a claim. `name_len` is that of its name and the text around it. */
FS_INLINE size_t claim_length(const fs_rows *rows, size_t i, int jwt, int claim, int type,
                              size_t name_len) {
    const struct value value = value_of(rows, i, claim, type);

    if (!value.present) return 0;
    if (type == FS_TYPE_SECONDS) return name_len + decimal_length(value.time);
    if (type == FS_TYPE_ID || type == FS_TYPE_ROLE) return name_len + value.text.len;
    return name_len + (jwt ? fs_json_escape_length(value.text.data, value.text.len)
                           : fs_quote_plus_length(rows->codec, value.text.data, value.text.len));
}

/* Write a claim after `before`, its name and the text before the value. Returns its end. */
FS_INLINE uint8_t *put_claim(const fs_rows *rows, size_t i, uint8_t *to, int jwt, int claim,
                             int type, const char *before, size_t before_len) {
    const struct value value = value_of(rows, i, claim, type);

    if (!value.present) return to;
    to = fs_put(to, before, before_len);
    if (type == FS_TYPE_SECONDS)
        to += fs_decimal(to, value.time);
    else if (type == FS_TYPE_ID || type == FS_TYPE_ROLE)
        to = fs_put(to, value.text.data, value.text.len);
    else
        to += jwt ? fs_json_escape(to, value.text.data, value.text.len)
                  : fs_quote_plus(rows->codec, to, value.text.data, value.text.len);
    if (!jwt) return to;
    if (type != FS_TYPE_SECONDS) *to++ = '"';
    *to++ = ',';
    return to;
}

/* The text before a value: &name= in T1 tokens, "name":" or "name": in JWTs. */
#define T1_BEFORE(name) "&" name "="
#define JWT_BEFORE(name) "\"" name "\":\""
#define JWT_LENGTH(type, name) (sizeof JWT_BEFORE(name) - 1 - (FS_TYPE_##type == FS_TYPE_SECONDS))

size_t fs_claims_length(const fs_rows *rows, size_t i) {
    size_t len = 0;
    /* A JWT has a comma after each value, and a quote after a string. */
#define JWT_CLAIM(claim, type, argument, t1, jwt)             \
    len += claim_length(rows, i, 1, FS_##claim, FS_TYPE_##type, \
                        JWT_LENGTH(type, jwt) + 1 + (FS_TYPE_##type != FS_TYPE_SECONDS));
#define T1_CLAIM(claim, type, argument, t1, jwt) \
    len += claim_length(rows, i, 0, FS_##claim, FS_TYPE_##type, sizeof T1_BEFORE(t1) - 1);
    if (rows->jwt) {
        FS_CLAIMS(JWT_CLAIM)
    } else {
        FS_CLAIMS(T1_CLAIM)
    }
#undef JWT_CLAIM
#undef T1_CLAIM
    return len;
}

uint8_t *fs_put_claims(const fs_rows *rows, size_t i, uint8_t *to) {
#define JWT_CLAIM(claim, type, argument, t1, jwt)                                    \
    to = put_claim(rows, i, to, 1, FS_##claim, FS_TYPE_##type, JWT_BEFORE(jwt), \
                   JWT_LENGTH(type, jwt));
#define T1_CLAIM(claim, type, argument, t1, jwt)                              \
    to = put_claim(rows, i, to, 0, FS_##claim, FS_TYPE_##type, T1_BEFORE(t1), \
                   sizeof T1_BEFORE(t1) - 1);
    if (rows->jwt) {
        FS_CLAIMS(JWT_CLAIM)
    } else {
        FS_CLAIMS(T1_CLAIM)
    }
    return to;
}

uint8_t *fs_put_nonce_name(int jwt, uint8_t *to) {
    return fs_put(to, jwt ? "\"jti\":\"" : "&nonce=", FS_NONCE_NAME);
}
