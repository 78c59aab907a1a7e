/* The core without Python: one command a line on stdin, one answer a line on stdout.
 *
 * It exists to run the kernels where Python cannot go: under sanitizers, memcheck, or
 * another architecture's emulator. All data go in and out as hex, "-" is no bytes, and
 * every buffer is a piece of memory of its own, of exactly the documented size, so that
 * one byte too far is seen. What goes wrong is answered with "error: ...".
 *
 *     rows                                  HASH:ROW:STATE:LANES:SINGLE ... (fs_row_state;
 *                                           SINGLE = 1 if it can hash one message)
 *     hash HASH ROW MESSAGE...              digests of messages of one length, side by side
 *     macs HASH ROW KEY MESSAGE...          their HMACs, side by side
 *     monte HASH ROW SEED                   one round of FIPS 180's Monte Carlo test
 *     digest HASH ROW MESSAGE               by the row's function for one message
 *     hmac HASH ENGINE KEY MESSAGE          by a prepared key
 *     t1 ENGINE SECRET HEAD DATA RANDOM FIRST N HOW
 *                                           N tokens, as memory; HOW is
 *                                             places  each in a place of its own
 *                                             stride  one after another
 *                                             lines   the same with a line feed after each
 *                                             crew    as stride, by several threads
 *     quote BYTES
 *     base64 BYTES
 *     equal BYTES BYTES                     1 or 0
 *
 * HASH is 1 or 256; ENGINE is the name of a row, or "best".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastsign.h"
#include "workers.h"

typedef struct bytes {
    uint8_t *at;
    size_t len;
} bytes;

/* ---- memory: all that a command took is given back after its answer ---------------- */

static void **taken;
static size_t taken_count, taken_room;

static void *or_die(void *memory) {
    if (!memory) {
        fputs("harness: no memory\n", stderr);
        exit(3);
    }
    return memory;
}

static void *grow(void *memory, size_t size) { return or_die(realloc(memory, size)); }

/* `len` bytes that end where the allocation ends. Their alignment changes from one to
 * the next: nothing may rely on it. */
static uint8_t *take(size_t len) {
    size_t offset = taken_count % 17;
    uint8_t *memory = or_die(malloc(len + offset ? len + offset : 1));

    if (taken_count == taken_room) {
        taken_room = taken_room ? 2 * taken_room : 64;
        taken = grow(taken, taken_room * sizeof *taken);
    }
    taken[taken_count++] = memory;
    return memory + offset;
}

static void give_back(void) {
    while (taken_count) free(taken[--taken_count]);
}

