/* Fuzz session IDs. The input is a line with the API key, followed by the ID. The result
 * must equal that of a simple implementation: a digit, "_", and base64url of ASCII fields,
 * the second of which is the API key; the unused bits of the last character are 0. */
#include "fuzz.h"

static int plain(const uint8_t *id, size_t len, const uint8_t *key, size_t key_len) {
    uint8_t raw[256] = {0}, *second, *third;
    size_t raw_len = 0, tildes = 0;
    unsigned bits = 0, have = 0;

    if (len < FS_MIN_SESSION || len > 255 || id[0] < '0' || id[0] > '9' || id[1] != '_') return 0;
    if ((len - 2) % 4 == 1) return 0;
    for (size_t i = 2; i < len; i++) {
        const uint8_t *at = id[i] ? memchr(fs_base64_alphabet[1], id[i], 64) : NULL;
        if (!at) return 0;
        bits = (bits << 6 | (unsigned)(at - fs_base64_alphabet[1])) & 0xfff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            raw[raw_len++] = (uint8_t)(bits >> have);
        }
    }
    if (bits & ((1u << have) - 1)) return 0; /* unused bits */
    for (size_t i = 0; i < raw_len; i++) {
        if (raw[i] > 0x7f) return 0;
        tildes += raw[i] == '~';
    }
    if (tildes < 3) return 0;
    second = (uint8_t *)memchr(raw, '~', raw_len) + 1;
    third = memchr(second, '~', raw_len - (size_t)(second - raw));
    return (size_t)(third - second) == key_len && same(second, key, key_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t key_len, len;
    uint8_t *key, *id;
    fs_engine found;

    if (!end) return 0;
    key_len = (size_t)(end - data), len = size - key_len - 1;
    if (memchr(data, '~', key_len)) return 0; /* API keys consist of digits */
    key = copy(data, key_len), id = copy(end + 1, len);
    for (size_t i = 0; engine(i, &found); i++)
        MUST(fs_session_of(found.codec, id, len, key, key_len) == plain(id, len, key, key_len));
    release(key, key_len);
    release(id, len);
    return 0;
}
