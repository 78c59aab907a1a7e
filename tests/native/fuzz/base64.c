/* Fuzz base64. Every codec must decode and encode like the tables, and decoding and
 * encoding must return the original text. */
#include "fuzz.h"

static void decodes(const uint8_t *text, size_t len) {
    const size_t raw_len = len / 4 * 3;
    uint8_t *first = room(raw_len), *raw = room(raw_len), *again = room(len);
    fs_engine found;
    int valid = 0;

    for (size_t i = 0; engine(i, &found); i++) {
        int decoded = fs_base64_decode(found.codec, raw, text, len);
        if (!i) {
            valid = decoded;
            memcpy(first, raw, raw_len);
        }
        MUST(decoded == valid);
        if (!decoded) continue;
        MUST(same(raw, first, raw_len));
        fs_base64(found.codec, again, raw, raw_len);
        for (size_t j = 0; j < len; j++) /* in either alphabet */
            MUST(fs_base64_value[again[j]] == fs_base64_value[text[j]]);
    }
    release(first, raw_len);
    release(raw, raw_len);
    release(again, len);
}

static void encodes(const uint8_t *data, size_t len) {
    const size_t text_len = fs_base64_length(len), url_len = (4 * len + 2) / 3;
    uint8_t *first = room(text_len), *text = room(text_len);
    uint8_t *first_url = room(url_len), *url = room(url_len + 2);
    fs_engine found;

    for (size_t i = 0; engine(i, &found); i++) {
        fs_base64(found.codec, text, data, len);
        MUST(fs_base64url(found.codec, url, data, len) == url_len);
        if (!i) {
            memcpy(first, text, text_len);
            memcpy(first_url, url, url_len);
        }
        MUST(same(text, first, text_len));
        MUST(same(url, first_url, url_len));
    }
    for (size_t j = 0; j < url_len; j++)
        MUST(fs_base64_value[text[j]] == fs_base64_value[url[j]]);
    release(first, text_len);
    release(text, text_len);
    release(first_url, url_len);
    release(url, url_len + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const size_t whole = size / 4 * 4;
    uint8_t *text = copy(data, whole), *raw = copy(data, size);

    decodes(text, whole);
    encodes(raw, size);
    release(text, whole);
    release(raw, size);
    return 0;
}