/* ---- fields ------------------------------------------------------------------------ */

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* 0, or -1 if it is not hex. */
static int read_bytes(const char *field, bytes *value) {
    size_t digits = strcmp(field, "-") ? strlen(field) : 0;

    if (digits % 2) return -1;
    value->len = digits / 2;
    value->at = take(value->len);
    for (size_t i = 0; i < value->len; i++) {
        int high = hex_digit(field[2 * i]), low = hex_digit(field[2 * i + 1]);
        if (high < 0 || low < 0) return -1;
        value->at[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int read_number(const char *field, uint64_t *value) {
    char *end;
    errno = 0;
    *value = strtoull(field, &end, 10);
    return errno || end == field || *end ? -1 : 0;
}

static int read_hash(const char *field) {
    return !strcmp(field, "1") ? 1 : !strcmp(field, "256") ? 256 : 0;
}

static size_t digest_words(int hash) { return hash == 1 ? 5 : 8; }

/* A usable row, or NULL. */
static const fs_hash_row *read_row(int hash, const char *name) {
    const fs_hash_row *row;
    for (size_t i = 0; (row = fs_row(hash, i)); i++)
        if (!strcmp(row->name, name) && fs_row_state(row) == 1) return row;
    return NULL;
}

static int read_engine(const char *name, fs_engine *engine) {
    return fs_engine_select(engine, strcmp(name, "best") ? name : NULL);
}

/* ---- answers ----------------------------------------------------------------------- */

static void put_bytes(const uint8_t *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    char text[512];
    size_t used = 0;

    if (!len) putchar('-');
    for (size_t i = 0; i < len; i++) {
        text[used++] = digits[data[i] >> 4];
        text[used++] = digits[data[i] & 15];
        if (used == sizeof text || i + 1 == len) {
            fwrite(text, 1, used, stdout);
            used = 0;
        }
    }
}

static void put_digest(const uint32_t *state, int hash) {
    for (size_t j = 0; j < digest_words(hash); j++) printf("%08lx", (unsigned long)state[j]);
}

/* ---- commands: NULL, or what is wrong with the fields ------------------------------- */

static const char no_hash[] = "no such hash", no_row[] = "no usable row of that name",
                  no_hex[] = "not hex", no_length[] = "the messages differ in length";

static const char *do_rows(char **fields, size_t count) {
    static const int hashes[] = {1, 256};
    const fs_hash_row *row;
    const char *space = "";

    (void)fields, (void)count;
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; (row = fs_row(hashes[h], i)); i++, space = " ")
            printf("%s%d:%s:%d:%u:%d", space, hashes[h], row->name, fs_row_state(row),
                   row->lanes, row->compress != NULL);
    return NULL;
}

/* Hash messages of one length side by side, from `inner` on, which stands for `before`
 * bytes; and from there to HMACs if there is an `outer`. */
static void hash_many(const fs_hash_row *row, const uint32_t *inner, const uint32_t *outer,
                      uint64_t before, const bytes *messages, size_t count,
                      fs_state *digests) {
    const uint8_t **tails = or_die(calloc(count, sizeof *tails));
    size_t len = messages[0].len, blocks = (len + 9 + FS_BLOCK - 1) / FS_BLOCK;

    for (size_t i = 0; i < count; i++) {
        uint8_t *tail = take(blocks * FS_BLOCK);
        if (len) memcpy(tail, messages[i].at, len);
        fs_pad(tail, len, before + len);
        tails[i] = tail;
    }
    row->mac_many(inner, outer, tails, blocks, digests, count);
    free((void *)tails);
}

/* What "hash" and "macs" share: the messages read, the digests written. */
static const char *answer_many(int hash, const fs_hash_row *row, const uint32_t *inner,
                               const uint32_t *outer, uint64_t before, char **fields,
                               size_t count) {
    bytes *messages = or_die(calloc(count, sizeof *messages));
    fs_state *digests = or_die(malloc(count * sizeof *digests));
    const char *wrong = NULL;

    for (size_t i = 0; i < count && !wrong; i++) {
        if (read_bytes(fields[i], &messages[i]))
            wrong = no_hex;
        else if (messages[i].len != messages[0].len)
            wrong = no_length;
    }
    if (!wrong) {
        hash_many(row, inner, outer, before, messages, count, digests);
        for (size_t i = 0; i < count; i++) {
            if (i) putchar(' ');
            put_digest(digests[i], hash);
        }
    }
    free(digests);
    free(messages);
    return wrong;
}

static const char *do_hash(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    const fs_hash_row *row;

    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    return answer_many(hash, row, fs_initial(hash), NULL, 0, fields + 2, count - 2);
}

static const char *do_macs(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    const fs_hash_row *row;
    const char *wrong;
    fs_engine engine;
    fs_key key;
    bytes secret;

    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    if (read_bytes(fields[2], &secret)) return no_hex;
    if (read_engine("portable", &engine)) return no_row;
    fs_key_init(&key, &engine, secret.at, secret.len);
    wrong = answer_many(hash, row, hash == 1 ? key.sha1_inner : key.sha256_inner,
                        hash == 1 ? key.sha1_outer : key.sha256_outer, FS_BLOCK, fields + 3,
                        count - 3);
    fs_key_wipe(&key);
    return wrong;
}

/* A thousand times: the digest of the last three digests. */
static const char *do_monte(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    const size_t words = digest_words(hash), len = 4 * words;
    const fs_hash_row *row;
    bytes seed, message;
    fs_state digest;

    (void)count;
    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    if (read_bytes(fields[2], &seed)) return no_hex;
    if (seed.len != len) return "the seed is not a digest";
    message = (bytes){take(3 * len), 3 * len};
    for (size_t i = 0; i < 3; i++) memcpy(message.at + i * len, seed.at, len);
    for (int i = 0; i < 1000; i++) {
        hash_many(row, fs_initial(hash), NULL, 0, &message, 1, &digest);
        memmove(message.at, message.at + len, 2 * len);
        for (size_t j = 0; j < words; j++)
            for (size_t b = 0; b < 4; b++)
                message.at[2 * len + 4 * j + b] = (uint8_t)(digest[j] >> (24 - 8 * b));
    }
    put_digest(digest, hash);
    return NULL;
}

static const char *do_digest(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    size_t whole, rest;
    const fs_hash_row *row;
    uint32_t *state;
    uint8_t *tail;
    bytes message;

    (void)count;
    if (!hash) return no_hash;
    if (!(row = read_row(hash, fields[1]))) return no_row;
    if (!row->compress) return "that row hashes many only";
    if (read_bytes(fields[2], &message)) return no_hex;
    state = or_die(malloc(sizeof(fs_state)));
    memcpy(state, fs_initial(hash), sizeof(fs_state));
    whole = message.len / FS_BLOCK * FS_BLOCK, rest = message.len - whole;
    row->compress(state, message.at, whole / FS_BLOCK);
    tail = take(rest + 72);
    if (rest) memcpy(tail, message.at + whole, rest);
    row->compress(state, tail, fs_pad(tail, rest, message.len));
    put_digest(state, hash);
    free(state);
    return NULL;
}

static const char *do_hmac(char **fields, size_t count) {
    int hash = read_hash(fields[0]);
    fs_engine engine;
    fs_key key;
    bytes secret, message;
    uint8_t *mac;

    (void)count;
    if (!hash) return no_hash;
    if (read_engine(fields[1], &engine)) return no_row;
    if (read_bytes(fields[2], &secret) || read_bytes(fields[3], &message)) return no_hex;
    mac = take(4 * digest_words(hash));
    fs_key_init(&key, &engine, secret.at, secret.len);
    if (hash == 1)
        fs_hmac_sha1(&key, message.at, message.len, mac);
    else
        fs_hmac_sha256(&key, message.at, message.len, mac);
    fs_key_wipe(&key);
    put_bytes(mac, 4 * digest_words(hash));
    return NULL;
}

struct job {
    const fs_plan *plan;
    uint64_t first;
    uint8_t *base;
    size_t stride;
};

static void sign_slice(void *argument, size_t first, size_t count) {
    const struct job *job = argument;
    fs_plan_sign(job->plan, job->first + first, count, job->base + first * job->stride,
                 job->stride, NULL);
}

/* Three threads and this one, and half of the work shown to them late. */
static int sign_by_crew(struct job *job, size_t n) {
    fs_crew *crew = fs_crew_new(sign_slice, job, n, 7, n / 2, 3);
    if (!crew) return -1;
    fs_crew_work(crew, 1e9);
    fs_crew_publish(crew, n);
    fs_crew_work(crew, 1e9);
    fs_crew_join(crew);
    return 0;
}

static const char *sign_places(const fs_plan *plan, uint64_t first, size_t n) {
    uint8_t **places = or_die(malloc(n * sizeof *places));

    for (size_t i = 0; i < n; i++) places[i] = take(plan->text_len);
    fs_plan_sign(plan, first, n, NULL, 0, places);
    for (size_t i = 0; i < n; i++) put_bytes(places[i], plan->text_len);
    free(places);
    return NULL;
}

static const char *sign_planned(const fs_plan *plan, uint64_t first, size_t n,
                                const char *how) {
    struct job job = {plan, first, NULL, plan->text_len};

    if (!strcmp(how, "places")) return sign_places(plan, first, n);
    if (!strcmp(how, "lines"))
        job.stride++;
    else if (strcmp(how, "stride") && strcmp(how, "crew"))
        return "no such way to sign";
    job.base = take(n * job.stride);
    if (strcmp(how, "crew"))
        fs_plan_sign(plan, first, n, job.base, job.stride, NULL);
    else if (sign_by_crew(&job, n))
        return "no crew";
    put_bytes(job.base, n * job.stride);
    return NULL;
}

static const char *do_t1(char **fields, size_t count) {
    fs_engine engine;
    fs_key key;
    fs_nonce nonce;
    fs_plan *plan;
    bytes secret, head, data, random;
    uint64_t first, n;
    uint8_t *text, *raw;
    const char *wrong;

    (void)count;
    if (read_engine(fields[0], &engine)) return no_row;
    if (read_bytes(fields[1], &secret) || read_bytes(fields[2], &head) ||
        read_bytes(fields[3], &data) || read_bytes(fields[4], &random))
        return no_hex;
    if (random.len != 24) return "a nonce begins with 24 bytes";
    if (read_number(fields[5], &first) || read_number(fields[6], &n) || !n || n > 1000000)
        return "not a number of tokens";

    fs_key_init(&key, &engine, secret.at, secret.len);
    fs_nonce_start(&nonce, random.at);
    plan = or_die(malloc(sizeof *plan));
    text = take(fs_t1_length(head.len, data.len));
    raw = or_die(malloc(head.len + 41 + data.len + FS_NONCE_DIGITS));
    fs_plan_t1(plan, &key, &nonce, head.at, head.len, data.at, data.len, text, raw);
    free(raw); /* scratch: the plan may not look at it again */
    wrong = sign_planned(plan, first, (size_t)n, fields[7]);
    fs_wipe(plan, sizeof *plan);
    free(plan);
    fs_key_wipe(&key);
    return wrong;
}

static const char *do_quote(char **fields, size_t count) {
    bytes in;
    uint8_t *out;

    (void)count;
    if (read_bytes(fields[0], &in)) return no_hex;
    out = take(3 * in.len);
    put_bytes(out, fs_quote_plus(out, in.at, in.len));
    return NULL;
}

static const char *do_base64(char **fields, size_t count) {
    bytes in;
    uint8_t *out;

    (void)count;
    if (read_bytes(fields[0], &in)) return no_hex;
    out = take(fs_base64_length(in.len));
    fs_base64(out, in.at, in.len);
    put_bytes(out, fs_base64_length(in.len));
    return NULL;
}

static const char *do_equal(char **fields, size_t count) {
    bytes a, b;

    (void)count;
    if (read_bytes(fields[0], &a) || read_bytes(fields[1], &b)) return no_hex;
    if (a.len != b.len) return no_length;
    putchar(fs_equal(a.at, b.at, a.len) ? '1' : '0');
    return NULL;
}

#define MOST_FIELDS 256

static const struct command {
    const char *name;
    size_t least, most;
    const char *(*run)(char **fields, size_t count);
} commands[] = {
    {"rows", 0, 0, do_rows},     {"hash", 3, MOST_FIELDS, do_hash},
    {"macs", 4, MOST_FIELDS, do_macs}, {"monte", 3, 3, do_monte},
    {"digest", 3, 3, do_digest}, {"hmac", 4, 4, do_hmac},
    {"t1", 8, 8, do_t1},     {"quote", 1, 1, do_quote},
    {"base64", 1, 1, do_base64}, {"equal", 2, 2, do_equal},
};

static const char *answer(char *line) {
    char *fields[MOST_FIELDS];
    size_t count = 0;
    char *name = strtok(line, " \r\n"), *field;

    if (!name) return "an empty line";
    while ((field = strtok(NULL, " \r\n"))) {
        if (count == MOST_FIELDS) return "too many fields";
        fields[count++] = field;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->name, name)) continue;
        if (count < command->least || count > command->most) return "wrong number of fields";
        return command->run(fields, count);
    }
    return "no such command";
}

/* The next line, however long; NULL at the end. */
static char *read_line(char **line, size_t *room) {
    size_t used = 0;

    for (;;) {
        if (*room - used < 2) *line = grow(*line, *room = *room ? 2 * *room : 1 << 16);
        if (!fgets(*line + used, (int)(*room - used), stdin)) return used ? *line : NULL;
        used += strlen(*line + used);
        if ((*line)[used - 1] == '\n') return *line;
    }
}

int main(void) {
    char *line = NULL;
    size_t room = 0;

    fs_init();
    while (read_line(&line, &room)) {
        const char *wrong = answer(line);
        if (wrong) printf("error: %s", wrong);
        putchar('\n');
        give_back();
    }
    free(line);
    free(taken);
    return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
