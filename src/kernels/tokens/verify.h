/* The interface between verify.c and the parsers of the two forms, verify_t1.c and
 * verify_jwt.c. */
#ifndef TOKBOX_VERIFY_H
#define TOKBOX_VERIFY_H

#include "internal.h"

/* A parsed token whose signature is not verified yet. */
struct fs_candidate {
    size_t row;
    int jwt, rs256;
    const uint8_t *message; /* the signed bytes, padded except for RS256 */
    size_t blocks;
    uint32_t mac[FS_STATE_WORDS];
    size_t message_len; /* RS256 */
    const uint8_t *signature;
    size_t signature_len;
    const uint8_t *claims; /* decoded */
    size_t claims_len;
};

/* The scope of tokens that connect to a session. */
#define FS_SCOPE "session.connect"

/* The claims that determine whether a token is valid. */
struct fs_token_claims {
    const uint8_t *owner; /* JWT: the API key or the application ID */
    size_t owner_len;
    const uint8_t *session;
    size_t session_len;
    uint64_t created, expires;
    int has_expiry;
    int foreign; /* issued for another API key */
};

/* Parse a token into the memory at `at`, which needs fs_candidate_room(...) bytes. Returns
 * FS_VALID if the token is well-formed, FS_WRONG_KEY if it is a well-formed T1 token of
 * another API key, and FS_UNDECIDED otherwise. The owner of a JWT is one of its claims: see
 * fs_read_jwt. */
int fs_parse_t1(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                     struct fs_candidate *candidate);
int fs_parse_jwt(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct fs_candidate *candidate);

/* Read the claims. Returns 0 if they need slow-path validation. */
int fs_read_t1(const fs_codec *codec, const uint8_t *text, size_t len, struct fs_token_claims *claims);
int fs_read_jwt(const fs_verifier *verifier, const struct fs_candidate *candidate,
                struct fs_token_claims *claims);

/* Skip non-ASCII characters. Returns the address of the next ASCII character, or `end`;
 * NULL if the bytes are not UTF-8 (RFC 3629). */
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

/* Return the bytes that a parsed token needs: the decoded text, which is shorter than the
 * token, and padding. A JWT also needs its message; the message of a T1 token is part of
 * the decoded text. */
FS_INLINE size_t fs_candidate_room(size_t token_len, int jwt) {
    return (jwt ? 2 : 1) * token_len + 2 * FS_BLOCK;
}

/* Parse seconds since the epoch, 1 to 12 decimal digits. Returns 0 if they are invalid. */
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
