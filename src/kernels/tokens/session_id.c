/* Session IDs: a digit, "_", and the base64url of ASCII fields separated by tildes. */
#include "internal.h"

/* Return the end of the field that begins at `at`. Most fields are short, so a plain loop
 * is fast. */
FS_INLINE const uint8_t *field_end(const uint8_t *at, const uint8_t *end) {
    while (at < end && *at != '~') at++;
    return at;
}

size_t fs_session_owner(const fs_codec *codec, const uint8_t *id, size_t len, uint8_t *raw,
                        const uint8_t **owner) {
    /* The ID is decoded in whole vectors. The text is padded with "A", which decodes to
     * zeros, to the end of the last vector and by LEFT characters, which a codec leaves to
     * tables. */
    enum { VECTOR = FS_MIN_SESSION - 2, LEFT = 12 };
    uint8_t text[256 + VECTOR + LEFT], high = 0, other = 0;
    const uint8_t *start, *end, *raw_end;
    size_t count, whole, raw_len;

    if (len < FS_MIN_SESSION || len > 255 || len % 4 == 3) return 0;
    if (id[0] < '0' || id[0] > '9' || id[1] != '_') return 0;
    count = len - 2;
    whole = (count + VECTOR - 1) / VECTOR * VECTOR;
    for (size_t i = 0; i + VECTOR <= count; i += VECTOR) memcpy(text + i, id + 2 + i, VECTOR);
    memcpy(text + count - VECTOR, id + len - VECTOR, VECTOR);
    memset(text + count, 'A', VECTOR + LEFT);
    for (size_t i = 0; i < whole; i++) other |= (text[i] == '+') | (text[i] == '/');
    if (other || !fs_base64_decode(codec, raw, text, whole + LEFT)) return 0;
    raw_len = count * 3 / 4;
    /* Unused bits must be 0, or one session would have several IDs. */
    if (raw[raw_len]) return 0;
    /* In whole vectors: the bytes after the end are 0. */
    for (size_t i = 0; i < (raw_len + 15) / 16 * 16; i++) high |= raw[i];
    if (high >= 0x80) return 0;
    /* The owner is the second of at least four fields. */
    raw_end = raw + raw_len;
    start = field_end(raw, raw_end) + 1;
    end = start < raw_end ? field_end(start, raw_end) : raw_end;
    if (end == raw_end || field_end(end + 1, raw_end) == raw_end) return 0;
    *owner = start;
    return (size_t)(end - start);
}

int fs_session_of(const fs_codec *codec, const uint8_t *id, size_t len, const uint8_t *api_key,
                  size_t key_len) {
    uint8_t raw[FS_SESSION_BYTES];
    const uint8_t *owner;
    size_t owner_len = fs_session_owner(codec, id, len, raw, &owner);
    return owner_len && owner_len == key_len && !memcmp(owner, api_key, key_len);
}
