/* The T1 form of a token:
 *
 *     T1==  base64( partner_id=KEY&sig=  40 hex digits  :  DATA nonce=  27 digits )
 *                   '---- constant ----'                 '- constant -'
 *
 * The signature is the HMAC-SHA1 of the text after the colon.
 */
#include "internal.h"

#define PREFIX 4 /* "T1==" */
#define SIG_DIGITS 40

size_t fs_t1_length(size_t head_len, size_t data_len) {
    return PREFIX + fs_base64_length(head_len + SIG_DIGITS + 1 + data_len + FS_NONCE_DIGITS);
}

void fs_batch_plan_t1(fs_batch_plan *plan, const fs_key *key, const fs_nonce *nonce,
                const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                uint8_t *text, uint8_t *raw) {
    size_t nonce_at = head_len + SIG_DIGITS + 1 + data_len, raw_len = nonce_at + FS_NONCE_DIGITS;
    size_t whole = data_len / FS_BLOCK * FS_BLOCK, rest = data_len - whole;

    plan->jwt = 0;
    plan->hash = key->engine.sha1;
    plan->codec = key->engine.codec;
    plan->nonce = *nonce;

    /* The hash. */
    memcpy(plan->inner, key->sha1_inner, sizeof plan->inner);
    memcpy(plan->outer, key->sha1_outer, sizeof plan->outer);
    plan->hash.compress(plan->inner, data, whole / FS_BLOCK);
    memcpy(plan->tail, data + whole, rest);
    memset(plan->tail + rest, '0', FS_NONCE_DIGITS);
    plan->tail_nonce = (unsigned)rest;
    plan->tail_blocks = (unsigned)fs_pad(plan->tail, rest + FS_NONCE_DIGITS,
                                         FS_BLOCK + data_len + FS_NONCE_DIGITS);

    /* The text. */
    memcpy(raw, head, head_len);
    memset(raw + head_len, '0', SIG_DIGITS);
    raw[head_len + SIG_DIGITS] = ':';
    memcpy(raw + head_len + SIG_DIGITS + 1, data, data_len);
    memset(raw + nonce_at, '0', FS_NONCE_DIGITS);
    memcpy(text, "T1==", PREFIX);
    fs_base64(plan->codec, text + PREFIX, raw, raw_len);
    plan->text = text;
    plan->text_len = PREFIX + fs_base64_length(raw_len);

    plan->sig_offset = PREFIX + head_len / 3 * 4;
    fs_t1_set_frame(&plan->frame, head, head_len, data);

    plan->partial = (unsigned)(nonce_at % 3);
    plan->nonce_offset = PREFIX + nonce_at / 3 * 4;
    plan->nonce_len = plan->text_len - plan->nonce_offset;
    memcpy(plan->nonce_head, raw + nonce_at - plan->partial, plan->partial);
    memcpy(plan->tail_after, plan->tail + rest + FS_NONCE_DIGITS, 4);
}
