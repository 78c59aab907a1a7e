/* Sign tokens with different claims: one token for each row of claims.
 *
 * The constant claims come first and are hashed and encoded once. The claims of the row and
 * the nonce follow:
 *
 *     T1     create_time=...&role=publisher  &session_id=...&connection_data=...  &nonce=...
 *     JWT    {"iss":...,"iat":...,"role":..., "session_id":...,"connection_data":..., "jti":...}
 *            '--------- constant ---------'   '---------------- row ----------------'
 *
 * Messages are built for a few dozen rows at a time. Those with the same number of blocks
 * are hashed in parallel.
 */
#include "internal.h"

#define SIG_DIGITS 40
#define SIG_JWT 43
#define GROUP FS_MAX_MIXED
/* The longest row: 1000 characters in each text, where each character has four bytes and
 * each byte is escaped to three characters. */
#define IS_TEXT(claim, type, argument, t1, jwt) \
    +(FS_TYPE_##type == FS_TYPE_TEXT || FS_TYPE_##type == FS_TYPE_NAMES)
#define MAX_ROW (1600 + 12000 * (0 FS_CLAIMS(IS_TEXT)))
#define SCRATCH (2 * MAX_ROW)
/* Sufficient for most rows. */
#define SMALL_ROW 1536

static size_t url_length(size_t len) { return (4 * len + 2) / 3; }

/* ---- the constant part ------------------------------------------------------------- */

size_t fs_rows_text(size_t head_len, size_t data_len) {
    return 8 + fs_base64_length(head_len + SIG_DIGITS + 1 + data_len);
}

void fs_rows_prepare(fs_rows *rows, const fs_key *key, const fs_nonce *nonce, int jwt,
                     const uint8_t *head, size_t head_len, const uint8_t *data,
                     size_t data_len, uint8_t *text, uint8_t *raw) {
    const uint8_t *hashed = jwt ? text : data;
    size_t hashed_len, whole, groups;

    memset(rows, 0, sizeof *rows);
    rows->jwt = jwt;
    rows->nonce = *nonce;
    rows->text = text;
    rows->codec = key->engine.codec;
    rows->hash = jwt ? key->engine.sha256 : key->engine.sha1;
    memcpy(rows->inner, jwt ? key->sha256_inner : key->sha1_inner, sizeof rows->inner);
    memcpy(rows->outer, jwt ? key->sha256_outer : key->sha1_outer, sizeof rows->outer);

    if (jwt) {
        groups = data_len / 3 * 3;
        memcpy(text, head, head_len);
        fs_base64url(rows->codec, text + head_len, data, groups);
        rows->text_len = head_len + groups / 3 * 4;
        rows->raw_len = data_len - groups;
        memcpy(rows->raw, data + groups, rows->raw_len);
        hashed_len = rows->text_len;
    } else {
        size_t raw_len = head_len + SIG_DIGITS + 1 + data_len;
        memcpy(raw, head, head_len);
        memset(raw + head_len, '0', SIG_DIGITS);
        raw[head_len + SIG_DIGITS] = ':';
        memcpy(raw + head_len + SIG_DIGITS + 1, data, data_len);
        groups = raw_len / 3 * 3;
        memcpy(text, "T1==", 4);
        fs_base64(rows->codec, text + 4, raw, groups);
        rows->text_len = 4 + groups / 3 * 4;
        rows->sig_offset = 4 + head_len / 3 * 4;
        fs_t1_set_frame(&rows->frame, head, head_len, data);
        hashed_len = data_len;
    }
    whole = hashed_len / FS_BLOCK * FS_BLOCK;
    rows->hash.compress(rows->inner, hashed, whole / FS_BLOCK);
    rows->hashed = FS_BLOCK + whole;
    /* The incomplete group may begin up to two bytes before the incomplete block. */
    rows->start_skip = !jwt && whole ? 2 : 0;
    rows->start_len = hashed_len - whole + rows->start_skip;
    memcpy(rows->start, hashed + whole - rows->start_skip, rows->start_len);
    if (!jwt) rows->start_raw = rows->start_len - (head_len + SIG_DIGITS + 1 + data_len - groups);
}

/* Caller-owned strings are scattered in memory, so prefetch them some rows ahead. */
#define PREFETCH_ROWS 16

FS_INLINE void prefetch_text(const fs_text *column, size_t i, size_t end) {
    if (column && end - i > PREFETCH_ROWS) {
        FS_PREFETCH(column[i + PREFETCH_ROWS].data);
        FS_PREFETCH(column[i + PREFETCH_ROWS].data + FS_BLOCK);
    }
}

/* Prefetch the memory of a token, which is written after its group is hashed. Large batches
 * do not fit into the cache. */
FS_INLINE void prefetch_destination(uint8_t *to, size_t len) {
    for (size_t line = 0; line < len; line += FS_BLOCK) FS_PREFETCH_WRITE(to + line);
}

static size_t token_length(const fs_rows *rows, size_t i) {
    size_t len = fs_claims_length(rows, i) + FS_NONCE_NAME + FS_NONCE_DIGITS;
    if (rows->jwt)
        return rows->text_len + url_length(rows->raw_len + len + 2) + 1 + SIG_JWT;
    return rows->text_len +
           fs_base64_length(rows->start_len - rows->start_raw + len);
}

void fs_rows_lengths(const fs_rows *rows, size_t first, size_t count, int64_t *lengths) {
    for (size_t i = first; i < first + count; i++) {
        prefetch_text(rows->columns[FS_CONNECTION_DATA], i, first + count);
        lengths[i - first] =
            rows->skip && rows->skip[i] ? 0 : (int64_t)token_length(rows, i);
    }
}

/* ---- many rows ------------------------------------------------------------------------ */

/* A row that is built but not hashed yet. */
struct job {
    uint8_t *to;            /* destination of the token */
    const uint8_t *message; /* the bytes to hash after rows->inner, padded */
    size_t blocks;
    const uint8_t *source;  /* T1: bytes to encode; JWT: text to copy */
    size_t source_len;
};

/* Increment the digits of a nonce. */
FS_INLINE void next_nonce(uint8_t *digits) {
    int j = FS_NONCE_DIGITS - 1;
    while (++digits[j] > '9') digits[j--] = '0';
}

/* Build the message of row i at `at`. Returns its end, where the next row may begin. `raw`
 * is scratch memory for the claims of a JWT. */
static uint8_t *build(const fs_rows *rows, size_t i, const uint8_t *nonce, uint8_t *at,
                      uint8_t *raw, struct job *job) {
    uint8_t *message = at + rows->start_skip, *end;

    memcpy(at, rows->start, rows->start_len);
    if (rows->jwt) {
        memcpy(raw, rows->raw, rows->raw_len);
        end = fs_put_nonce_name(1, fs_put_claims(rows, i, raw + rows->raw_len));
        end = fs_put(end, nonce, FS_NONCE_DIGITS);
        end = fs_put(end, FS_JWT_END, 2);
        job->source = at + rows->start_len;
        job->source_len =
            fs_base64url(rows->codec, at + rows->start_len, raw, (size_t)(end - raw));
        end = at + rows->start_len + job->source_len;
    } else {
        end = fs_put_nonce_name(0, fs_put_claims(rows, i, at + rows->start_len));
        end = fs_put(end, nonce, FS_NONCE_DIGITS);
        job->source = at + rows->start_raw;
        job->source_len = (size_t)(end - job->source);
    }
    size_t len = (size_t)(end - message);
    job->message = message;
    job->blocks = fs_pad(message, len, rows->hashed + len);
    return message + job->blocks * FS_BLOCK;
}

/* Write the token of a hashed row. */
static void write_token(const fs_rows *rows, const struct job *job, const uint32_t *digest) {
    uint8_t *behind = job->to + rows->text_len;
    memcpy(job->to, rows->text, rows->text_len);
    if (rows->jwt) {
        behind = fs_put(behind, job->source, job->source_len);
        *behind++ = '.';
        fs_jwt_signature(rows->codec, behind, digest);
    } else {
        fs_base64(rows->codec, behind, job->source, job->source_len);
        fs_t1_signature(rows->codec, &rows->frame, job->to + rows->sig_offset, digest);
    }
}

/* Hash all jobs and write their tokens. */
static void finish(const fs_rows *rows, const struct job *jobs, size_t count) {
    const uint8_t *messages[GROUP];
    size_t blocks[GROUP];
    fs_state digests[GROUP];

    for (size_t j = 0; j < count; j++) {
        messages[j] = jobs[j].message;
        blocks[j] = jobs[j].blocks;
    }
    fs_mac_mixed(&rows->hash, rows->inner, rows->outer, messages, blocks, digests, count);
    for (size_t j = 0; j < count; j++) write_token(rows, &jobs[j], digests[j]);
}

void fs_rows_sign(const fs_rows *rows, size_t first, size_t count, uint8_t *base,
                  const int64_t *offsets) {
    uint8_t scratch[SCRATCH], raw[MAX_ROW], *at = scratch;
    struct job jobs[GROUP];
    uint8_t nonce[FS_NONCE_DIGITS];
    size_t ready = 0;

    if (!rows->nonces) fs_nonce_digits(nonce, &rows->nonce, first);
    for (size_t i = first; i < first + count; i++) {
        size_t length = (size_t)(offsets[i + 1] - offsets[i]);
        prefetch_text(rows->columns[FS_CONNECTION_DATA], i, first + count);
        prefetch_text(rows->columns[FS_SESSION_ID], i, first + count);
        if (rows->nonces)
            fs_nonce_digits(nonce, &rows->nonces[i], 0);
        else if (i != first)
            next_nonce(nonce);
        if (rows->skip && rows->skip[i]) continue;
        /* A row needs less memory than its token and three blocks. */
        if (ready == GROUP || (size_t)(scratch + SCRATCH - at) < length + 3 * FS_BLOCK) {
            finish(rows, jobs, ready);
            ready = 0;
            at = scratch;
        }
        prefetch_destination(base + offsets[i], length);
        at = build(rows, i, nonce, at, raw, &jobs[ready]);
        jobs[ready++].to = base + offsets[i];
    }
    finish(rows, jobs, ready);
}

/* Like fs_rows_sign for row 0, without tens of kilobytes of stack: faulting in the stack
 * costs more than the rounds of a kernel. */
void fs_rows_sign_one(const fs_rows *rows, uint8_t *to, size_t length) {
    uint8_t at[SMALL_ROW], raw[SMALL_ROW], nonce[FS_NONCE_DIGITS];
    struct job job;
    fs_state digest;

    if (length + 3 * FS_BLOCK > SMALL_ROW) {
        const int64_t offsets[] = {0, (int64_t)length};
        fs_rows_sign(rows, 0, 1, to, offsets);
        return;
    }
    fs_nonce_digits(nonce, &rows->nonce, 0);
    build(rows, 0, nonce, at, raw, &job);
    job.to = to;
    fs_mac(&rows->hash, rows->inner, rows->outer, &job.message, job.blocks, &digest, 1);
    write_token(rows, &job, digest);
    fs_wipe_stack_of_kernel();
}
