/* Run the C core without Python: one command per line on stdin, one answer per line on
 * stdout.
 *
 * The harness runs the kernels where Python cannot run: under sanitizers, memcheck, or the
 * emulator of another architecture. All data are in hex; "-" is no bytes. Every buffer is a
 * separate allocation of exactly the documented size, so that an overflow is detected. The
 * answer to an error is "error: ...".
 *
 *     rows                                  HASH:BACKEND:STATE:LANES:SINGLE ... (see
 *                                           fs_backend_state; SINGLE = 1 if it can hash one
 *                                           message)
 *     stranger                              fs_backend_state of an unknown backend
 *     hash HASH BACKEND MESSAGE...          digests of messages of one length, in parallel
 *     macs HASH BACKEND KEY MESSAGE...      their HMACs, in parallel
 *     monte HASH BACKEND SEED               one round of FIPS 180's Monte Carlo test
 *     digest HASH BACKEND MESSAGE           by the backend's function for one message
 *     hmac HASH ENGINE KEY MESSAGE          by a prepared key
 *     t1 ENGINE SECRET HEAD DATA RANDOM FIRST N HOW
 *                                           N tokens; HOW is
 *                                             places  each in a separate buffer
 *                                             stride  in one buffer
 *                                             lines   in one buffer, with line feeds
 *                                             pool    as stride, by several threads
 *     jwt ENGINE SECRET HEAD DATA RANDOM FIRST N HOW
 *     sign-rows KIND ENGINE SECRET HEAD DATA RANDOM CREATED N COLUMN=ITEM,...
 *                                           the tokens of all rows, without gaps; a role is
 *                                           its index, "skip" is a column, too
 *     sign-one KIND ENGINE SECRET HEAD DATA RANDOM CREATED 1 COLUMN=ITEM,...
 *                                           the token of one row, with fs_rows_sign_one
 *     import ENGINE COLUMN APIKEY N ITEM,...  import N texts as sessions, data, classes or
 *                                           roles: each valid text, or x; "none" is a
 *                                           missing value, "same" repeats the previous
 *                                           pointer
 *     verify ENGINE SECRET HEAD APIKEY SESSION NOW LEEWAY HOW TOKEN...
 *                                           the result for each token; HOW is texts,
 *                                           offsets, or length if all have the same; an
 *                                           empty SECRET is for RS256: HEAD is then the
 *                                           modulus and the square (see fs_rsa), APIKEY the
 *                                           application ID, or empty
 *     decode ENGINE HOW TOKEN...            1 for each token that can be decoded, else 0
 *     rsa ENGINE MODULUS EXPONENT SQUARE MESSAGE SIGNATURE
 *                                           1 or 0
 *     pool N SLICE READY WORKERS            how often each of N items was processed, if the
 *                                           pool is stopped after the first READY items and
 *                                           before the others are published
 *     pause                                 1 if time passes in fs_pause
 *     touch BYTES                           the bytes, after their pages were prefaulted
 *     advise REFUSED                        "advised" if huge pages were requested, else
 *                                           "none"; with 1, the system refuses the request
 *     fresh BYTES SYSTEM                    "huge" if a buffer was prefaulted in huge pages, or
 *                                           "gave up", or "ordinary"; SYSTEM is cheap or
 *                                           dear (the cost of huge pages), refused, or used
 *                                           (reused memory)
 *     codec ENGINE [OTHER]                  the codec of a key of that engine, after another
 *                                           key was created with the engine OTHER
 *     quote ENGINE BYTES
 *     base64 ENGINE BYTES
 *     base64url ENGINE BYTES
 *     equal SECRET BYTES                    1 or 0
 *     leak branch SECRET                    1 if all bytes are zero, with branches that
 *                                           depend on the secret
 *     leak address SECRET                   the lowest bit of the first byte, with an
 *                                           address that depends on the secret
 *
 * HASH is 1 or 256; ENGINE is the name of a backend, or "best". The commands of
 * harness_csv.c are described there.
 */
#include "harness.h"

#include <errno.h>

const char no_hash[] = "no such hash", no_row[] = "no usable row of that name",
           no_hex[] = "not hex", no_length[] = "the lengths differ",
           no_number[] = "not a number that will do";

/* ---- memory, freed after the answer to a command ----------------------------------- */

static void **taken;
static size_t taken_count, taken_room;

void *or_die(void *memory) {
    if (!memory) {
        fputs("harness: no memory\n", stderr);
        exit(3);
    }
    return memory;
}

static void *grow(void *memory, size_t size) { return or_die(realloc(memory, size)); }

static uint8_t *keep(uint8_t *memory) {
    if (taken_count == taken_room) {
        taken_room = taken_room ? 2 * taken_room : 64;
        taken = grow(taken, taken_room * sizeof *taken);
    }
    taken[taken_count++] = memory;
    return memory;
}

uint8_t *take(size_t len) {
    size_t offset = taken_count % 17;
    return keep(or_die(malloc(len + offset ? len + offset : 1))) + offset;
}

void *take_aligned(size_t len) { return keep(or_die(malloc(len ? len : 1))); }

static void release(void) {
    while (taken_count) free(taken[--taken_count]);
}

/* ---- fields ------------------------------------------------------------------------ */

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

