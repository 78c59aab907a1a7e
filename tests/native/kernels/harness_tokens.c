/* The harness: sign and verify tokens. See harness.c. */
#include "harness.h"
#include "system/thread_pool.h"

#define MAX_TOKENS 1000000

/* ---- batches ----------------------------------------------------------------------- */

struct job {
    const fs_batch_plan *plan;
    uint64_t first;
    uint8_t *base;
    size_t stride;
};

static void sign_slice(void *argument, size_t first, size_t count) {
    const struct job *job = argument;
    fs_batch_plan_sign(job->plan, job->first + first, count, job->base + first * job->stride,
                 job->stride, NULL);
}

/* Sign with three workers and this thread. The second half is published later. */
static int sign_by_pool(struct job *job, size_t n) {
    fs_thread_pool *pool = fs_thread_pool_new(sign_slice, job, n, 7, n / 2, 3);
    if (!pool) return -1;
    fs_thread_pool_work(pool, 1e9);
    fs_thread_pool_publish(pool, n);
    fs_thread_pool_work(pool, 1e9);
    fs_thread_pool_join(pool);
    return 0;
}

static const char *sign_places(const fs_batch_plan *plan, uint64_t first, size_t n) {
    uint8_t **places = or_die(malloc(n * sizeof *places));

    for (size_t i = 0; i < n; i++) places[i] = take(plan->text_len);
    fs_batch_plan_sign(plan, first, n, NULL, 0, places);
    for (size_t i = 0; i < n; i++) put_bytes(places[i], plan->text_len);
    free(places);
    return NULL;
}

static const char *sign_planned(const fs_batch_plan *plan, uint64_t first, size_t n,
                                const char *how) {
    struct job job = {plan, first, NULL, plan->text_len};

    if (!strcmp(how, "places")) return sign_places(plan, first, n);
    if (!strcmp(how, "lines"))
        job.stride++;
    else if (strcmp(how, "stride") && strcmp(how, "pool"))
        return "no such way to sign";
    job.base = take(n * job.stride);
    if (strcmp(how, "pool"))
        fs_batch_plan_sign(plan, first, n, job.base, job.stride, NULL);
    else if (sign_by_pool(&job, n))
        return "no pool";
    put_bytes(job.base, n * job.stride);
    return NULL;
}

/* Sign a batch, for "t1" and "jwt". */
static const char *sign_batch(char **fields, int jwt) {
    fs_engine engine;
    fs_key key;
    fs_nonce nonce;
    fs_batch_plan *plan;
    bytes secret, head, data, random;
    uint64_t first, n;
    const char *wrong;

    if (read_engine(fields[0], &engine)) return no_row;
    if (read_secret(fields[1], &secret) || read_bytes(fields[2], &head) ||
        read_bytes(fields[3], &data) || read_bytes(fields[4], &random))
        return no_hex;
    if (random.len != 24) return no_length;
    if (read_number(fields[5], &first) || read_number(fields[6], &n) || !n || n > MAX_TOKENS)
        return no_number;

    fs_key_init(&key, &engine, secret.at, secret.len);
    fs_nonce_start(&nonce, random.at);
    plan = or_die(malloc(sizeof *plan));
    if (jwt) {
        uint8_t *text = take(fs_jwt_length(head.len, data.len));
        fs_batch_plan_jwt(plan, &key, &nonce, head.at, head.len, data.at, data.len, text);
    } else {
        uint8_t *text = take(fs_t1_length(head.len, data.len));
        uint8_t *raw = or_die(malloc(head.len + 41 + data.len + FS_NONCE_DIGITS));
        fs_batch_plan_t1(plan, &key, &nonce, head.at, head.len, data.at, data.len, text, raw);
        free(raw); /* scratch memory: the plan must not use it again */
    }
    wrong = sign_planned(plan, first, (size_t)n, fields[7]);
    fs_wipe(plan, sizeof *plan);
    free(plan);
    fs_key_wipe(&key);
    return wrong;
}

const char *do_t1(char **fields, size_t count) {
    (void)count;
    return sign_batch(fields, 0);
}

const char *do_jwt(char **fields, size_t count) {
    (void)count;
    return sign_batch(fields, 1);
}

/* ---- rows -------------------------------------------------------------------------- */

/* Return the next item of a column: the text before the next comma. */
static char *next_item(char **list) {
    char *item = *list, *comma = item ? strchr(item, ',') : NULL;
    if (comma) *comma = 0;
    *list = comma ? comma + 1 : NULL;
    return item;
}

/* Parse a column of n texts. Returns NULL if it is invalid. */
static const fs_text *read_texts(char *list, size_t n) {
    fs_text *column = take_aligned(n * sizeof *column);

    for (size_t i = 0; i < n; i++) {
        const char *item = next_item(&list);
        bytes text;
        if (!item || read_bytes(item, &text)) return NULL;
        column[i] = (fs_text){text.at, text.len};
    }
    return column;
}

