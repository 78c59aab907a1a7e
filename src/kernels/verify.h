/* What verify.c shares with the readers of the two forms, verify_t1.c and verify_jwt.c. */
#ifndef TOKBOX_VERIFY_H
#define TOKBOX_VERIFY_H

#include "internal.h"

/* A token on its way: taken apart, not yet known to be authentic. */
struct fs_suspect {
    size_t row;
    int jwt;
    const uint8_t *message; /* what was signed, padded */
    size_t blocks;
    uint32_t mac[FS_STATE_WORDS];
    const uint8_t *claims; /* what it says, decoded */
    size_t claims_len;
};

/* The scope of tokens for joining a session. */
#define FS_SCOPE "session.connect"

/* What an authentic token says, as far as that decides whether it holds. */
struct fs_said {
    const uint8_t *session;
    size_t session_len;
    uint64_t created, expires;
    int has_expiry;
    int foreign; /* it names another API key */
};

/* Take a token apart into the memory at `at`: FS_GOOD if it is as expected, FS_FOREIGN if it
 * is, but for its API key, else FS_UNSURE. Needs fs_suspect_room(its length, its form) bytes.
 * Only a JWT's claims tell whose it is. */
int fs_take_apart_t1(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                     struct fs_suspect *suspect);
int fs_take_apart_jwt(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct fs_suspect *suspect);

/* Read what it says; 0 if that is not as expected. */
int fs_read_t1(const uint8_t *claims, size_t len, struct fs_said *said);
int fs_read_jwt(const fs_verifier *verifier, const uint8_t *claims, size_t len,
                struct fs_said *said);

/* Whether this is the inside of a JSON string (RFC 8259, section 7). */
int fs_is_json_text(const uint8_t *value, size_t len);

/* What is decoded, which is shorter than the token, and padding; of a JWT the message, too:
 * that of a T1 token is part of what is decoded. */
FS_INLINE size_t fs_suspect_room(size_t token_len, int jwt) {
    return (jwt ? 2 : 1) * token_len + 2 * FS_BLOCK;
}

/* Decode the `len` characters (2 or 3) that remain behind whole groups of base64, without
 * padding. Returns the bytes (1 or 2), or 0 if they are no such end. */
FS_INLINE size_t fs_base64_end(uint8_t *to, const uint8_t *text, size_t len) {
    uint32_t a = fs_base64_value[text[0]], b = fs_base64_value[text[1]];
    uint32_t c = len == 3 ? fs_base64_value[text[2]] : 0, v = a << 18 | b << 12 | c << 6;
    if ((a | b | c) > 63) return 0;
    if (v & (len == 2 ? 0xffff : 0xff)) return 0; /* bits that nobody would see */
    to[0] = (uint8_t)(v >> 16);
    if (len == 3) to[1] = (uint8_t)(v >> 8);
    return len - 1;
}

/* Read seconds since the epoch: 1 to 12 decimal digits. */
FS_INLINE int fs_seconds(const uint8_t *digits, size_t len, uint64_t *result) {
    if (!len || len > 12) return 0;
    *result = 0;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9') return 0;
        *result = *result * 10 + (uint64_t)(digits[i] - '0');
    }
    return 1;
}

#endif
