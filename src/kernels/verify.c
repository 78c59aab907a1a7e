/* Whether T1 tokens hold, many at a time.
 *
 * A token passes here only if all of it is as expected: its text, its signature, its
 * times, its session. Whatever is merely unusual (another SDK's field, say) is left to a
 * closer look, as is all that is wrong, so that the reasons are told in one place.
 */
#include "internal.h"

#define SIG_DIGITS 40
#define AT_ONCE 32
#define ARENA 49152
#define DAYS_30 2592000
#define HOURS_24 86400

/* A token on its way. */
struct job {
    size_t row;
    const uint8_t *data; /* what was signed, padded */
    size_t len, blocks;
    uint32_t mac[5];
};

/* Decode whole groups of base64, in either alphabet; 0 if anything is not as it should
 * be. Returns the number of bytes. */
static size_t decode(uint8_t *raw, const uint8_t *text, size_t len) {
    uint8_t *to = raw;
    size_t padding;

    if (len < 4 || len % 4) return 0;
    padding = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    len -= padding ? 4 : 0;
    if (!fs_base64_decode(to, text, len)) return 0;
    to += len / 4 * 3;
    if (padding) {
        const uint8_t *end = text + len;
        uint32_t a = fs_base64_value[end[0]], b = fs_base64_value[end[1]];
        uint32_t c = padding == 2 ? 0 : fs_base64_value[end[2]];
        uint32_t v = a << 18 | b << 12 | c << 6;
        if ((a | b | c) > 63) return 0;
        if (v & (padding == 2 ? 0xffff : 0xff)) return 0; /* bits that nobody would see */
        *to++ = (uint8_t)(v >> 16);
        if (padding == 1) *to++ = (uint8_t)(v >> 8);
    }
    return (size_t)(to - raw);
}

/* Take a token apart into `at`; 0 if it is not as expected. */
static int take_apart(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct job *job) {
    const size_t before = verifier->head_len + SIG_DIGITS + 1;
    const uint8_t *hex;
    size_t raw_len;
    uint32_t bad = 0;

    if (token->len < 8 || memcmp(token->data, "T1==", 4)) return 0;
    raw_len = decode(at, token->data + 4, token->len - 4);
    if (raw_len <= before || memcmp(at, verifier->head, verifier->head_len) ||
        at[before - 1] != ':')
        return 0;
    hex = at + verifier->head_len;
    for (int w = 0; w < 5; w++) {
        uint32_t word = 0;
        for (int j = 0; j < 8; j++) {
            uint8_t digit = fs_hex_value[*hex++];
            bad |= digit;
            word = word << 4 | (digit & 15);
        }
        job->mac[w] = word;
    }
    if (bad > 15) return 0;
    job->data = at + before;
    job->len = raw_len - before;
    job->blocks = fs_pad(at + before, job->len, FS_BLOCK + job->len);
    return 1;
}

/* Whether a form value is well-formed: complete %XX, which make UTF-8 (RFC 3629). */
static int is_text(const uint8_t *value, size_t len) {
    uint32_t more = 0, low = 0x80, high = 0xbf; /* bytes to follow, and where the next lies */

    for (size_t i = 0; i < len; i++) {
        uint8_t c = value[i];
        if (c == '%') {
            uint8_t a, b;
            if (len - i < 3) return 0;
            a = fs_hex_value[value[i + 1]];
            b = fs_hex_value[value[i + 2]];
            if ((a | b) > 15) return 0;
            c = (uint8_t)(a << 4 | b);
            i += 2;
        }
        if (more) {
            if (c < low || c > high) return 0;
            low = 0x80, high = 0xbf;
            more--;
        } else if (c >= 0x80) {
            if (c < 0xc2 || c > 0xf4) return 0;
            more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
            if (c == 0xe0) low = 0xa0;   /* not what is shorter */
            if (c == 0xed) high = 0x9f;  /* not a surrogate */
            if (c == 0xf0) low = 0x90;
            if (c == 0xf4) high = 0x8f;  /* not beyond Unicode */
        }
    }
    return !more;
}

static int seconds(const uint8_t *value, size_t len, uint64_t *result) {
    if (!len || len > 12) return 0;
    *result = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9') return 0;
        *result = *result * 10 + (uint64_t)(value[i] - '0');
    }
    return 1;
}

#define IS(name) (name_len == sizeof name - 1 && !memcmp(field, name, sizeof name - 1))

/* The last session that was found to be the project's: in most batches there are few. */
struct known {
    uint8_t session[256];
    size_t len;
};

