/* Comma-separated values, as RFC 4180 has them and as they are met: where records end,
 * where their fields are, and records with a field more. Lines of JSON objects, and objects
 * with a member more. */
#ifndef TOKBOX_CSV_H
#define TOKBOX_CSV_H

#include "text.h"

/* A record: its text from start to end, its line break from there to next. */
typedef struct fs_csv_row {
    size_t start;
    size_t end;
    size_t next;
    /* How many there are; 0 if a quote is still open where the data end. That quote is
     * then at end. */
    size_t fields;
} fs_csv_row;

/* How many records of at most `room` are whole in len bytes. With `final` nothing comes
 * behind them, so the last needs no line break. Empty lines are no records. Fields are
 * separated by `delimiter`, here and below. */
size_t fs_csv_rows(const uint8_t *data, size_t len, int final, uint8_t delimiter,
                   fs_csv_row *rows, size_t room);

/* The field `column` of each record, without its quotes; NULL where there is none. Texts
 * point into data, or to `scratch`, which is as long as data, for those whose quotes were
 * doubled. */
void fs_csv_column(const uint8_t *data, const fs_csv_row *rows, size_t count,
                   uint8_t delimiter, size_t column, fs_text *texts, uint8_t *scratch);

/* Write those records that have so many fields and a token that is not empty, each with
 * its token as a field more. Token i stands in tokens from offsets[i] to offsets[i + 1].
 * Returns how long that is; with to = NULL nothing is written. */
size_t fs_csv_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                     size_t fields, uint8_t delimiter, const uint8_t *tokens,
                     const int64_t *offsets, uint8_t *to);

/* An upper bound of how often `text`, of at least two bytes, occurs in data: the number of
 * places that match its first two and its last two bytes. */
size_t fs_max_occurrences(const uint8_t *data, size_t len, const uint8_t *text, size_t text_len);

/* Lines that are not blank, as records of one field, without the white space at their end.
 * A line ends with LF. There is room for as many as there are line feeds, and one more.
 * Returns how many. */
size_t fs_lines(const uint8_t *data, size_t len, fs_csv_row *rows);

/* Each of these lines without the white space before it, too. */
void fs_line_texts(const uint8_t *data, const fs_csv_row *rows, size_t count, fs_text *texts);

/* The same as fs_csv_signed for lines of JSON objects: `member` is what stands before a token,
 * which is followed by a quote. A line that does not end with a brace is left out. */
size_t fs_json_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                      const uint8_t *member, size_t member_len, const uint8_t *tokens,
                      const int64_t *offsets, uint8_t *to);

#endif
