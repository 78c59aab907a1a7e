/* The signing core: everything that Cython may see of it.
 *
 * Read in this order: this file, batch.c (a batch), hmac.c (prepared keys), then one
 * of the sha1_*.c. Nothing here knows Python, allocates memory, or can fail: whoever
 * calls has checked the input and owns the memory.
 */
#ifndef TOKBOX_FASTSIGN_H
#define TOKBOX_FASTSIGN_H

#include "text.h"

/* ---- hashing rows ------------------------------------------------------------- */

/* A hash state is always eight words; SHA-1 uses the first five. */
#define FS_STATE_WORDS 8
typedef uint32_t fs_state[FS_STATE_WORDS];
#define FS_BLOCK 64

/* HMAC, many messages side by side. Every message starts from the same inner state
 * (what came before it is already hashed) and consists of `blocks` whole blocks at
 * tails[i], padding included. digests[i] receives the MAC as host-order words; with
 * outer = NULL, the inner hash itself. */
typedef void fs_mac_many_fn(const uint32_t *inner, const uint32_t *outer,
                            const uint8_t *const *tails, size_t blocks,
                            fs_state *digests, size_t count);

/* One message: feed whole blocks to a state. */
typedef void fs_compress_fn(uint32_t *state, const uint8_t *data, size_t blocks);

/* One implementation of a hash for one instruction set. */
typedef struct fs_hash_backend {
    const char *name;
    unsigned needs;           /* FS_CPU_* bits that must all be present */
    unsigned lanes;           /* messages hashed side by side */
    fs_compress_fn *compress; /* NULL where only many at once make sense */
    fs_mac_many_fn *mac_many;
} fs_hash_backend;

/* The rows in use for one hash: `one` for a single message, `many` for batches. */
typedef struct fs_hash {
    fs_compress_fn *compress;
    fs_mac_many_fn *mac_few, *mac_many;
    unsigned few;   /* at most so many messages are few */
    unsigned lanes;
    const char *one_name, *many_name;
} fs_hash;

typedef struct fs_codec fs_codec;

/* The implementations that a key uses. */
typedef struct fs_engine {
    fs_hash sha1;
    fs_hash sha256;
    const fs_codec *codec; /* NULL: tables only */
} fs_engine;

/* Build the tables, ask the CPU, check every row against known answers. To be called
 * once, before anything else. */
void fs_init(void);

/* Fill `engine` with the rows called `name`, or with the best ones if name is NULL or
 * empty. Return 0, or -1 if there is no usable row of that name (nothing is changed). */
int fs_engine_select(fs_engine *engine, const char *name);

/* What mac_many does, by the row that is best for so many messages. */
void fs_mac(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
            const uint8_t *const *tails, size_t blocks, fs_state *digests, size_t count);

/* Row i of SHA-1 (hash = 1) or SHA-256 (hash = 256), best first; NULL after the last. */
const fs_hash_backend *fs_backend(int hash, size_t i);

/* 1 = usable, 0 = the CPU lacks it, -1 = it gave a wrong answer and was dropped. */
int fs_backend_state(const fs_hash_backend *row);

/* The name of a codec, "portable" for NULL. */
const char *fs_codec_name(const fs_codec *codec);

/* ---- keys --------------------------------------------------------------------- */

/* A secret, prepared: the states after HMAC's inner and outer key blocks (RFC 2104).
 * As good as the secret itself: wipe it. */
typedef struct fs_key {
    fs_engine engine;
    uint32_t sha1_inner[FS_STATE_WORDS], sha1_outer[FS_STATE_WORDS];
    uint32_t sha256_inner[FS_STATE_WORDS], sha256_outer[FS_STATE_WORDS];
} fs_key;

void fs_key_init(fs_key *key, const fs_engine *engine, const uint8_t *secret, size_t len);
void fs_key_wipe(fs_key *key);
void fs_hmac_sha1(const fs_key *key, const uint8_t *message, size_t len, uint8_t mac[20]);
void fs_hmac_sha256(const fs_key *key, const uint8_t *message, size_t len, uint8_t mac[32]);

