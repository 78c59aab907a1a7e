/* Fuzz CSV. The first byte is the position of a cut, in 256ths of the data; the second byte
 * is the number of fields. The complete records before the cut must not depend on the data
 * after it. Records and fields must be in ascending order. Records with a token must keep
 * their fields. Lines must be in ascending order, too, and JSON objects with a token are
 * written to memory of the measured size. fs_max_occurrences must count at least one
 * occurrence of a text in data that end with it. */
#include "text/csv.h"

#include "fuzz.h"

enum { MAX_RECORDS = 512 };

static const uint8_t token[] = "T1==Zm9vYmFy";
#define TOKEN (sizeof token - 1)

static fs_text field(const uint8_t *data, const fs_csv_row *row, size_t column,
                     uint8_t *scratch) {
    fs_text text;
    fs_csv_column(data, row, 1, ',', column, &text, scratch);
    return text;
}

static void fields_stand_in_order(const uint8_t *data, size_t size, const fs_csv_row *rows,
                                  size_t count) {
    uint8_t *scratch = room(size);
    size_t before = 0;
    for (size_t i = 0; i < count; i++) {
        const fs_csv_row *row = rows + i;
        size_t at = row->start, all = 0;
        MUST(before <= row->start && row->start < row->next && row->next <= size);
        MUST(row->start <= row->end && row->end <= row->next);
        if (row->fields)
            MUST(row->start < row->end && row->next - row->end <= 2);
        else
            MUST(row->end < size && data[row->end] == '"');
        for (size_t column = 0; column < row->fields; column++) {
            fs_text text = field(data, row, column, scratch);
            if (text.data < scratch || text.data >= scratch + size) {
                MUST(text.data >= data + at && text.data + text.len <= data + row->end);
                at = (size_t)(text.data - data) + text.len;
            }
            all += text.len + (column != 0);
        }
        MUST(all <= row->end - row->start);
        MUST(!field(data, row, row->fields, scratch).data);
        before = row->next;
    }
    release(scratch, size);
}

static void the_cut_changes_nothing(const uint8_t *data, size_t cut, const fs_csv_row *rows,
                                    size_t count) {
    static fs_csv_row found[MAX_RECORDS];
    uint8_t *part = copy(data, cut);
    size_t n = fs_csv_rows(part, cut, 0, ',', found, MAX_RECORDS);
    MUST(n <= count);
    for (size_t i = 0; i < n; i++) {
        MUST(found[i].start == rows[i].start && found[i].end == rows[i].end);
        MUST(found[i].next == rows[i].next && found[i].fields == rows[i].fields);
    }
    release(part, cut);
}

static void signed_records_say_the_same(const uint8_t *data, size_t size,
                                        const fs_csv_row *rows, size_t count, size_t fields) {
    static fs_csv_row found[MAX_RECORDS];
    static int64_t offsets[MAX_RECORDS + 1];
    uint8_t tokens[MAX_RECORDS * TOKEN], *to, *scratch = room(size), *again;
    size_t len, written, n = 0;

    for (size_t i = 0; i < count; i++) {
        memcpy(tokens + offsets[i], token, TOKEN);
        /* Every fifth record has no token, as if it was rejected. */
        offsets[i + 1] = offsets[i] + (i % 5 == 4 ? 0 : (int64_t)TOKEN);
    }
    len = fs_csv_signed(data, rows, count, fields, ',', tokens, offsets, NULL);
    to = room(len), again = room(len);
    written = fs_csv_signed(data, rows, count, fields, ',', tokens, offsets, to);
    MUST(written == len);
    written = fs_csv_rows(to, len, 1, ',', found, MAX_RECORDS);
    for (size_t i = 0; i < count; i++) {
        fs_text last;
        if (rows[i].fields != fields || i % 5 == 4) continue;
        MUST(n < written && found[n].fields == fields + 1);
        last = field(to, found + n, fields, again);
        MUST(last.len == TOKEN && same(last.data, token, TOKEN));
        for (size_t column = 0; column < fields; column++) {
            fs_text was = field(data, rows + i, column, scratch);
            fs_text is = field(to, found + n, column, again);
            MUST(was.len == is.len && same(was.data, is.data, is.len));
        }
        n++;
    }
    MUST(n == written);
    release(to, len);
    release(again, len);
    release(scratch, size);
}

static void signed_lines_are_the_lines(const uint8_t *data, size_t size) {
    static const uint8_t member[] = "\"t\":\"";
    static int64_t offsets[MAX_RECORDS + 1];
    fs_csv_row *rows = (fs_csv_row *)room((size + 1) * sizeof *rows);
    fs_text *texts = (fs_text *)room((size + 1) * sizeof *texts);
    uint8_t tokens[MAX_RECORDS * TOKEN], *to;
    size_t n = fs_lines(data, size, rows), at = 0, len;

    fs_line_texts(data, rows, n, texts);
    for (size_t i = 0; i < n; i++) {
        MUST(at <= rows[i].start && rows[i].end <= rows[i].next && rows[i].next <= size);
        MUST(texts[i].len && texts[i].data >= data + rows[i].start);
        MUST(texts[i].data + texts[i].len == data + rows[i].end);
        at = rows[i].next;
    }
    n = n < MAX_RECORDS ? n : MAX_RECORDS;
    for (size_t i = 0; i < n; i++) {
        memcpy(tokens + offsets[i], token, TOKEN);
        offsets[i + 1] = offsets[i] + (i % 5 == 4 ? 0 : (int64_t)TOKEN);
    }
    len = fs_json_signed(data, rows, n, member, sizeof member - 1, tokens, offsets, NULL);
    to = room(len);
    MUST(fs_json_signed(data, rows, n, member, sizeof member - 1, tokens, offsets, to) == len);
    release(to, len);
    release((uint8_t *)texts, (size + 1) * sizeof *texts);
    release((uint8_t *)rows, (size + 1) * sizeof *rows);
}

static void the_end_is_found(const uint8_t *data, size_t size) {
    for (size_t len = 2; len <= size && len < 8; len++) {
        uint8_t *end = copy(data + size - len, len);
        MUST(fs_max_occurrences(end, len, end, len) == 1);
        MUST(fs_max_occurrences(data, size, end, len) >= 1);
        release(end, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fs_csv_row rows[MAX_RECORDS];
    size_t count, cut;
    uint8_t *text;

    if (size < 2) return 0;
    size -= 2;
    cut = size * data[0] / 256;
    text = copy(data + 2, size);
    count = fs_csv_rows(text, size, 1, ',', rows, MAX_RECORDS);
    fields_stand_in_order(text, size, rows, count);
    the_cut_changes_nothing(text, cut, rows, count);
    signed_records_say_the_same(text, size, rows, count, 1 + data[1] % 8u);
    signed_lines_are_the_lines(text, size);
    the_end_is_found(text, size);
    release(text, size);
    return 0;
}
