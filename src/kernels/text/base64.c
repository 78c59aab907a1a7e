/* Base64 (RFC 4648, section 4) and form encoding, by tables.
 *
 * Twelve bits are three hex digits, and they are two base64 characters: so one lookup
 * serves twelve bits, and the hex text of a signature never exists on its own.
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

uint8_t fs_form[256];
static uint8_t form_length[256]; /* of what a byte becomes in a form value */
/* What follows the backslash where a byte is escaped in JSON, 'u' for \u00XX, or 0. */
static uint8_t json[256], json_length[256];

static void judge_text(void);

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
        fs_base64(fs_base64_hex[i], three, 3);
    }
    for (int i = 0; i < 1000; i++) {
        fs_digits[i][0] = (uint8_t)('0' + i / 100);
        fs_digits[i][1] = (uint8_t)('0' + i / 10 % 10);
        fs_digits[i][2] = (uint8_t)('0' + i % 10);
        fs_base64(fs_base64_digits[i], fs_digits[i], 3);
    }
    for (int i = 0; i < 100; i++) {
        for (int partial = 1; partial <= 2; partial++) {
            memcpy(fs_digits_last[partial][i], fs_digits[i] + 3 - partial, (size_t)partial);
            uint8_t *digits = fs_digits_last[partial][i], end[3];
            fs_base64(fs_base64_last[partial][i], digits, (size_t)partial);
            memcpy(end, digits, (size_t)partial);
            memcpy(end + partial, FS_JWT_END, (size_t)(3 - partial));
            fs_base64(fs_base64_last_jwt[partial][i], end, 3);
        }
    }
    for (int c = 0; c < 256; c++) {
        int stays = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '.' || c == '_' || c == '~';
        fs_form[c] = (uint8_t)(c == ' ' ? '+' : stays ? c : 0);
        form_length[c] = fs_form[c] ? 1 : 3;
        json[c] = c < ' ' ? 'u' : 0;
    }
    for (int i = 0; i < 7; i++) json[(uint8_t)"\"\\\b\f\n\r\t"[i]] = (uint8_t)"\"\\bfnrt"[i];
    for (int c = 0; c < 256; c++) json_length[c] = json[c] == 'u' ? 6 : json[c] ? 2 : 1;
    judge_text();
}

size_t fs_base64_length(size_t len) { return (len + 2) / 3 * 4; }

/* The row in use, or NULL. It may change while others encode: all give the same. */
static const fs_text_row *volatile wide_row;

const fs_text_row *fs_text_active(void) { return wide_row; }

/* Encode whole groups; return how many bytes they took. */
FS_INLINE size_t groups(uint8_t *text, const uint8_t *data, size_t len, int url) {
    uint8_t(*const table)[2] = url ? url_pairs : pairs;
    const fs_text_row *row = wide_row;
    size_t done = 0;

    if (row) {
        done = row->encode(text, data, len, url);
        text += done / 3 * 4;
    }
    for (; len - done >= 3; done += 3, text += 4) {
        uint32_t v = (uint32_t)data[done] << 16 | (uint32_t)data[done + 1] << 8 | data[done + 2];
        memcpy(text, table[v >> 12], 2);
        memcpy(text + 2, table[v & 4095], 2);
    }
    return done;
}

void fs_base64(uint8_t *text, const uint8_t *data, size_t len) {
    size_t done = groups(text, data, len, 0), left = len - done;
    if (left) {
        uint32_t v = (uint32_t)data[done] << 16;
        text += done / 3 * 4;
        if (left == 2) v |= (uint32_t)data[done + 1] << 8;
        memcpy(text, pairs[v >> 12], 2);
        text[2] = left == 2 ? fs_base64_alphabet[0][v >> 6 & 63] : '=';
        text[3] = '=';
    }
}

size_t fs_base64url(uint8_t *text, const uint8_t *data, size_t len) {
    size_t done = groups(text, data, len, 1), left = len - done;
    if (left) {
        uint32_t v = (uint32_t)data[done] << 16;
        if (left == 2) v |= (uint32_t)data[done + 1] << 8;
        memcpy(text + done / 3 * 4, url_pairs[v >> 12], 2);
        memcpy(text + done / 3 * 4 + 2, url_pairs[v & 4095], 2);
    }
    return (4 * len + 2) / 3;
}

