/* The harness: records of CSV. See harness.c. */
#include "text/csv.h"
#include "harness.h"

#define MAX_RECORDS 4096

/* Print the fields in hex, separated by dots; "!" for a record with an open quote. */
static void put_fields(const uint8_t *data, size_t len, const fs_csv_row *row) {
    if (!row->fields) putchar('!');
    for (size_t column = 0; column < row->fields; column++) {
        uint8_t *scratch = take(len);
        fs_text text;
        fs_csv_column(data, row, 1, ',', column, &text, scratch);
        if (column) putchar('.');
        put_bytes(text.data, text.len);
    }
}

/* Return n copies of a token, and their offsets. */
static uint8_t *repeated(bytes token, size_t n, int64_t **offsets) {
    uint8_t *tokens = take(n * token.len);
    *offsets = take_aligned((n + 1) * sizeof **offsets);
    (*offsets)[0] = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(tokens + (*offsets)[i], token.at, token.len);
        (*offsets)[i + 1] = (*offsets)[i] + (int64_t)token.len;
    }
    return tokens;
}

/* csv DATA FINAL FIELDS TOKEN: the offset of the rest, the fields of all records, and the
 * records that have FIELDS fields, each with the token. */
const char *do_csv(char **fields, size_t count) {
    bytes data, token;
    uint64_t final, width;
    fs_csv_row *rows;
    int64_t *offsets;
    uint8_t *tokens, *to;
    size_t n, len;

    (void)count;
    if (read_bytes(fields[0], &data) || read_bytes(fields[3], &token)) return no_hex;
    if (read_number(fields[1], &final) || read_number(fields[2], &width)) return no_number;
    rows = take_aligned(MAX_RECORDS * sizeof *rows);
    n = fs_csv_rows(data.at, data.len, final != 0, ',', rows, MAX_RECORDS);
    tokens = repeated(token, n, &offsets);
    len = fs_csv_signed(data.at, rows, n, width, ',', tokens, offsets, NULL);
    to = take(len);
    fs_csv_signed(data.at, rows, n, width, ',', tokens, offsets, to);
    printf("%zu;", n ? rows[n - 1].next : 0);
    for (size_t i = 0; i < n; i++) {
        if (i) putchar(',');
        put_fields(data.at, data.len, rows + i);
    }
    putchar(';');
    put_bytes(to, len);
    return NULL;
}

/* most-often DATA TEXT: the upper bound for the number of occurrences of the text. */
const char *do_most_often(char **fields, size_t count) {
    bytes data, text;

    (void)count;
    if (read_bytes(fields[0], &data) || read_bytes(fields[1], &text)) return no_hex;
    printf("%zu", fs_max_occurrences(data.at, data.len, text.at, text.len));
    return NULL;
}

/* lines DATA TOKEN: all lines, and the lines that are JSON objects, each with the token. */
const char *do_lines(char **fields, size_t count) {
    static const uint8_t member[] = "\"t\":\"";
    bytes data, token;
    fs_csv_row *rows;
    fs_text *texts;
    int64_t *offsets;
    uint8_t *tokens, *to;
    size_t n, len;

    (void)count;
    if (read_bytes(fields[0], &data) || read_bytes(fields[1], &token)) return no_hex;
    rows = take_aligned((data.len + 1) * sizeof *rows);
    n = fs_lines(data.at, data.len, rows);
    texts = take_aligned(n * sizeof *texts);
    fs_line_texts(data.at, rows, n, texts);
    for (size_t i = 0; i < n; i++) {
        if (i) putchar(',');
        put_bytes(texts[i].data, texts[i].len);
    }
    tokens = repeated(token, n, &offsets);
    len = fs_json_signed(data.at, rows, n, member, sizeof member - 1, tokens, offsets, NULL);
    to = take(len);
    fs_json_signed(data.at, rows, n, member, sizeof member - 1, tokens, offsets, to);
    putchar(';');
    put_bytes(to, len);
    return NULL;
}