/* Parse a column of n numbers up to `most`, of one or four bytes. Returns NULL if it is
 * invalid. */
static void *read_numbers(char *list, size_t n, uint64_t most, size_t size) {
    uint8_t *column = take_aligned(n * size);

    for (size_t i = 0; i < n; i++) {
        const char *item = next_item(&list);
        uint64_t value;
        uint32_t four;
        if (!item || read_number(item, &value) || value > most) return NULL;
        four = (uint32_t)value;
        if (size == 1)
            column[i] = (uint8_t)value;
        else
            memcpy(column + 4 * i, &four, 4);
    }
    return column;
}

/* Parse a key, a run ID and row keys, and derive the nonces of the rows. Rows with a
 * repeated nonce are skipped. */
static const char *read_derived(fs_rows *rows, char *list, size_t n, const fs_engine *engine) {
    const char *key_field = next_item(&list), *run_field = next_item(&list);
    fs_nonce *nonces = take_aligned(n * sizeof *nonces);
    uint8_t *skip = take(n);
    size_t room = 2, *table;
    const fs_text *row_keys;
    fs_derive derive;
    bytes secret, run;
    fs_key key;

    if (!key_field || !run_field || read_secret(key_field, &secret) ||
        read_bytes(run_field, &run) || run.len > FS_MAX_ID)
        return "no such key or run";
    if (!(row_keys = read_texts(list, n))) return "not such a column";
    fs_key_init(&key, engine, secret.at, secret.len);
    fs_derive_prepare(&derive, &key, run.at, run.len);
    fs_derive_nonces(&derive, row_keys, n / 3, nonces);
    fs_derive_nonces(&derive, row_keys + n / 3, n - n / 3, nonces + n / 3);
    for (size_t i = 0; i < n; i++) skip[i] = !row_keys[i].len;
    while (room < 2 * n) room *= 2;
    table = or_die(calloc(room, sizeof *table));
    fs_find_repeated(nonces, n, skip, table, room);
    free(table);
    rows->nonces = nonces;
    rows->skip = skip;
    fs_wipe(&derive, sizeof derive);
    fs_key_wipe(&key);
    return NULL;
}

/* Set the column of the field NAME=ITEM,... */
static const char *read_column(fs_rows *rows, char *field, size_t n, const fs_engine *engine) {
    char *items = strchr(field, '=');
    const char *wrong = "not such a column";

    if (!items) return wrong;
    *items++ = 0;
    if (!strcmp(field, "derived")) return read_derived(rows, items, n, engine);
    if (!strcmp(field, "skip"))
        return (rows->skip = read_numbers(items, n, 1, 1)) ? NULL : wrong;
    for (int c = 0; c < FS_CLAIM_COUNT; c++) {
        const int type = fs_claims[c].type;
        if (strcmp(field, fs_claims[c].argument)) continue;
        rows->columns[c] = type == FS_TYPE_ROLE      ? read_numbers(items, n, 3, 1)
                           : type == FS_TYPE_SECONDS ? read_numbers(items, n, 2592000, 4)
                                                     : read_texts(items, n);
        return rows->columns[c] ? NULL : wrong;
    }
    return wrong;
}

/* Measure and sign in two parts, to test that the result does not depend on the
 * division. */
static void sign_in_parts(const fs_rows *rows, size_t n) {
    int64_t *offsets = take_aligned((n + 1) * sizeof *offsets);
    const size_t half = n / 2;
    uint8_t *base;

    offsets[0] = 0;
    fs_rows_lengths(rows, 0, half, offsets + 1);
    fs_rows_lengths(rows, half, n - half, offsets + 1 + half);
    for (size_t i = 0; i < n; i++) offsets[i + 1] += offsets[i];
    base = take((size_t)offsets[n]);
    fs_rows_sign(rows, 0, half, base, offsets);
    fs_rows_sign(rows, half, n - half, base, offsets);
    put_bytes(base, (size_t)offsets[n]);
}

/* Sign the only row, which is not skipped and has no derived nonce. */
static void sign_alone(const fs_rows *rows, size_t n) {
    int64_t length;
    uint8_t *token;

    if (n != 1) return;
    fs_rows_lengths(rows, 0, 1, &length);
    token = take((size_t)length);
    fs_rows_sign_one(rows, token, (size_t)length);
    put_bytes(token, (size_t)length);
}

