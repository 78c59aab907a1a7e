/* CSV (RFC 4180 and common variants): find records and fields, and copy records with an
 * additional field. JSON Lines: find lines, and copy objects with an additional member. */
#ifndef TOKBOX_CSV_H
#define TOKBOX_CSV_H

#include "text.h"

/* A record. Its text is from `start` to `end`, its line break from `end` to `next`. */
typedef struct fs_csv_row {
    size_t start;
    size_t end;
    size_t next;
    /* The number of fields; 0 if a quote is still open at the end of the data. `end` is
     * then the offset of that quote. */
    size_t fields;
} fs_csv_row;

/* Find the complete records in `len` bytes, at most `room`, and return their number. With
 * `final`, the data end the file, so the last record needs no line break. Empty lines are
 * skipped. `delimiter` separates fields, here and below. */
size_t fs_csv_rows(const uint8_t *data, size_t len, int final, uint8_t delimiter,
                   fs_csv_row *rows, size_t room);

/* Set `texts` to the field `column` of each record, without quotes; NULL if it is missing.
 * Texts point into `data`. Those with doubled quotes are unescaped into `scratch`, which
 * has the size of `data`. */
void fs_csv_column(const uint8_t *data, const fs_csv_row *rows, size_t count,
                   uint8_t delimiter, size_t column, fs_text *texts, uint8_t *scratch);

/* Copy the records that have `fields` fields and a token that is not empty, and append the
 * token as a field. Token i is in `tokens` from offsets[i] to offsets[i + 1]. Returns the
 * length of the copy; with to = NULL, nothing is written. */
size_t fs_csv_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                     size_t fields, uint8_t delimiter, const uint8_t *tokens,
                     const int64_t *offsets, uint8_t *to);

/* Return an upper bound for the number of occurrences of `text`, of at least two bytes: the
 * number of places that match its first two and its last two bytes. */
size_t fs_max_occurrences(const uint8_t *data, size_t len, const uint8_t *text, size_t text_len);

/* Find the lines that are not blank and return their number. A line ends with LF and is a
 * record of one field without trailing white space. `rows` needs room for the number of
 * line feeds plus one. */
size_t fs_lines(const uint8_t *data, size_t len, fs_csv_row *rows);

/* Set `texts` to these lines, without leading white space. */
void fs_line_texts(const uint8_t *data, const fs_csv_row *rows, size_t count, fs_text *texts);

/* Like fs_csv_signed, for lines of JSON objects. `member` is the text before a token, which
 * a quote follows. Lines that do not end with a brace are skipped. */
size_t fs_json_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                      const uint8_t *member, size_t member_len, const uint8_t *tokens,
                      const int64_t *offsets, uint8_t *to);

#endif