/* Compare without telling by the time taken where they differ. 1 if equal. */
int fs_equal(const uint8_t *a, const uint8_t *b, size_t len);
void fs_wipe(void *memory, size_t len);

/* Wipe what functions that have returned left on the stack: compilers spill registers, and
 * in those of a kernel are the states of a key, once for each lane. */
void fs_wipe_stack(void);

/* Pad the end of a message (FIPS 180-4, section 5.1.1): `used` bytes stand in `tail`,
 * `total` are hashed in all. Returns the number of blocks; `tail` needs room for
 * used + 72 bytes. */
size_t fs_pad(uint8_t *tail, size_t used, uint64_t total);

/* Where SHA-1 (hash = 1) and SHA-256 (hash = 256) begin. */
const uint32_t *fs_initial(int hash);

/* ---- text --------------------------------------------------------------------- */

size_t fs_base64_length(size_t len); /* with padding */
void fs_base64(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len);

/* In the alphabet of URLs, without padding. Writes up to two characters more than the
 * length, (4 * len + 2) / 3, which is returned. */
size_t fs_base64url(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len);

/* Decode either alphabet, without padding. Returns the bytes, or 0 if a character is of neither,
 * the length is none that encoders write, or unused bits of the last character are not 0. */
size_t fs_base64_raw(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len);

/* Percent-encode UTF-8 as a form value: A-Z a-z 0-9 - . _ ~ stay, a space becomes "+",
 * all else %XX in upper case. Returns the length; `out` needs 3 * len bytes. */
size_t fs_quote_plus(const fs_codec *codec, uint8_t *out, const uint8_t *in, size_t len);
size_t fs_quote_plus_length(const fs_codec *codec, const uint8_t *in, size_t len);

/* Write decimal digits, at most 20; return how many. */
size_t fs_decimal(uint8_t *to, uint64_t value);

/* Escape UTF-8 as the inside of a JSON string (RFC 8259, section 7): only what must be.
 * Returns the length; `out` needs 6 * len bytes. */
size_t fs_json_escape(uint8_t *out, const uint8_t *in, size_t len);
size_t fs_json_escape_length(const uint8_t *in, size_t len);

/* ---- a batch of tokens that differ in their nonce only --------------------------- */

#define FS_NONCE_DIGITS 27

/* 27 decimal digits as three limbs of nine, most significant first. */
typedef struct fs_nonce {
    uint64_t limb[3];
} fs_nonce;

/* Turn 24 random bytes into a start from which 10^18 can be counted on without passing
 * 27 digits; its first digit is never 0. */
void fs_nonce_start(fs_nonce *nonce, const uint8_t random[24]);

/* Bytes of a run's id, and of a row's key, at most. */
#define FS_MAX_ID 255

/* How a run's rows get nonces that can be made again; see derive.c. As good as the key
 * that it was made of: wipe it. */
typedef struct fs_derive {
    fs_hash hash;
    uint32_t inner[FS_STATE_WORDS]; /* after the whole blocks of what all rows share */
    uint32_t outer[FS_STATE_WORDS];
    uint64_t hashed;                /* bytes in `inner`, key block included */
    uint8_t start[FS_BLOCK];        /* what of it is still to be hashed */
    size_t start_len;
} fs_derive;

/* `key` serves no other purpose than this one. */
void fs_derive_prepare(fs_derive *derive, const fs_key *key, const uint8_t *run_id, size_t len);

/* Derive the nonces of `count` rows from their keys. */
void fs_derive_nonces(const fs_derive *derive, const fs_text *row_keys, size_t count,
                      fs_nonce *nonces);

/* Set skip[i] to 2 in each row that has the nonce of an earlier one; return whether there
 * are any. Rows that are skipped count for nothing. `table` holds `room` zeros, a power of
 * two and at least 2 * count. */
