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
static size_t max_bytes(const fs_column *column) {
    return column->type == FS_TYPE_ID ? MAX_SESSION : 4 * MAX_CHARACTERS;
}

/* Return 1 if the text is UTF-8 without NUL and not too long. */
static int is_text(const uint8_t *text, size_t len) {
    struct fs_utf8 state = {0};
    size_t following = 0, i = 0;

    for (uint64_t w; len - i >= sizeof w; i += sizeof w) {
        memcpy(&w, text + i, sizeof w);
        if ((w | (w - ONES)) & HIGHS) break; /* not ASCII, or a NUL */
    }
    for (; i < len; i++) {
        if (!text[i] || !fs_utf8_accept(&state, text[i])) return 0;
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

static int is_valid(const fs_column *column, const fs_text *text) {
    if (column->type == FS_TYPE_ID)
        return fs_session_of(column->codec, text->data, text->len, column->api_key, column->key_len);
    return (column->type == FS_TYPE_NAMES ? fs_are_names : is_text)(text->data, text->len);
}

/* Return 1 if a text has the same address and length as the previous one. Dictionaries and
 * constant columns often repeat texts, which are then imported once. */
FS_INLINE int is_repeated(const fs_text *text, const fs_text *previous) {
    return text->data && text->data == previous->data && text->len == previous->len;
}

size_t fs_import_size(const fs_column *column, size_t first, size_t count) {
    size_t size = 0, max_len = max_bytes(column);
    fs_text previous = column->previous;
    for (size_t i = first; i < first + count; i++) {
        const fs_text *text = &column->texts[i];
        if (text->len <= max_len && !is_repeated(text, &previous)) size += text->len;
        previous = *text;
    }
    return size;
}

void fs_import_texts(fs_column *column, size_t first, size_t count, uint8_t *to) {
    size_t max_len = max_bytes(column);
    int sessions = column->type == FS_TYPE_ID;

    for (size_t i = first; i < first + count; i++) {
        fs_text *text = &column->texts[i], from = *text, *last = &column->last_valid;
        int valid = 0;
        if (is_repeated(&from, &column->previous)) {
            valid = column->previous_valid;
            if (valid) *text = *last;
        } else if (!from.data) {
            valid = !sessions; /* a missing value */
        } else if (sessions && last->len && from.len == last->len &&
                   !memcmp(from.data, last->data, from.len)) {
            *text = *last;
            valid = 1;
        } else if (from.len <= max_len) {
            fs_text copy = {to, from.len};
            memcpy(to, from.data, from.len);
            valid = is_valid(column, &copy);
            if (valid) {
                *text = *last = copy;
                to += copy.len;
            }
        }
        column->previous = from;
        column->previous_valid = column->valid[i] = (uint8_t)valid;
    }
}

void fs_check_texts(const fs_column *column, size_t first, size_t count) {
    size_t max_len = max_bytes(column);
    int sessions = column->type == FS_TYPE_ID;

    for (size_t i = first; i < first + count; i++) {
        const fs_text *text = &column->texts[i];
        if (!text->data)
            column->valid[i] = !sessions && !text->len;
        else if (i > first && is_repeated(text, text - 1))
            column->valid[i] = column->valid[i - 1];
        else
            column->valid[i] = (uint8_t)(text->len <= max_len && is_valid(column, text));
    }
}

void fs_import_roles(const fs_column *column, size_t first, size_t count, uint8_t *roles) {
    for (size_t i = first; i < first + count; i++) {
        int role = column->texts[i].data ? fs_role_of(column->texts[i].data, column->texts[i].len) : -1;
        column->valid[i] = role >= 0;
        roles[i] = (uint8_t)(role < 0 ? 0 : role);
    }
}
