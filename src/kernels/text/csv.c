/* Read CSV in place, and copy records unchanged. Only the requested column is parsed, so
 * quotes, line breaks and bytes of any encoding are preserved.
 *
 * A field whose first byte is a quote ends at the first delimiter or line break after its
 * closing quote. In other fields, quotes have no special meaning. A line ends with LF, CR
 * LF or CR. Other CSV readers follow the same rules. */
#include "text/csv.h"

#include <string.h>

#define QUOTE '"'

static int ends_field(uint8_t byte, uint8_t delimiter) {
    return byte == delimiter || byte == '\n' || byte == '\r';
}

/* Return the offset after the closing quote of the text that begins at `at`. If there is
 * none, set `open` and return len. */
static size_t quoted_end(const uint8_t *data, size_t at, size_t len, int *open) {
    for (;;) {
        const uint8_t *quote = at < len ? memchr(data + at, QUOTE, len - at) : NULL;
        if (!quote) {
            *open = 1;
            return len;
        }
        at = (size_t)(quote - data) + 1;
        if (at >= len || data[at] != QUOTE) return at;
        at++;
    }
}

/* Return a word whose bytes have the highest bit set where `word` contains `byte`. Bytes
 * above a match may have it set, too. */
static uint64_t matches(uint64_t word, uint8_t byte) {
    uint64_t ones = 0x0101010101010101u, x = word ^ ones * byte;
    return (x - ones) & ~x & ones << 7;
}

/* Skip eight bytes at a time while they do not end the field. */
static size_t skip_plain(const uint8_t *data, size_t at, size_t len, uint8_t delimiter) {
    while (len - at >= 8) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        if (matches(word, delimiter) | matches(word, '\n') | matches(word, '\r')) break;
        at += 8;
    }
    return at;
}

/* Return the end of the field that begins at `at`: a delimiter, a line break, or len. */
static size_t field_end(const uint8_t *data, size_t at, size_t len, uint8_t delimiter,
                        int *open) {
    if (at < len && data[at] == QUOTE) at = quoted_end(data, at + 1, len, open);
    at = skip_plain(data, at, len, delimiter);
    while (at < len && !ends_field(data[at], delimiter)) at++;
    return at;
}

/* Find the end of the record at row->start. Returns 0 if the record is incomplete. */
static int find_record_end(const uint8_t *data, size_t len, int final, uint8_t delimiter,
                    fs_csv_row *row) {
    size_t at = row->start, field;
    int open = 0;
    row->fields = 0;
    for (;;) {
        field = at;
        at = field_end(data, at, len, delimiter, &open);
        row->fields++;
        if (at == len || data[at] != delimiter) break;
        at++;
    }
    row->end = row->next = at;
    if (open) {
        row->fields = 0;
        row->end = field;
    }
    if (at == len) return final;
    row->next++;
    if (data[at] == '\n') return 1;
    if (row->next == len) return final;
    if (data[row->next] == '\n') row->next++;
    return 1;
}

size_t fs_csv_rows(const uint8_t *data, size_t len, int final, uint8_t delimiter,
                   fs_csv_row *rows, size_t room) {
    size_t count = 0, at = 0;
    while (count < room && at < len) {
        fs_csv_row *row = rows + count;
        row->start = at;
        if (!find_record_end(data, len, final, delimiter, row)) break;
        at = row->next;
        if (row->end > row->start || !row->fields) count++;
    }
    return count;
}

/* Remove the quotes of a quoted field; doubled quotes become one. Returns the number of
 * bytes used in `scratch`. */
static size_t unquote(const uint8_t *from, size_t len, fs_text *text, uint8_t *scratch) {
    const uint8_t *quote = memchr(from + 1, QUOTE, len - 1);
    size_t i, done = 0;
    int inside = 1;
    if (!quote || quote + 1 == from + len) {
        text->data = from + 1;
        text->len = len - 1 - (quote != NULL);
        return 0;
    }
    for (i = 1; i < len; i++) {
        if (inside && from[i] == QUOTE) {
            inside = i + 1 < len && from[i + 1] == QUOTE;
            if (!inside) continue;
            i++;
        }
        scratch[done++] = from[i];
    }
    text->data = scratch;
    text->len = done;
    return done;
}