int fs_find_repeated(const fs_nonce *nonces, size_t count, uint8_t *skip, size_t *table,
                     size_t room);

/* The fourteen base64 groups that hold the signature of a T1 token, 40 hex digits. */
#define FS_T1_FRAME 42 /* bytes, of which 56 characters are made */
typedef struct fs_t1_frame {
    unsigned align;           /* bytes before the digits: 0 to 2 */
    uint8_t raw[FS_T1_FRAME]; /* what is constant; zeros where the digits belong */
} fs_t1_frame;

/* Everything about a batch that is the same for all of its tokens. */
typedef struct fs_plan {
    int jwt;                        /* 0: T1, 1: JWT with HS256 */
    fs_hash hash;
    const fs_codec *codec;
    uint32_t inner[FS_STATE_WORDS]; /* after all whole blocks before the nonce */
    uint32_t outer[FS_STATE_WORDS];
    fs_nonce nonce;                 /* of token 0 */

    uint8_t tail[2 * FS_BLOCK + 8]; /* what remains to be hashed, padded */
    unsigned tail_blocks;           /* 1 or 2 */
    unsigned tail_nonce;            /* where the nonce begins in it */
    uint8_t tail_after[4];          /* T1: the bytes that follow the nonce in it */

    const uint8_t *text;            /* the token up to the nonce's first group */
    size_t text_len;                /* of the whole token */
    size_t nonce_offset, nonce_len; /* the groups with the nonce, and what ends the payload */
    size_t sig_offset;              /* the signature, or its first group */
    fs_t1_frame frame;

    unsigned partial;               /* digits in the nonce's last, incomplete group: 0-2; */
    uint8_t nonce_head[2];          /* as many bytes stand before it in its first group */
} fs_plan;

/* Length of a T1 token whose parts have these lengths (see fs_plan_t1). */
size_t fs_t1_length(size_t head_len, size_t data_len);

/* Prepare T1 tokens.
 *   head  "partner_id=KEY&sig="
 *   data  everything that is signed, up to and including "nonce="
 *   text  memory for the token's text: fs_t1_length(...) bytes, kept by the plan
 *   raw   scratch of head_len + 41 + data_len + 27 bytes, free again on return */
void fs_plan_t1(fs_plan *plan, const fs_key *key, const fs_nonce *nonce,
                const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                uint8_t *text, uint8_t *raw);

/* Length of a JWT whose parts have these lengths (see fs_plan_jwt). */
size_t fs_jwt_length(size_t head_len, size_t data_len);

/* Prepare JWTs.
 *   head  the encoded header and its dot
 *   data  the payload's JSON, up to and including "jti":" (what ends it is added)
 *   text  memory for the token's text: fs_jwt_length(...) bytes, kept by the plan */
void fs_plan_jwt(fs_plan *plan, const fs_key *key, const fs_nonce *nonce,
                 const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                 uint8_t *text);

/* Sign tokens first ... first + count - 1. Token i goes to places[i - first] or, if that
 * is NULL, to base + (i - first) * stride; with stride > text_len a '\n' follows it. */
void fs_plan_sign(const fs_plan *plan, uint64_t first, size_t count,
                  uint8_t *base, size_t stride, uint8_t *const *places);

/* ---- rows: tokens that differ in what they say ----------------------------------- */

/* The claims of n tokens, as columns. What is the same for all was written into the
 * constant part; its column is NULL. Everything has been checked, and stays as it is. */