/* Read the fields and sign, for "sign-rows" and "sign-one". */
static const char *sign_rows(char **fields, size_t count,
                             void (*sign)(const fs_rows *rows, size_t n)) {
    const int jwt = !strcmp(fields[0], "jwt");
    const char *wrong = NULL;
    fs_engine engine;
    fs_key key;
    fs_nonce nonce;
    fs_rows *rows;
    bytes secret, head, data, random;
    uint64_t create_time, n;
    uint8_t *text, *raw;

    if (!jwt && strcmp(fields[0], "t1")) return "no such kind of token";
    if (read_engine(fields[1], &engine)) return no_row;
    if (read_secret(fields[2], &secret) || read_bytes(fields[3], &head) ||
        read_bytes(fields[4], &data) || read_bytes(fields[5], &random))
        return no_hex;
    if (random.len != 24) return no_length;
    if (read_number(fields[6], &create_time) || read_number(fields[7], &n) || n > MAX_TOKENS)
        return no_number;

    fs_key_init(&key, &engine, secret.at, secret.len);
    fs_nonce_start(&nonce, random.at);
    rows = or_die(malloc(sizeof *rows));
    text = take(fs_rows_text(head.len, data.len));
    raw = or_die(malloc(head.len + 41 + data.len));
    fs_rows_prepare(rows, &key, &nonce, jwt, head.at, head.len, data.at, data.len, text, raw);
    free(raw); /* scratch memory: the rows must not use it again */
    rows->create_time = create_time;
    for (size_t i = 8; i < count && !wrong; i++)
        wrong = read_column(rows, fields[i], (size_t)n, &engine);
    if (!wrong) sign(rows, (size_t)n);
    fs_wipe(rows, sizeof *rows);
    free(rows);
    fs_key_wipe(&key);
    return wrong;
}

const char *do_sign_rows(char **fields, size_t count) {
    return sign_rows(fields, count, sign_in_parts);
}

const char *do_sign_one(char **fields, size_t count) {
    return sign_rows(fields, count, sign_alone);
}

/* ---- import of columns
 * ---------------------------------------------------------------- */

/* Like read_texts, but "none" is a missing value and "same" repeats the previous
 * pointer. */
static fs_text *read_some_texts(char *list, size_t n) {
    fs_text *column = take_aligned(n * sizeof *column);
    bytes text = {0};

    for (size_t i = 0; i < n; i++) {
        const char *item = next_item(&list);
        if (!item) return NULL;
        if (!strcmp(item, "none"))
            text = (bytes){0};
        else if (strcmp(item, "same") && read_bytes(item, &text))
            return NULL;
        column[i] = (fs_text){text.at, text.len};
    }
    return column;
}

/* Import texts in two parts and print the valid ones. "!" marks a text for which validation
 * in place has another result. */
static void import_in_parts(fs_column *column, size_t n) {
    const size_t parts[] = {n / 2, n - n / 2};
    fs_column in_place = *column;

    in_place.valid = take(n);
    fs_check_texts(&in_place, 0, n);
    for (size_t part = 0, first = 0; part < 2; first += parts[part++])
        fs_import_texts(column, first, parts[part],
                      take(fs_import_size(column, first, parts[part])));
    for (size_t i = 0; i < n; i++) {
        if (i) putchar(' ');
        if (in_place.valid[i] != column->valid[i]) putchar('!');
        if (!column->valid[i])
            putchar('x');
        else
            put_bytes(column->texts[i].data, column->texts[i].len);
    }
}

const char *do_import(char **fields, size_t count) {
    fs_engine engine;
    fs_column column;
    bytes api_key;
    uint64_t n;

    (void)count;
    memset(&column, 0, sizeof column);
    if (read_engine(fields[0], &engine)) return no_row;
    if (read_bytes(fields[2], &api_key)) return no_hex;
    if (read_number(fields[3], &n) || n > MAX_TOKENS) return no_number;
    column.codec = engine.codec;
    column.api_key = api_key.at;
    column.key_len = api_key.len;
    column.valid = take((size_t)n);
    column.texts = read_some_texts(fields[4], (size_t)n);
    if (!column.texts) return "not such a column";
    if (!strcmp(fields[1], "roles")) {
        uint8_t *roles = take((size_t)n);
        fs_import_roles(&column, 0, (size_t)n, roles);
        for (size_t i = 0; i < n; i++) {
            if (i) putchar(' ');
            putchar(column.valid[i] ? '0' + roles[i] : 'x');
        }
        return NULL;
    }
    column.type = !strcmp(fields[1], "sessions")  ? FS_TYPE_ID
                  : !strcmp(fields[1], "classes") ? FS_TYPE_NAMES
                                                  : FS_TYPE_TEXT;
    import_in_parts(&column, (size_t)n);
    return NULL;
}

/* ---- verification -------------------------------------------------------------------- */

