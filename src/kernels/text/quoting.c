/* Escape text as a form value (application/x-www-form-urlencoded) and in JSON strings. */
#include "internal.h"

uint8_t fs_form[256];
static uint8_t form_length[256]; /* of a byte's form value */
/* The character after the backslash in a byte's JSON escape, 'u' for \u00XX; 0: no
 * escape. */
static uint8_t json[256], json_length[256];

void fs_quoting_init(void) {
    for (int c = 0; c < 256; c++) {
        int is_unescaped = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '.' || c == '_' || c == '~';
        fs_form[c] = (uint8_t)(c == ' ' ? '+' : is_unescaped ? c : 0);
        form_length[c] = fs_form[c] ? 1 : 3;
        json[c] = c < ' ' ? 'u' : 0;
    }
    for (int i = 0; i < 7; i++) json[(uint8_t)"\"\\\b\f\n\r\t"[i]] = (uint8_t)"\"\\bfnrt"[i];
    for (int c = 0; c < 256; c++) json_length[c] = json[c] == 'u' ? 6 : json[c] ? 2 : 1;
}

size_t fs_quote_plus(const fs_codec *codec, uint8_t *out, const uint8_t *in, size_t len) {
    static const char hex[] = "0123456789ABCDEF";
    size_t i = codec ? codec->plain(in, len) : 0;
    uint8_t *to = out + i;

    memcpy(out, in, i);
    for (; i < len; i++) {
        uint8_t c = in[i];
        *to = fs_form[c]; /* most bytes are not escaped */
        to += form_length[c];
        if (!fs_form[c]) {
            to[-3] = '%';
            to[-2] = (uint8_t)hex[c >> 4];
            to[-1] = (uint8_t)hex[c & 15];
        }
    }
    return (size_t)(to - out);
}

FS_INLINE size_t sum_lengths(const uint8_t *lengths, const uint8_t *in, size_t len) {
    size_t sum = 0;
    for (size_t i = 0; i < len; i++) sum += lengths[in[i]];
    return sum;
}

size_t fs_quote_plus_length(const fs_codec *codec, const uint8_t *in, size_t len) {
    size_t plain = codec ? codec->plain(in, len) : 0;
    return plain + sum_lengths(form_length, in + plain, len - plain);
}

size_t fs_json_escape(uint8_t *out, const uint8_t *in, size_t len) {
    static const char hex[] = "0123456789abcdef";
    uint8_t *to = out;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = in[i];
        if (!json[c]) {
            *to++ = c;
            continue;
        }
        *to++ = '\\';
        *to++ = json[c];
        if (json[c] == 'u') {
            *to++ = '0';
            *to++ = '0';
            *to++ = (uint8_t)hex[c >> 4];
            *to++ = (uint8_t)hex[c & 15];
        }
    }
    return (size_t)(to - out);
}

size_t fs_json_escape_length(const uint8_t *in, size_t len) {
    return sum_lengths(json_length, in, len);
}