void fs_csv_column(const uint8_t *data, const fs_csv_row *rows, size_t count,
                   uint8_t delimiter, size_t column, fs_text *texts, uint8_t *scratch) {
    for (size_t i = 0; i < count; i++) {
        size_t at = rows[i].start, end = rows[i].end, field = 0, to;
        int open = 0;
        texts[i].data = NULL;
        texts[i].len = 0;
        if (column >= rows[i].fields) continue;
        for (; field < column; field++)
            at = field_end(data, at, end, delimiter, &open) + 1;
        /* The last field ends with its record. */
        to = column + 1 == rows[i].fields ? end : field_end(data, at, end, delimiter, &open);
        if (to > at && data[at] == QUOTE) {
            scratch += unquote(data + at, to - at, texts + i, scratch);
        } else {
            texts[i].data = data + at;
            texts[i].len = to - at;
        }
    }
}

static uint8_t *append(uint8_t *to, const uint8_t *from, size_t len) {
    memcpy(to, from, len);
    return to + len;
}

size_t fs_csv_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                     size_t fields, uint8_t delimiter, const uint8_t *tokens,
                     const int64_t *offsets, uint8_t *to) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = (size_t)(offsets[i + 1] - offsets[i]);
        if (rows[i].fields != fields || !len) continue;
        total += rows[i].next - rows[i].start + 1 + len;
        if (!to) continue;
        to = append(to, data + rows[i].start, rows[i].end - rows[i].start);
        *to++ = delimiter;
        to = append(to, tokens + offsets[i], len);
        to = append(to, data + rows[i].end, rows[i].next - rows[i].end);
    }
    return total;
}

static int is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/* Return the start of the white space before `end`. */
static size_t trim_end(const uint8_t *data, size_t start, size_t end) {
    while (end > start && is_space(data[end - 1])) end--;
    return end;
}

size_t fs_lines(const uint8_t *data, size_t len, fs_csv_row *rows) {
    size_t count = 0, at = 0;
    while (at < len) {
        const uint8_t *feed = memchr(data + at, '\n', len - at);
        fs_csv_row *row = rows + count;
        size_t end = feed ? (size_t)(feed - data) : len;
        row->start = at;
        row->end = trim_end(data, at, end);
        row->next = at = end + (feed != NULL);
        row->fields = 1;
        count += row->end > row->start;
    }
    return count;
}

void fs_line_texts(const uint8_t *data, const fs_csv_row *rows, size_t count,
                   fs_text *texts) {
    for (size_t i = 0; i < count; i++) {
        size_t start = rows[i].start;
        while (is_space(data[start])) start++; /* no line is blank */
        texts[i].data = data + start;
        texts[i].len = rows[i].end - start;
    }
}

size_t fs_max_occurrences(const uint8_t *data, size_t len, const uint8_t *text, size_t text_len) {
    const uint8_t *ends = data + text_len - 2;
    const uint8_t a = text[0], b = text[1], y = text[text_len - 2], z = text[text_len - 1];
    size_t places = len < text_len ? 0 : len - text_len + 1, count = 0, i = 0;
    while (i < places) {
        /* At most 255 steps, so that the count fits into a byte: compilers then vectorise
         * the loop with bytes. */
        size_t to = places - i < 255 ? places : i + 255;
        uint8_t found = 0;
        for (; i < to; i++)
            found += (data[i] == a) & (data[i + 1] == b) & (ends[i] == y) & (ends[i + 1] == z);
        count += found;
    }
    return count;
}

size_t fs_json_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                      const uint8_t *member, size_t member_len, const uint8_t *tokens,
                      const int64_t *offsets, uint8_t *to) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const fs_csv_row *row = rows + i;
        size_t len = (size_t)(offsets[i + 1] - offsets[i]), members;
        int comma;
        if (!row->fields || !len || data[row->end - 1] != '}') continue;
        members = trim_end(data, row->start, row->end - 1);
        /* Only an object without members ends with "{" here. */
        comma = members > row->start && data[members - 1] != '{';
        total += row->next - row->start + comma + member_len + len + 1;
        if (!to) continue;
        to = append(to, data + row->start, members - row->start);
        if (comma) *to++ = ',';
        to = append(to, member, member_len);
        to = append(to, tokens + offsets[i], len);
        *to++ = QUOTE;
        to = append(to, data + members, row->next - members);
    }
    return total;
}