/* Pass the tokens to the verifier in the form `how`. Returns -1 if it is unknown. */
static int hand_over(fs_verifier *verifier, const char *how, const fs_text *texts, size_t n) {
    const int by_length = !strcmp(how, "length");
    int64_t *offsets;
    uint8_t *base;
    size_t at = 0;

    if (!strcmp(how, "texts")) {
        verifier->tokens = texts;
        return 0;
    }
    if (!by_length && strcmp(how, "offsets")) return -1;
    offsets = take_aligned((n + 1) * sizeof *offsets);
    for (size_t i = 0; i < n; i++) {
        if (by_length && texts[i].len != texts[0].len) return -1;
        at += texts[i].len;
    }
    base = take(at);
    at = 0;
    for (size_t i = 0; i < n; i++) {
        offsets[i] = (int64_t)at;
        if (texts[i].len) memcpy(base + at, texts[i].data, texts[i].len);
        at += texts[i].len;
    }
    offsets[n] = (int64_t)at;
    verifier->base = base;
    if (by_length)
        verifier->length = n ? texts[0].len : 0;
    else
        verifier->offsets = offsets;
    return 0;
}

/* {"typ":"JWT","alg":"HS256"}, and the same with its members in reverse order. */
#define HEAD(text) {(const uint8_t *)text, sizeof text - 1}
static const fs_text heads[] = {
    HEAD("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."),
    HEAD("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."),
    HEAD("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9."), /* RS256 */
};

/* Verify the tokens in two parts and print the results. Returns an error message or
 * NULL. */
static const char *print_verdicts(fs_verifier *verifier, const char *how, char **fields, size_t n) {
    fs_text *texts = take_aligned(n * sizeof *texts);
    for (size_t i = 0; i < n; i++) {
        bytes token;
        if (read_bytes(fields[i], &token)) return no_hex;
        texts[i] = (fs_text){token.at, token.len};
    }
    if (hand_over(verifier, how, texts, n)) return "no such way to hand them over";
    verifier->results = take(n);
    verifier->times = take_aligned(n * sizeof *verifier->times);
    fs_verify(verifier, 0, n / 2);
    fs_verify(verifier, n / 2, n - n / 2);
    for (size_t i = 0; i < n; i++) putchar('0' + verifier->results[i]);
    return NULL;
}

const char *do_verify(char **fields, size_t count) {
    const char *problem;
    fs_engine engine;
    fs_key key;
    fs_verifier verifier = {0};
    fs_rsa rsa = {.exponent = (const uint8_t *)"\1\0\1", .exponent_len = 3};
    bytes secret, head, api_key, session;

    if (read_engine(fields[0], &engine)) return no_row;
    if (read_secret(fields[1], &secret) || read_bytes(fields[2], &head) ||
        read_bytes(fields[3], &api_key) || read_bytes(fields[4], &session))
        return no_hex;
    if (read_number(fields[5], &verifier.now) || read_number(fields[6], &verifier.leeway))
        return no_number;
    fs_key_init(&key, &engine, secret.at, secret.len);
    verifier.key = secret.len ? &key : NULL;
    verifier.rsa = &rsa;
    rsa.engine = engine;
    verifier.codec = engine.codec;
    rsa.size = head.len / 2, rsa.words = rsa.size / 8;
    rsa.modulus = head.at, rsa.square = head.at + rsa.size;
    verifier.head = head.at, verifier.head_len = head.len;
    verifier.api_key = api_key.len ? api_key.at : NULL, verifier.key_len = api_key.len;
    verifier.session = session.len ? session.at : NULL, verifier.session_len = session.len;
    verifier.jwt_heads = secret.len ? heads : heads + 2;
    verifier.jwt_heads_count = secret.len ? 2 : 1;
    verifier.hs256_heads_count = secret.len ? 2 : 0;
    problem = print_verdicts(&verifier, fields[7], fields + 8, count - 8);
    fs_key_wipe(&key);
    return problem;
}

const char *do_rsa(char **fields, size_t count) {
    fs_engine engine;
    fs_rsa rsa;
    bytes modulus, exponent, square, message, signature;

    (void)count;
    if (read_engine(fields[0], &engine)) return no_row;
    if (read_bytes(fields[1], &modulus) || read_bytes(fields[2], &exponent) ||
        read_bytes(fields[3], &square) || read_bytes(fields[4], &message) ||
        read_bytes(fields[5], &signature))
        return no_hex;
    rsa = (fs_rsa){engine, modulus.len, square.len / 8, modulus.at, square.at, exponent.at,
                   exponent.len};
    printf("%d", fs_rsa_verify(&rsa, message.at, message.len, signature.at, signature.len));
    return NULL;
}

const char *do_decode(char **fields, size_t count) {
    fs_engine engine;
    fs_verifier verifier = {
        .decode_only = 1,
        .jwt_heads = heads,
        .jwt_heads_count = 3,
        .hs256_heads_count = 2,
        .now = (uint64_t)1 << 62,
    };
    if (read_engine(fields[0], &engine)) return no_row;
    verifier.codec = engine.codec;
    return print_verdicts(&verifier, fields[1], fields + 2, count - 2);
}
