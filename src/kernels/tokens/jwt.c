/* The JWT form of a token, signed with HS256 (RFC 7515, RFC 7518 section 3.2):
 *
 *     base64url(header) . base64url( PAYLOAD "jti":"  27 digits  "} ) . base64url(signature)
 *     '------------- constant -----------------'
 *
 * The signature is the HMAC-SHA256 of the text before the second dot. So the base64
 * characters are hashed, not the digits.
 */
#include "internal.h"

#define END 2        /* length of FS_JWT_END, which follows the nonce */
#define SIGNATURE 43 /* 32 bytes in base64url */

static size_t url_length(size_t len) { return (4 * len + 2) / 3; }

size_t fs_jwt_length(size_t head_len, size_t data_len) {
    return head_len + url_length(data_len + FS_NONCE_DIGITS + END) + 1 + SIGNATURE;
}

void fs_batch_plan_jwt(fs_batch_plan *plan, const fs_key *key, const fs_nonce *nonce,
                 const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                 uint8_t *text) {
    size_t whole, rest, signed_len;

    plan->jwt = 1;
    plan->hash = key->engine.sha256;
    plan->codec = key->engine.codec;
    plan->nonce = *nonce;
    plan->partial = (unsigned)(data_len % 3);
    memcpy(plan->nonce_head, data + data_len - plan->partial, plan->partial);

    /* The text: whole groups, then the groups of the nonce. */
    memcpy(text, head, head_len);
    plan->nonce_offset = head_len + data_len / 3 * 4;
    plan->nonce_len = url_length(plan->partial + FS_NONCE_DIGITS + END);
    fs_base64url(plan->codec, text + head_len, data, data_len - plan->partial);
    plan->text = text;
    signed_len = plan->nonce_offset + plan->nonce_len;
    plan->sig_offset = signed_len + 1;
    plan->text_len = plan->sig_offset + SIGNATURE;

    /* The hash. */
    whole = plan->nonce_offset / FS_BLOCK * FS_BLOCK;
    rest = plan->nonce_offset - whole;
    memcpy(plan->inner, key->sha256_inner, sizeof plan->inner);
    memcpy(plan->outer, key->sha256_outer, sizeof plan->outer);
    plan->hash.compress(plan->inner, text, whole / FS_BLOCK);
    memcpy(plan->tail, text + whole, rest);
    memset(plan->tail + rest, '0', plan->nonce_len);
    plan->tail_nonce = (unsigned)rest;
    plan->tail_blocks =
        (unsigned)fs_pad(plan->tail, rest + plan->nonce_len, FS_BLOCK + signed_len);
    memset(plan->tail_after, 0, sizeof plan->tail_after);
}

void fs_jwt_signature(const fs_codec *codec, uint8_t *to, const uint32_t *digest) {
    uint8_t bytes[32], text[SIGNATURE + 2];
    FS_PUBLIC(digest, 32);
    for (int j = 0; j < 8; j++) fs_store_be32(bytes + 4 * j, digest[j]);
    fs_base64url(codec, text, bytes, sizeof bytes);
    memcpy(to, text, SIGNATURE);
}
