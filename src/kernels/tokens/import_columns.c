/* Copy and validate caller-owned columns.
 *
 * Other threads may write to the memory of a column while it is read. So each text is
 * copied once, with a length that is read once, and the copy is validated, measured and
 * signed. If a text changes meanwhile, its copy may be inconsistent: it is then rejected,
 * or signed as copied. No byte outside a text is read.
 */
#include "internal.h"

#define MAX_CHARACTERS 1000
#define MAX_SESSION 255
#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Longer texts are rejected without reading them. */
static size_t max_bytes(const fs_import *take) {
    return take->column == FS_SESSIONS ? MAX_SESSION : 4 * MAX_CHARACTERS;
}

/* Return 1 if the text is UTF-8 without NUL and not too long. */
static int is_plain(const uint8_t *text, size_t len) {
    struct fs_utf8 state = {0};
    size_t following = 0, i = 0;

    for (uint64_t w; len - i >= sizeof w; i += sizeof w) {
        memcpy(&w, text + i, sizeof w);
        if ((w | (w - ONES)) & HIGHS) break; /* not ASCII, or a NUL */
    }
    for (; i < len; i++) {
        if (!text[i] || !fs_utf8_takes(&state, text[i])) return 0;
        following += (text[i] & 0xc0) == 0x80;
    }
    return !state.more && len - following <= MAX_CHARACTERS;
}

int fs_are_names(const uint8_t *text, size_t len) {
    int between = 1;
    if (!len) return 1;
    if (len > MAX_CHARACTERS) return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ' ? between : text[i] < '!' || text[i] > '~') return 0;
        between = text[i] == ' ';
    }
    return !between;
}

static int is_good(const fs_import *take, const fs_text *text) {
    if (take->column == FS_SESSIONS)
        return fs_session_of(take->codec, text->data, text->len, take->api_key, take->key_len);
    return (take->column == FS_CLASSES ? fs_are_names : is_plain)(text->data, text->len);
}

/* Return 1 if a text has the same address and length as the previous one. Dictionaries and
 * constant columns often repeat texts, which are then imported once. */
FS_INLINE int is_again(const fs_text *text, const fs_text *before) {
    return text->data && text->data == before->data && text->len == before->len;
}

size_t fs_import_room(const fs_import *take, size_t first, size_t count) {
    size_t room = 0, most = max_bytes(take);
    fs_text before = take->before;
    for (size_t i = first; i < first + count; i++) {
        const fs_text *text = &take->texts[i];
        if (text->len <= most && !is_again(text, &before)) room += text->len;
        before = *text;
    }
    return room;
}

void fs_import_texts(fs_import *take, size_t first, size_t count, uint8_t *to) {
    size_t most = max_bytes(take);
    int sessions = take->column == FS_SESSIONS;

    for (size_t i = first; i < first + count; i++) {
        fs_text *text = &take->texts[i], from = *text, *good = &take->last_good;
        int is = 0;
        if (is_again(&from, &take->before)) {
            is = take->was_good;
            if (is) *text = *good;
        } else if (!from.data) {
            is = !sessions; /* a missing value */
        } else if (sessions && good->len && from.len == good->len &&
                   !memcmp(from.data, good->data, from.len)) {
            *text = *good;
            is = 1;
        } else if (from.len <= most) {
            fs_text copy = {to, from.len};
            memcpy(to, from.data, from.len);
            is = is_good(take, &copy);
            if (is) {
                *text = *good = copy;
                to += copy.len;
            }
        }
        take->before = from;
        take->was_good = take->good[i] = (uint8_t)is;
    }
}

void fs_check_texts(const fs_import *take, size_t first, size_t count) {
    size_t most = max_bytes(take);
    int sessions = take->column == FS_SESSIONS;

    for (size_t i = first; i < first + count; i++) {
        const fs_text *text = &take->texts[i];
        if (!text->data)
            take->good[i] = !sessions && !text->len;
        else if (i > first && is_again(text, text - 1))
            take->good[i] = take->good[i - 1];
        else
            take->good[i] = (uint8_t)(text->len <= most && is_good(take, text));
    }
}

void fs_import_roles(const fs_import *take, size_t first, size_t count, uint8_t *roles) {
    for (size_t i = first; i < first + count; i++) {
        int role = take->texts[i].data ? fs_role_of(take->texts[i].data, take->texts[i].len) : -1;
        take->good[i] = role >= 0;
        roles[i] = (uint8_t)(role < 0 ? 0 : role);
    }
}