static int is_session(const fs_verifier *verifier, const uint8_t *id, size_t len,
                      struct known *known) {
    if (verifier->session &&
        (len != verifier->session_len || memcmp(id, verifier->session, len)))
        return 0;
    if (len == known->len && len && !memcmp(id, known->session, len)) return 1;
    if (!fs_session_of(id, len, verifier->api_key, verifier->key_len)) return 0;
    memcpy(known->session, id, len);
    known->len = len;
    return 1;
}

/* Whether what a token says is as expected, now and for this project. */
static int says_well(const fs_verifier *verifier, const uint8_t *data, size_t len,
                     struct known *known) {
    const uint8_t *field = data, *end = data + len;
    uint64_t created = 0, expires = 0;
    unsigned seen = 0;

    for (;;) {
        const uint8_t *stop = memchr(field, '&', (size_t)(end - field)), *value;
        size_t name_len, value_len;
        unsigned bit;
        if (!stop) stop = end;
        value = memchr(field, '=', (size_t)(stop - field));
        if (!value) return 0;
        name_len = (size_t)(value++ - field);
        value_len = (size_t)(stop - value);

        if (IS("session_id")) {
            bit = 1;
            if (!is_session(verifier, value, value_len, known)) return 0;
        } else if (IS("create_time")) {
            bit = 2;
            if (!seconds(value, value_len, &created)) return 0;
        } else if (IS("expire_time")) {
            bit = 4;
            if (!seconds(value, value_len, &expires)) return 0;
        } else if (IS("role")) {
            bit = 8;
            if (!fs_is_role(value, value_len)) return 0;
        } else if (IS("nonce")) {
            bit = 16;
            if (!is_text(value, value_len)) return 0;
        } else if (IS("connection_data")) {
            bit = 32;
            if (!is_text(value, value_len)) return 0;
        } else if (IS("initial_layout_class_list")) {
            bit = 64;
            if (!is_text(value, value_len)) return 0;
        } else {
            return 0;
        }
        if (seen & bit) return 0;
        seen |= bit;
        if (stop == end) break;
        field = stop + 1;
    }
    if ((seen & 3) != 3) return 0;
    if (!(seen & 4)) expires = created + HOURS_24;
    return expires <= created + DAYS_30 && created <= verifier->now + verifier->leeway &&
           expires > verifier->now;
}

/* Hash what was taken apart, those of one length side by side, and judge it. */
static void finish(const fs_verifier *verifier, struct job *jobs, size_t count,
                   struct known *known) {
    const fs_key *key = verifier->key;
    const uint8_t *messages[AT_ONCE];
    const struct job *chosen[AT_ONCE];
    fs_state digests[AT_ONCE];

    for (size_t j = 0; j < count; j++) {
        size_t blocks = jobs[j].blocks, same = 0;
        if (!blocks) continue; /* done with an earlier one */
        for (size_t k = j; k < count; k++) {
            if (jobs[k].blocks != blocks) continue;
            messages[same] = jobs[k].data;
            chosen[same++] = &jobs[k];
            jobs[k].blocks = 0;
        }
        fs_mac(&key->engine.sha1, key->sha1_inner, key->sha1_outer, messages, blocks, digests,
               same);
        for (size_t s = 0; s < same; s++) {
            /* In constant time: nothing depends on where the two differ. */
            volatile uint32_t difference = 0;
            for (int w = 0; w < 5; w++) difference |= digests[s][w] ^ chosen[s]->mac[w];
            verifier->good[chosen[s]->row] =
                difference == 0 && says_well(verifier, chosen[s]->data, chosen[s]->len, known);
        }
    }
}

void fs_verify(const fs_verifier *verifier, size_t first, size_t count) {
    uint8_t arena[ARENA], *at = arena;
    struct job jobs[AT_ONCE];
    struct known known;
    size_t ready = 0;

    known.len = 0;
    for (size_t i = first; i < first + count; i++) {
        fs_text token;
        if (verifier->tokens)
            token = verifier->tokens[i];
        else if (verifier->offsets)
            token = (fs_text){verifier->base + verifier->offsets[i],
                              (size_t)(verifier->offsets[i + 1] - verifier->offsets[i])};
        else
            token = (fs_text){verifier->base + i * verifier->length, verifier->length};
        verifier->good[i] = 0;
        if (token.len > ARENA) continue;
        /* Decoded and padded, a token takes less room than it is long, and two blocks. */
        if (ready == AT_ONCE || (size_t)(arena + ARENA - at) < token.len + 2 * FS_BLOCK) {
            finish(verifier, jobs, ready, &known);
            ready = 0;
            at = arena;
            if ((size_t)ARENA < token.len + 2 * FS_BLOCK) continue;
        }
        if (take_apart(verifier, &token, at, &jobs[ready])) {
            at += token.len + 2 * FS_BLOCK;
            jobs[ready++].row = i;
        }
    }
    finish(verifier, jobs, ready, &known);
}
