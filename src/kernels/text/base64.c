/* Base64 (RFC 4648, sections 4 and 5): a codec processes whole vectors, tables the rest.
 *
 * Twelve bits are two base64 characters, and also three hex digits, which are four base64
 * characters. So one lookup encodes twelve bits, and signatures are encoded without an
 * intermediate hex text.
 */
#include "internal.h"

const uint8_t fs_base64_alphabet[2][64] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static uint8_t pairs[4096][2], url_pairs[4096][2]; /* twelve bits as two characters */
uint8_t fs_base64_hex[4096][4];
uint8_t fs_base64_digits[1000][4];
uint8_t fs_base64_value[256], fs_hex_value[256];
uint8_t fs_digits[1000][4];
uint8_t fs_base64_last[3][100][4], fs_digits_last[3][100][4];
uint8_t fs_base64_last_jwt[3][100][4];

void fs_base64_init(void) {
    static const char hex[] = "0123456789abcdef";

    memset(fs_base64_value, 255, sizeof fs_base64_value);
    memset(fs_hex_value, 255, sizeof fs_hex_value);
    for (int i = 0; i < 16; i++) {
        fs_hex_value[(uint8_t)hex[i]] = (uint8_t)i;
        if (i > 9) fs_hex_value[(uint8_t)(hex[i] - 'a' + 'A')] = (uint8_t)i;
    }
    for (int i = 0; i < 64; i++) {
        fs_base64_value[fs_base64_alphabet[0][i]] = (uint8_t)i;
        fs_base64_value[fs_base64_alphabet[1][i]] = (uint8_t)i;
    }
    for (int i = 0; i < 4096; i++) {
        pairs[i][0] = fs_base64_alphabet[0][i >> 6];
        pairs[i][1] = fs_base64_alphabet[0][i & 63];
        url_pairs[i][0] = fs_base64_alphabet[1][i >> 6];
        url_pairs[i][1] = fs_base64_alphabet[1][i & 63];
    }
    for (int i = 0; i < 4096; i++) {
        uint8_t three[3] = {(uint8_t)hex[i >> 8], (uint8_t)hex[i >> 4 & 15], (uint8_t)hex[i & 15]};
        fs_base64(NULL, fs_base64_hex[i], three, 3);
    }
    for (int i = 0; i < 1000; i++) {
        fs_digits[i][0] = (uint8_t)('0' + i / 100);
        fs_digits[i][1] = (uint8_t)('0' + i / 10 % 10);
        fs_digits[i][2] = (uint8_t)('0' + i % 10);
        fs_base64(NULL, fs_base64_digits[i], fs_digits[i], 3);
    }
    for (int i = 0; i < 100; i++) {
        for (int partial = 1; partial <= 2; partial++) {
            memcpy(fs_digits_last[partial][i], fs_digits[i] + 3 - partial, (size_t)partial);
            uint8_t *digits = fs_digits_last[partial][i], end[3];
            fs_base64(NULL, fs_base64_last[partial][i], digits, (size_t)partial);
            memcpy(end, digits, (size_t)partial);
            memcpy(end + partial, FS_JWT_END, (size_t)(3 - partial));
            fs_base64(NULL, fs_base64_last_jwt[partial][i], end, 3);
        }
    }
}

size_t fs_base64_length(size_t len) { return (len + 2) / 3 * 4; }

/* Encode whole groups. Returns the number of encoded bytes. */
FS_INLINE size_t groups(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len,
                        int url) {
    uint8_t(*const table)[2] = url ? url_pairs : pairs;
    size_t done = 0;

    if (codec) {
        done = codec->encode(text, data, len, url);
        text += done / 3 * 4;
    }
    for (; len - done >= 3; done += 3, text += 4) {
        uint32_t v = (uint32_t)data[done] << 16 | (uint32_t)data[done + 1] << 8 | data[done + 2];
        memcpy(text, table[v >> 12], 2);
        memcpy(text + 2, table[v & 4095], 2);
    }
    return done;
}

void fs_base64(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len) {
    size_t done = groups(codec, text, data, len, 0), left = len - done;
    if (left) {
        uint32_t v = (uint32_t)data[done] << 16;
        text += done / 3 * 4;
        if (left == 2) v |= (uint32_t)data[done + 1] << 8;
        memcpy(text, pairs[v >> 12], 2);
        text[2] = left == 2 ? fs_base64_alphabet[0][v >> 6 & 63] : '=';
        text[3] = '=';
    }
}

size_t fs_base64url(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len) {
    size_t done = groups(codec, text, data, len, 1), left = len - done;
    if (left) {
        uint32_t v = (uint32_t)data[done] << 16;
        if (left == 2) v |= (uint32_t)data[done + 1] << 8;
        memcpy(text + done / 3 * 4, url_pairs[v >> 12], 2);
        memcpy(text + done / 3 * 4 + 2, url_pairs[v & 4095], 2);
    }
    return (4 * len + 2) / 3;
}

int fs_base64_decode(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len) {
    uint32_t bad = 0;
    size_t i = 0;

    if (codec) i = codec->decode(data, text, len);
    data += i / 4 * 3;
    for (; i < len; i += 4, data += 3) {
        uint32_t a = fs_base64_value[text[i]], b = fs_base64_value[text[i + 1]];
        uint32_t c = fs_base64_value[text[i + 2]], d = fs_base64_value[text[i + 3]];
        uint32_t v = a << 18 | b << 12 | c << 6 | d;
        bad |= a | b | c | d;
        data[0] = (uint8_t)(v >> 16);
        data[1] = (uint8_t)(v >> 8);
        data[2] = (uint8_t)v;
    }
    return bad <= 63;
}

size_t fs_base64_raw(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len) {
    size_t whole = len / 4 * 4, left = len % 4, done = whole / 4 * 3;
    uint32_t a, b, c, v;

    if (left == 1 || !fs_base64_decode(codec, data, text, whole)) return 0;
    if (!left) return done;
    a = fs_base64_value[text[whole]];
    b = fs_base64_value[text[whole + 1]];
    c = left == 3 ? fs_base64_value[text[whole + 2]] : 0;
    v = a << 18 | b << 12 | c << 6;
    if ((a | b | c) > 63 || v & (left == 2 ? 0xffff : 0xff)) return 0;
    data[done] = (uint8_t)(v >> 16);
    if (left == 3) data[done + 1] = (uint8_t)(v >> 8);
    return done + left - 1;
}