typedef struct fs_rows {
    int jwt;
    fs_hash hash;
    const fs_codec *codec;
    uint32_t inner[FS_STATE_WORDS]; /* after the whole blocks of the constant part */
    uint32_t outer[FS_STATE_WORDS];
    fs_nonce nonce;                 /* of row 0 */
    uint64_t create_time;

    const uint8_t *text;            /* whole groups of the constant part, as text */
    size_t text_len;
    size_t sig_offset;              /* T1 */
    fs_t1_frame frame;
    uint64_t hashed;                /* bytes in `inner`, key block included */
    uint8_t start[FS_BLOCK + 2];    /* what of the constant part is still to be hashed; */
    size_t start_len;
    size_t start_skip;              /* T1: so many bytes of it are in `inner` already, */
    size_t start_raw;               /* and from here on it is still to be encoded */
    uint8_t raw[2];                 /* JWT: what of it is still to be encoded */
    size_t raw_len;

    const fs_text *session_id;
    const uint8_t *role;            /* index into the roles, in their order in rows.c */
    const fs_text *connection_data;
    const uint32_t *expiration;     /* seconds; 0 leaves it to the service */
    const fs_text *classes;
    const uint8_t *skip;            /* rows that are not to be signed, or NULL */
    const fs_nonce *nonces;         /* of each row, or NULL: they count on from `nonce` */
} fs_rows;

/* Bytes of memory for `text` that fs_rows_prepare needs at most. */
size_t fs_rows_text(size_t head_len, size_t data_len);

/* Prepare the constant part: `head` as for a plan, `data` the constant claims (T1: each
 * but the first with its "&" before it; JWT: each with its "," behind it). Columns are
 * set by the caller. `text` is kept; `raw` is scratch of head_len + 41 + data_len bytes. */
void fs_rows_prepare(fs_rows *rows, const fs_key *key, const fs_nonce *nonce, int jwt,
                     const uint8_t *head, size_t head_len, const uint8_t *data,
                     size_t data_len, uint8_t *text, uint8_t *raw);

/* Write the claims of row i that have columns, in the form of `data`; return their end. */
uint8_t *fs_put_claims(const fs_rows *rows, size_t i, uint8_t *to);
size_t fs_claims_length(const fs_rows *rows, size_t i);

/* Write the name of the nonce, which follows the claims; return its end. */
#define FS_NONCE_NAME 7
uint8_t *fs_put_nonce_name(int jwt, uint8_t *to);

/* Write the lengths of tokens first ... to lengths[0] ...; 0 for a row that is skipped. */
void fs_rows_lengths(const fs_rows *rows, size_t first, size_t count, int64_t *lengths);

/* Sign rows first ... first + count - 1, row i to base + offsets[i]. */
void fs_rows_sign(const fs_rows *rows, size_t first, size_t count, uint8_t *base,
                  const int64_t *offsets);

/* Return 1 for class names of printable ASCII, joined by single spaces, and for no names: at
 * most 1000 characters. */
int fs_are_names(const uint8_t *text, size_t len);

/* Sign row 0 alone, whose token has that length, to `to`. */
void fs_rows_sign_one(const fs_rows *rows, uint8_t *to, size_t length);

/* Find the owner in a session id, which is decoded to `raw`, of FS_SESSION_BYTES bytes. Returns
 * its length, or 0 if this is no id as the service writes them today. */
#define FS_SESSION_BYTES 256
#define FS_MIN_SESSION 34 /* characters; those of the service have more */
size_t fs_session_owner(const fs_codec *codec, const uint8_t *id, size_t len, uint8_t *raw,
                        const uint8_t **owner);

/* Whether this is a session id of that API key as the service writes them today. A 0
 * only means that the slow path must check it. */
int fs_session_of(const fs_codec *codec, const uint8_t *id, size_t len, const uint8_t *api_key,
                  size_t key_len);

/* The role of that name, as an index in their order in rows.c; -1 if there is none. */
int fs_role_of(const uint8_t *name, size_t len);

/* ---- import of columns ------------------------------------------------------------ */

