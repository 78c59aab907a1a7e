/* Encode the signature of a T1 token, 40 hex digits, in base64. */
#include "internal.h"

#define SIG_DIGITS 40

void fs_t1_set_frame(fs_t1_frame *frame, const uint8_t *head, size_t head_len,
                     const uint8_t *data) {
    const unsigned align = (unsigned)(head_len % 3), end = align + SIG_DIGITS;
    frame->align = align;
    memset(frame->raw, 0, sizeof frame->raw);
    memcpy(frame->raw, head + head_len - align, align);
    if (end < FS_T1_FRAME) frame->raw[end] = ':';
    if (end + 1 < FS_T1_FRAME) frame->raw[end + 1] = data[0];
}

/* Write the groups with tables: each lookup converts twelve bits of the digest to the
 * base64 of their three hex digits. */
void fs_t1_signature_by_tables(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest) {
    static const char hex[] = "0123456789abcdef";
    uint64_t a = (uint64_t)digest[0] << 32 | digest[1];
    uint64_t b = (uint64_t)digest[2] << 32 | digest[3];
    uint64_t c = (uint64_t)digest[4] << 32;
    uint8_t group[3];
    unsigned loose; /* digits in the incomplete last group */

    /* Shift out the digits that complete the first group. */
    if (frame->align) {
        unsigned digits = 3 - frame->align, bits = 4 * digits;
        memcpy(group, frame->raw, frame->align);
        group[frame->align] = (uint8_t)hex[a >> 60];
        if (digits == 2) group[2] = (uint8_t)hex[a >> 56 & 15];
        fs_base64(NULL, to, group, 3);
        to += 4;
        a = a << bits | b >> (64 - bits);
        b = b << bits | c >> (64 - bits);
        c <<= bits;
        loose = frame->align == 1 ? 2 : 0;
    } else {
        loose = 1;
    }
    /* There are always at least 12 whole groups. */
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
        fs_base64(NULL, to + 48, group, 3);
    } else {
        PUT(12, c >> 36); /* 1 + 39 digits, or 39 + 1 */
        if (loose == 1) {
            group[0] = (uint8_t)hex[c >> 32 & 15];
            memcpy(group + 1, frame->raw + FS_T1_FRAME - 2, 2);
            fs_base64(NULL, to + 52, group, 3);
        }
    }
#undef PUT
}

void fs_t1_signature(const fs_codec *codec, const fs_t1_frame *frame, uint8_t *to,
                     const uint32_t *digest) {
    FS_PUBLIC(digest, 20);
    if (codec && codec->t1_signature)
        codec->t1_signature(frame, to, digest);
    else
        fs_t1_signature_by_tables(frame, to, digest);
}