int fs_base64_decode(uint8_t *data, const uint8_t *text, size_t len) {
    const fs_text_row *row = wide_row;
    uint32_t bad = 0;
    size_t i = 0;

    if (row) i = row->decode(data, text, len);
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

size_t fs_base64_raw(uint8_t *data, const uint8_t *text, size_t len) {
    size_t whole = len / 4 * 4, left = len % 4, done = whole / 4 * 3;
    uint32_t a, b, c, v;

    if (left == 1 || !fs_base64_decode(data, text, whole)) return 0;
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

/* Bytes whose base64 goes through all values, from `shift` on. */
static void fill_with_values(uint8_t *data, size_t len, unsigned shift) {
    for (unsigned i = 0; i < len / 3 * 4; i += 4, data += 3) {
        uint32_t v = 0;
        for (unsigned j = 0; j < 4; j++) v = v << 6 | ((i + j + shift) & 63);
        data[0] = (uint8_t)(v >> 16);
        data[1] = (uint8_t)(v >> 8);
        data[2] = (uint8_t)v;
    }
}

/* Whether a row encodes and decodes as the tables do: all values in every place, and texts
 * of every length. What it leaves to the tables is right anyway. */
static int codes_right(const fs_text_row *row) {
    enum { MOST = 150, WORTH = 44 };
    uint8_t data[MOST], want[MOST / 3 * 4], text[MOST / 3 * 4 + 8], back[MOST + 8];

    for (int url = 0; url < 2; url++)
        for (unsigned shift = 0; shift < 64; shift++) {
            fill_with_values(data, MOST, shift);
            groups(want, data, MOST, url);
            for (size_t len = 0; len <= MOST; len += shift ? MOST : 1) {
                size_t done = row->encode(text, data, len, url);
                if (done % 3 || done > len || (len > WORTH && !done)) return 0;
                if (memcmp(text, want, done / 3 * 4)) return 0;
            }
            for (size_t len = 0; len <= MOST / 3 * 4; len += shift ? MOST / 3 * 4 : 4) {
                size_t done = row->decode(back, want, len);
                if (done % 4 || done > len || (len > WORTH && !done)) return 0;
                if (memcmp(back, data, done / 4 * 3)) return 0;
            }
        }
    for (int c = 0; c < 256; c++) {
        memset(want, 'A', 64);
        want[c % 32] = (uint8_t)c;
        if ((row->decode(back, want, 64) > 0) != (fs_base64_value[c] != 255)) return 0;
    }
    return 1;
}

static int knows_plain(const fs_text_row *row) {
    uint8_t text[64];
    for (int c = 0; c < 256; c++) {
        memset(text, 'A', sizeof text);
        text[c % 32] = (uint8_t)c;
        for (size_t len = 0; len <= sizeof text; len++) {
            int all = (fs_form[c] == c && c) || (size_t)(c % 32) >= len;
            size_t found = row->plain(text, len), right = all ? len : (size_t)(c % 32);
            if (len < 16 ? found > right : found != right) return 0;
        }
    }
    return 1;
}

static int writes_signatures(const fs_text_row *row) {
    uint8_t text[64], want[64];
    fs_state digest;
    if (!row->t1_signature) return 1;
    for (size_t align = 0; align < 3; align++) {
        fs_t1_frame frame;
        fs_t1_set_frame(&frame, (const uint8_t *)"g=", align, (const uint8_t *)"s");
        for (uint32_t turn = 0; turn < 16; turn++) {
            for (uint32_t j = 0; j < FS_STATE_WORDS; j++)
                digest[j] = 0x01234567u * (2 * j + 1) + 0x11111111u * turn;
            memset(text, '?', sizeof text);
            memset(want, '?', sizeof want);
            row->t1_signature(&frame, text, digest);
            fs_t1_signature_by_tables(&frame, want, digest);
            if (memcmp(text, want, sizeof text)) return 0;
        }
    }
    return 1;
}

/* Best first. */
static const fs_text_row *const text_rows[] = {
#if FS_X86
    &fs_text_avx512,
    &fs_text_avx2,
#endif
    NULL,
};
static int usable[sizeof text_rows / sizeof *text_rows];

static void judge_text(void) {
    unsigned cpu = fs_cpu_features();
    for (int i = 0; text_rows[i]; i++)
        usable[i] = (text_rows[i]->needs & cpu) == text_rows[i]->needs &&
                    codes_right(text_rows[i]) && knows_plain(text_rows[i]) &&
                    writes_signatures(text_rows[i]);
    fs_text_select(NULL);
}

void fs_text_select(const char *name) {
    int tables = name && !strcmp(name, "portable"), widest = !name || !strcmp(name, "avx512");
    const fs_text_row *found = NULL;

    for (int i = 0; text_rows[i] && !found && !tables; i++)
        if (usable[i] && (widest || !(text_rows[i]->needs & FS_CPU_AVX512))) found = text_rows[i];
    wide_row = found;
}

const char *fs_text_name(void) { return wide_row ? wide_row->name : "portable"; }

size_t fs_quote_plus(uint8_t *out, const uint8_t *in, size_t len) {
    static const char hex[] = "0123456789ABCDEF";
    const fs_text_row *row = wide_row;
    size_t i = row ? row->plain(in, len) : 0;
    uint8_t *to = out + i;

    memcpy(out, in, i);
    for (; i < len; i++) {
        uint8_t c = in[i];
        *to = fs_form[c]; /* most stay as they are */
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

size_t fs_quote_plus_length(const uint8_t *in, size_t len) {
    const fs_text_row *row = wide_row;
    size_t plain = row ? row->plain(in, len) : 0;
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
