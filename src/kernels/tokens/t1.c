/* The T1 form of a token:
 *
 *     T1==  base64( partner_id=KEY&sig=  40 hex digits  :  DATA nonce=  27 digits )
 *                   '---- constant ----'                 '- constant -'
 *
 * The signature, an HMAC-SHA1, is over what follows the colon.
 */
#include "internal.h"

#define PREFIX 4 /* "T1==" */
#define SIG_DIGITS 40

size_t fs_t1_length(size_t head_len, size_t data_len) {
    return PREFIX + fs_base64_length(head_len + SIG_DIGITS + 1 + data_len + FS_NONCE_DIGITS);
}

void fs_t1_set_frame(fs_t1_frame *frame, const uint8_t *head, size_t head_len,
                     const uint8_t *data) {
    const unsigned align = (unsigned)(head_len % 3), end = align + SIG_DIGITS;
    frame->align = align;
    memset(frame->raw, 0, sizeof frame->raw);
    memcpy(frame->raw, head + head_len - align, align);
    if (end < FS_T1_FRAME) frame->raw[end] = ':';
    if (end + 1 < FS_T1_FRAME) frame->raw[end + 1] = data[0];
}

void fs_plan_t1(fs_plan *plan, const fs_key *key, const fs_nonce *nonce,
                const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                uint8_t *text, uint8_t *raw) {
    size_t nonce_at = head_len + SIG_DIGITS + 1 + data_len, raw_len = nonce_at + FS_NONCE_DIGITS;
    size_t whole = data_len / FS_BLOCK * FS_BLOCK, rest = data_len - whole;

    plan->jwt = 0;
    plan->hash = key->engine.sha1;
    plan->nonce = *nonce;

    /* What is hashed. */
    memcpy(plan->inner, key->sha1_inner, sizeof plan->inner);
    memcpy(plan->outer, key->sha1_outer, sizeof plan->outer);
    plan->hash.compress(plan->inner, data, whole / FS_BLOCK);
    memcpy(plan->tail, data + whole, rest);
    memset(plan->tail + rest, '0', FS_NONCE_DIGITS);
    plan->tail_nonce = (unsigned)rest;
    plan->tail_blocks = (unsigned)fs_pad(plan->tail, rest + FS_NONCE_DIGITS,
                                         FS_BLOCK + data_len + FS_NONCE_DIGITS);

    /* What is written. */
    memcpy(raw, head, head_len);
    memset(raw + head_len, '0', SIG_DIGITS);
    raw[head_len + SIG_DIGITS] = ':';
    memcpy(raw + head_len + SIG_DIGITS + 1, data, data_len);
    memset(raw + nonce_at, '0', FS_NONCE_DIGITS);
    memcpy(text, "T1==", PREFIX);
    fs_base64(text + PREFIX, raw, raw_len);
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

/* The signature's groups by tables: digest bits to base64 of hex digits, by twelve. */
void fs_t1_signature_by_tables(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest) {
    static const char hex[] = "0123456789abcdef";
    uint64_t a = (uint64_t)digest[0] << 32 | digest[1];
    uint64_t b = (uint64_t)digest[2] << 32 | digest[3];
    uint64_t c = (uint64_t)digest[4] << 32;
    uint8_t group[3];
    unsigned loose; /* digits in the incomplete last group */

    /* The digits that complete the first group leave the registers at the top. */
    if (frame->align) {
        unsigned digits = 3 - frame->align, bits = 4 * digits;
        memcpy(group, frame->raw, frame->align);
        group[frame->align] = (uint8_t)hex[a >> 60];
        if (digits == 2) group[2] = (uint8_t)hex[a >> 56 & 15];
        fs_base64(to, group, 3);
        to += 4;
        a = a << bits | b >> (64 - bits);
        b = b << bits | c >> (64 - bits);
        c <<= bits;
        loose = frame->align == 1 ? 2 : 0;
    } else {
        loose = 1;
    }
    /* 12 groups in any case: 60 bits from a, 60 across a and b, 24 across b and c. */
#define PUT(i, bits) memcpy(to + 4 * (i), fs_base64_hex[(bits) & 4095], 4)
    PUT(0, a >> 52);
    PUT(1, a >> 40);
    PUT(2, a >> 28);
    PUT(3, a >> 16);
    PUT(4, a >> 4);
    PUT(5, a << 8 | b >> 56);
    PUT(6, b >> 44);
    PUT(7, b >> 32);
    PUT(8, b >> 20);
    PUT(9, b >> 8);
    PUT(10, b << 4 | c >> 60);
    PUT(11, c >> 48);
    if (loose == 2) {
        /* 2 + 36 + 2 digits */
        group[0] = (uint8_t)hex[c >> 44 & 15];
        group[1] = (uint8_t)hex[c >> 40 & 15];
        group[2] = frame->raw[FS_T1_FRAME - 1];
        fs_base64(to + 48, group, 3);
    } else {
        PUT(12, c >> 36); /* 1 + 39 digits, or 39 + 1 */
        if (loose == 1) {
            group[0] = (uint8_t)hex[c >> 32 & 15];
            memcpy(group + 1, frame->raw + FS_T1_FRAME - 2, 2);
            fs_base64(to + 52, group, 3);
        }
    }
#undef PUT
}

void fs_t1_signature(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest) {
    const fs_text_row *row = fs_text_active();
    FS_PUBLIC(digest, 20);
    if (row && row->t1_signature)
        row->t1_signature(frame, to, digest);
    else
        fs_t1_signature_by_tables(frame, to, digest);
}
