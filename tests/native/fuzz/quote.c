/* Fuzz the escaping of form values and JSON strings. The result must equal that of a simple
 * implementation, in memory of exactly the measured length. */
#include "fuzz.h"

static int is_unreserved(uint8_t c) {
    return c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c);
}

static size_t plain_quote(char *to, const uint8_t *in, size_t len) {
    char *at = to;
    for (size_t i = 0; i < len; i++)
        at += sprintf(at, is_unreserved(in[i]) ? "%c" : in[i] == ' ' ? "+" : "%%%02X", in[i]);
    return (size_t)(at - to);
}

static size_t plain_escape(char *to, const uint8_t *in, size_t len) {
    static const char named[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    char *at = to;
    for (size_t i = 0; i < len; i++) {
        const char *found = in[i] ? strchr(named, in[i]) : NULL;
        if (found)
            at += sprintf(at, "\\%c", names[found - named]);
        else if (in[i] < 0x20)
            at += sprintf(at, "\\u%04x", in[i]);
        else
            *at++ = (char)in[i];
    }
    return (size_t)(at - to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const size_t most = 6 * size + 8; /* including the NUL of sprintf */
    uint8_t *in = copy(data, size), *want = room(most), *out;
    size_t len;
    fs_engine found;

    for (size_t i = 0; engine(i, &found); i++) {
        len = plain_quote((char *)want, in, size);
        MUST(fs_quote_plus_length(found.codec, in, size) == len);
        out = room(3 * size);
        MUST(fs_quote_plus(found.codec, out, in, size) == len);
        MUST(same(out, want, len));
        release(out, 3 * size);

        len = plain_escape((char *)want, in, size);
        MUST(fs_json_escape_length(in, size) == len);
        out = room(len);
        MUST(fs_json_escape(out, in, size) == len);
        MUST(same(out, want, len));
        release(out, len);
    }
    release(want, most);
    release(in, size);
    return 0;
}