/* The import of a column of texts: see import_columns.c. Set all fields after `good` to zero. */
typedef struct fs_import {
    enum { FS_SESSIONS, FS_DATA, FS_CLASSES } column;
    const fs_codec *codec;  /* decodes session ids */
    const uint8_t *api_key; /* whose sessions */
    size_t key_len;
    fs_text *texts;         /* good ones are copied, and then point to their copies */
    uint8_t *good;          /* 1, or 0 where the slow path must decide */
    fs_text before;         /* the text before the next one, where it stood, */
    uint8_t was_good;       /* and what was found of it */
    fs_text last_good;      /* the last good copy */
} fs_import;

/* How many bytes the next `count` texts need at most. */
size_t fs_import_room(const fs_import *take, size_t first, size_t count);

/* Copy the next `count` texts, from number `first` on, into the memory at `to`. */
void fs_import_texts(fs_import *take, size_t first, size_t count, uint8_t *to);

/* Check texts that cannot change, in place. NULL is a missing value, or, with a length, a
 * value of another type. */
void fs_check_texts(const fs_import *take, size_t first, size_t count);

/* Roles are not copied, but looked up. */
void fs_import_roles(const fs_import *take, size_t first, size_t count, uint8_t *roles);

/* ---- RSA -------------------------------------------------------------------------- */

/* Bytes of a modulus at most; OpenSSL accepts no longer one. */
#define FS_RSA_BYTES 2048

/* A public key, checked. Numbers are bytes, the highest first. */
typedef struct fs_rsa {
    fs_engine engine;
    size_t size, words;      /* of the modulus, in bytes and in words of 64 bits */
    const uint8_t *modulus;  /* odd, of `size` bytes, of which the first is not 0 */
    const uint8_t *square;   /* 2**(128 * words) modulo the modulus, of 8 * words bytes */
    const uint8_t *exponent; /* odd, and at least 3 */
    size_t exponent_len;
} fs_rsa;

/* Whether this is a signature of the message: RSASSA-PKCS1-v1_5 with SHA-256. The modulus must
 * have at least 64 bytes. */
int fs_rsa_verify(const fs_rsa *key, const uint8_t *message, size_t len,
                  const uint8_t *signature, size_t signature_len);

/* ---- verification ---------------------------------------------------------------- */

/* The result for a token. FS_UNSURE is left to the slow path. */
enum {
    FS_UNSURE,
    FS_GOOD,
    FS_ALTERED, /* in the expected form, but not signed with this key */
    FS_FOREIGN, /* it names another API key */
    FS_EARLY,   /* authentic, but made in the future */
    FS_EXPIRED, /* authentic, but its time is over */
    FS_ABSENT,  /* a null in place of a token */
};

/* Tokens to be verified at one moment. They are given one by one, or as one piece of text
 * with offsets, or with one length.
 *
 * With `key`, they are T1 tokens and JWTs signed with HS256, of one API key; with `rsa`, JWTs
 * signed with RS256, of one or any application. With `decode_only`, FS_GOOD means that the claims of a token of any
 * kind, project and time can be read, and all other tokens are FS_UNSURE. */
typedef struct fs_verifier {
    const fs_key *key;
    const fs_rsa *rsa;
    const fs_codec *codec;
    int decode_only;
    const uint8_t *head;    /* "partner_id=KEY&sig=" */
    size_t head_len;
    const uint8_t *api_key; /* or the application id; NULL for any */
    size_t key_len;
    const fs_text *jwt_heads; /* the headers of JWTs that are expected, each with its dot: */
    size_t jwt_heads_count;
    size_t hs256_heads_count; /* the first ones are for HS256, the others for RS256 */
    const uint8_t *session; /* the only session that will do, or NULL */
    size_t session_len;
    uint64_t now, leeway;   /* seconds */
    const fs_text *tokens;  /* NULL of no bytes is null; with `base`, whatever is empty */
    const uint8_t *base;
    const int64_t *offsets;
    size_t length;
    uint8_t *results;      /* what is found */
    int64_t *times;         /* when FS_EARLY tokens were made, when FS_EXPIRED ones ended */
} fs_verifier;

void fs_verify(const fs_verifier *verifier, size_t first, size_t count);

#endif