int read_bytes(const char *field, bytes *value) {
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

int read_secret(const char *field, bytes *value) {
    if (read_bytes(field, value)) return -1;
    hide(value->at, value->len);
    return 0;
}

int read_number(const char *field, uint64_t *value) {
    char *end;
    errno = 0;
    *value = strtoull(field, &end, 10);
    return errno || end == field || *end ? -1 : 0;
}

int read_hash(const char *field) {
    return !strcmp(field, "1") ? 1 : !strcmp(field, "256") ? 256 : 0;
}

int read_engine(const char *name, fs_engine *engine) {
    return fs_engine_select(engine, strcmp(name, "best") ? name : NULL);
}

/* ---- secrets ----------------------------------------------------------------------- */

#if defined(FS_CTGRIND)
#include <valgrind/memcheck.h>
void hide(void *at, size_t len) { (void)VALGRIND_MAKE_MEM_UNDEFINED(at, len); }
void show(const void *at, size_t len) { (void)VALGRIND_MAKE_MEM_DEFINED(at, len); }
#else
void hide(void *at, size_t len) { (void)at, (void)len; }
void show(const void *at, size_t len) { (void)at, (void)len; }
#endif

/* ---- answers ----------------------------------------------------------------------- */

void put_bytes(const uint8_t *data, size_t len) {
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

const char *do_codec(char **fields, size_t count) {
    fs_engine engine;
    fs_key keys[2];

    for (size_t i = 0; i < count; i++) {
        if (read_engine(fields[i], &engine)) return no_row;
        fs_key_init(&keys[i], &engine, NULL, 0);
    }
    fputs(fs_codec_name(keys[0].engine.codec), stdout);
    return NULL;
}

const char *do_quote(char **fields, size_t count) {
    fs_engine engine;
    bytes in;
    uint8_t *out;

    (void)count;
    if (read_engine(fields[0], &engine)) return no_row;
    if (read_bytes(fields[1], &in)) return no_hex;
    out = take(3 * in.len);
    put_bytes(out, fs_quote_plus(engine.codec, out, in.at, in.len));
    return NULL;
}

const char *do_base64(char **fields, size_t count) {
    fs_engine engine;
    bytes in;
    uint8_t *out;

    (void)count;
    if (read_engine(fields[0], &engine)) return no_row;
    if (read_bytes(fields[1], &in)) return no_hex;
    out = take(fs_base64_length(in.len));
    fs_base64(engine.codec, out, in.at, in.len);
    put_bytes(out, fs_base64_length(in.len));
    return NULL;
}

const char *do_base64url(char **fields, size_t count) {
    fs_engine engine;
    bytes in;
    uint8_t *out;
    size_t len;

    (void)count;
    if (read_engine(fields[0], &engine)) return no_row;
    if (read_bytes(fields[1], &in)) return no_hex;
    out = take((4 * in.len + 2) / 3 + 2);
    len = fs_base64url(engine.codec, out, in.at, in.len);
    put_bytes(out, len);
    return NULL;
}

const char *do_equal(char **fields, size_t count) {
    bytes a, b;
    int equal;

    (void)count;
    if (read_secret(fields[0], &a) || read_bytes(fields[1], &b)) return no_hex;
    if (a.len != b.len) return no_length;
    equal = fs_equal(a.at, b.at, a.len);
    show(&equal, sizeof equal);
    putchar(equal ? '1' : '0');
    return NULL;
}

/* Operations that kernels must not use, to test that memcheck reports them. */
const char *do_leak(char **fields, size_t count) {
    static const char table[2] = {'0', '1'};
    bytes secret;
    size_t at = 0;
    char answer;

    (void)count;
    if (read_secret(fields[1], &secret)) return no_hex;
    if (!strcmp(fields[0], "branch")) {
        while (at < secret.len && !secret.at[at]) at++;
        answer = table[at == secret.len];
    } else if (!strcmp(fields[0], "address") && secret.len) {
        answer = table[secret.at[0] & 1];
    } else {
        return "no such leak";
    }
    show(&answer, 1);
    putchar(answer);
    return NULL;
}

static const struct command {
    const char *name;
    size_t least, most;
    command_fn *run;
} commands[] = {
    {"rows", 0, 0, do_rows},
    {"stranger", 0, 0, do_stranger},
    {"hash", 3, MAX_FIELDS, do_hash},
    {"macs", 4, MAX_FIELDS, do_macs},
    {"monte", 3, 3, do_monte},
    {"digest", 3, 3, do_digest},
    {"hmac", 4, 4, do_hmac},
    {"t1", 8, 8, do_t1},
    {"jwt", 8, 8, do_jwt},
    {"sign-rows", 8, MAX_FIELDS, do_sign_rows},
    {"sign-one", 8, MAX_FIELDS, do_sign_one},
    {"import", 5, 5, do_import},
    {"verify", 8, MAX_FIELDS, do_verify},
    {"decode", 2, MAX_FIELDS, do_decode},
    {"rsa", 6, 6, do_rsa},
    {"csv", 4, 4, do_csv},
    {"most-often", 2, 2, do_most_often},
    {"lines", 2, 2, do_lines},
    {"pool", 4, 4, do_pool},
    {"pause", 0, 0, do_pause},
    {"touch", 1, 1, do_touch},
    {"advise", 1, 1, do_advise},
    {"fresh", 2, 2, do_fresh},
    {"codec", 1, 2, do_codec},
    {"quote", 2, 2, do_quote},
    {"base64", 2, 2, do_base64},
    {"base64url", 2, 2, do_base64url},
    {"equal", 2, 2, do_equal},
    {"leak", 2, 2, do_leak},
};

static const char *answer(char *line) {
    char *fields[MAX_FIELDS];
    size_t count = 0;
    char *name = strtok(line, " \r\n"), *field;

    if (!name) return "an empty line";
    while ((field = strtok(NULL, " \r\n"))) {
        if (count == MAX_FIELDS) return "too many fields";
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

/* Read the next line, of any length. Returns NULL at the end. */
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
        release();
    }
    free(line);
    free(taken);
    return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
