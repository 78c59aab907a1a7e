/* Fuzz rows. The first byte selects the form and the columns, the second one the number of
 * rows; the rest are lines with the values. All engines must write the same tokens, in one
 * part or in two, to memory of exactly the measured size. Every T1 token must have the
 * signature of its claims. */
#include "fuzz.h"

enum { JWT = 1, SESSIONS = 2, TEXTS = 4, CLASSES = 8, ROLES = 16, EXPIRIES = 32, SKIPS = 64 };
enum { MAX_ROWS = 40 };

static const uint8_t secret[] = "example0secret", t1_head[] = "partner_id=40000123&sig=",
                     jwt_head[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
                     t1_data[] = "create_time=1700000100", jwt_data[] = "{\"iat\":1700000100,";
#define LEN(text) (sizeof text - 1)

/* Return the next line, or an empty one at the end. */
static fs_text line(const uint8_t **at, size_t *left) {
    const uint8_t *end = *left ? memchr(*at, '\n', *left) : NULL;
    fs_text found = {*at, end ? (size_t)(end - *at) : *left};
    *left -= end ? found.len + 1 : found.len;
    *at += end ? found.len + 1 : found.len;
    return found;
}

struct columns {
    fs_text sessions[MAX_ROWS], texts[MAX_ROWS], classes[MAX_ROWS];
    uint8_t roles[MAX_ROWS], skips[MAX_ROWS];
    uint32_t expiries[MAX_ROWS];
};

static void read_columns(struct columns *columns, size_t n, const uint8_t *at, size_t left) {
    for (size_t i = 0; i < n; i++) {
        fs_text text = line(&at, &left);
        uint8_t first = text.len ? text.data[0] : 0;
        columns->texts[i] = text;
        columns->sessions[i] = line(&at, &left);
        columns->classes[i] = line(&at, &left);
        columns->roles[i] = first & 3;
        columns->skips[i] = first % 7 == 1;
        columns->expiries[i] = first & 4 ? 0 : first * 11111u; /* at most 30 days */
    }
}

static void choose(fs_rows *rows, const struct columns *columns, unsigned chosen) {
    rows->create_time = 1700000100;
    rows->columns[FS_SESSION_ID] = chosen & SESSIONS ? columns->sessions : NULL;
    rows->columns[FS_CONNECTION_DATA] = chosen & TEXTS ? columns->texts : NULL;
    rows->columns[FS_LAYOUT_CLASSES] = chosen & CLASSES ? columns->classes : NULL;
    rows->columns[FS_ROLE] = chosen & ROLES ? columns->roles : NULL;
    rows->columns[FS_EXPIRATION] = chosen & EXPIRIES ? columns->expiries : NULL;
    rows->skip = chosen & SKIPS ? columns->skips : NULL;
}

/* Sign the rows before `cut` and the other rows separately. Returns memory of offsets[n]
 * bytes. */
static uint8_t *sign(const fs_key *key, const struct columns *columns, unsigned chosen, size_t n,
                     size_t cut, int64_t *offsets) {
    static const uint8_t random[24] = {7};
    const int jwt = chosen & JWT;
    const uint8_t *head = jwt ? jwt_head : t1_head, *data = jwt ? jwt_data : t1_data;
    const size_t head_len = jwt ? LEN(jwt_head) : LEN(t1_head);
    const size_t data_len = jwt ? LEN(jwt_data) : LEN(t1_data);
    const size_t text_len = fs_rows_text(head_len, data_len), raw_len = head_len + 41 + data_len;
    uint8_t *text = room(text_len), *raw = room(raw_len), *base;
    fs_nonce nonce;
    fs_rows rows;

    fs_nonce_start(&nonce, random);
    fs_rows_prepare(&rows, key, &nonce, jwt, head, head_len, data, data_len, text, raw);
    release(raw, raw_len);
    choose(&rows, columns, chosen);
    offsets[0] = 0;
    fs_rows_lengths(&rows, 0, cut, offsets + 1);
    fs_rows_lengths(&rows, cut, n - cut, offsets + 1 + cut);
    for (size_t i = 0; i < n; i++) {
        MUST(!offsets[i + 1] == (rows.skip && rows.skip[i]));
        offsets[i + 1] += offsets[i];
    }
    base = room((size_t)offsets[n]);
    fs_rows_sign(&rows, 0, cut, base, offsets);
    fs_rows_sign(&rows, cut, n - cut, base, offsets);
    release(text, text_len);
    return base;
}

/* Check that the signature of a T1 token is the MAC of its claims. */
static void has_its_signature(const fs_key *key, const uint8_t *token, size_t len) {
    const size_t padding = (token[len - 1] == '=') + (size_t)(token[len - 2] == '=');
    const size_t raw_len = (len - 4) / 4 * 3, said = LEN(t1_head) + 41;
    uint8_t *text = copy(token + 4, len - 4), *raw = room(raw_len), mac[20];
    char hex[41];

    for (size_t i = 0; i < padding; i++) text[len - 5 - i] = 'A';
    MUST(!memcmp(token, "T1==", 4) && fs_base64_decode(key->engine.codec, raw, text, len - 4));
    fs_hmac_sha1(key, raw + said, raw_len - padding - said, mac);
    for (size_t i = 0; i < 20; i++) sprintf(hex + 2 * i, "%02x", mac[i]);
    MUST(!memcmp(raw + LEN(t1_head), hex, 40));
    release(text, len - 4);
    release(raw, raw_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t first_offsets[MAX_ROWS + 1], offsets[MAX_ROWS + 1];
    uint8_t *first = NULL, *base;
    struct columns columns;
    fs_engine found;
    fs_key key;
    unsigned chosen;
    size_t n;

    if (size < 2 || data[0] & 0x80) return 0;
    chosen = data[0], n = data[1] % (MAX_ROWS + 1);
    read_columns(&columns, n, data + 2, size - 2);
    for (size_t i = 0; engine(i, &found); i++) {
        fs_key_init(&key, &found, secret, LEN(secret));
        base = sign(&key, &columns, chosen, n, i ? n / 2 : 0, i ? offsets : first_offsets);
        if (!i) {
            first = base;
            continue;
        }
        MUST(!memcmp(offsets, first_offsets, (n + 1) * sizeof *offsets));
        MUST(same(base, first, (size_t)offsets[n]));
        release(base, (size_t)offsets[n]);
    }
    for (size_t i = 0; i < n && !(chosen & JWT); i++)
        if (first_offsets[i] < first_offsets[i + 1])
            has_its_signature(&key, first + first_offsets[i],
                              (size_t)(first_offsets[i + 1] - first_offsets[i]));
    release(first, (size_t)first_offsets[n]);
    return 0;
}
