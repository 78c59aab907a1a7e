# Declarations of csv.h.

from libc.stdint cimport int64_t, uint8_t

from text cimport fs_text

cdef extern from "text/csv.h" nogil:
    ctypedef struct fs_csv_row:
        size_t start
        size_t end
        size_t next
        size_t fields

    size_t fs_csv_rows(const uint8_t *data, size_t len, int final, uint8_t delimiter,
                       fs_csv_row *rows, size_t room)
    void fs_csv_column(const uint8_t *data, const fs_csv_row *rows, size_t count,
                       uint8_t delimiter, size_t column, fs_text *texts,
                       uint8_t *scratch)
    size_t fs_csv_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                         size_t fields, uint8_t delimiter, const uint8_t *tokens,
                         const int64_t *offsets, uint8_t *to)
    size_t fs_max_occurrences(const uint8_t *data, size_t len, const uint8_t *text,
                         size_t text_len)
    size_t fs_lines(const uint8_t *data, size_t len, fs_csv_row *rows)
    void fs_line_texts(const uint8_t *data, const fs_csv_row *rows, size_t count,
                       fs_text *texts)
    size_t fs_json_signed(const uint8_t *data, const fs_csv_row *rows, size_t count,
                          const uint8_t *member, size_t member_len, const uint8_t *tokens,
                          const int64_t *offsets, uint8_t *to)
