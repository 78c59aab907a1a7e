/* What verify.c shares with the readers of the two forms, verify_t1.c and verify_jwt.c. */
#ifndef TOKBOX_VERIFY_H
#define TOKBOX_VERIFY_H

#include "internal.h"

/* A parsed token whose signature is not verified yet. */
struct fs_candidate {
    size_t row;
    int jwt, rs256;
    const uint8_t *message; /* what was signed, padded unless it is for RS256 */
    size_t blocks;
    uint32_t mac[FS_STATE_WORDS];
    size_t message_len; /* RS256 */
    const uint8_t *signature;
    size_t signature_len;
    const uint8_t *claims; /* what it says, decoded */
    size_t claims_len;
};

/* The scope of tokens for joining a session. */
#define FS_SCOPE "session.connect"

/* The claims of a token, as far as they decide whether it is valid. */
struct fs_claims {
    const uint8_t *owner; /* of a JWT: the API key or the application id */
    size_t owner_len;
    const uint8_t *session;
    size_t session_len;
    uint64_t created, expires;
    int has_expiry;
    int foreign; /* it names another API key */
};

/* Parse a token into the memory at `at`: FS_GOOD if it is as expected, FS_FOREIGN if it
 * is, but for its API key, else FS_UNSURE. Needs fs_candidate_room(its length, its form) bytes.
 * Only a JWT's claims tell whose it is. */
int fs_parse_t1(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                     struct fs_candidate *candidate);
int fs_parse_jwt(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct fs_candidate *candidate);

/* Read its claims; 0 if they are not as expected. */
int fs_read_t1(const fs_codec *codec, const uint8_t *text, size_t len, struct fs_claims *claims);
int fs_read_jwt(const fs_verifier *verifier, const struct fs_candidate *candidate,
                struct fs_claims *claims);

/* Skip the bytes from `at` on that are not ASCII: where the first ASCII character follows, or
 * `end`. NULL if they are not UTF-8 (RFC 3629). */
FS_INLINE const uint8_t *fs_skip_utf8(const uint8_t *at, const uint8_t *end) {
    while (at < end && *at >= 0x80) {
        uint8_t c = *at;
        size_t left = (size_t)(end - at);
        if (left > 1 && c >= 0xc2 && c <= 0xdf && (at[1] & 0xc0) == 0x80) {
            at += 2;
        } else if (left > 2 && (c & 0xf0) == 0xe0 && (at[1] & 0xc0) == 0x80 &&
                   (at[2] & 0xc0) == 0x80 && (c != 0xe0 || at[1] >= 0xa0) &&
                   (c != 0xed || at[1] < 0xa0)) { /* no overlong form, no surrogate */
            at += 3;
        } else if (left > 3 && c >= 0xf0 && c <= 0xf4 && (at[1] & 0xc0) == 0x80 &&
                   (at[2] & 0xc0) == 0x80 && (at[3] & 0xc0) == 0x80 &&
                   (c != 0xf0 || at[1] >= 0x90) && (c != 0xf4 || at[1] < 0x90)) {
            at += 4;
        } else {
            return NULL;
        }
    }
    return at;
}

/* What is decoded, which is shorter than the token, and padding; of a JWT the message, too:
 * that of a T1 token is part of what is decoded. */
FS_INLINE size_t fs_candidate_room(size_t token_len, int jwt) {
    return (jwt ? 2 : 1) * token_len + 2 * FS_BLOCK;
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
