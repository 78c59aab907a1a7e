/* The public interface of the C core, which fastsign.pxd declares for Cython.
 *
 * Read in this order: this file, batch.c (a batch), hmac.c (prepared keys), then one of the
 * sha1_*.c. These functions do not use Python and do not allocate memory. The caller
 * validates the input and owns all memory.
 */
#ifndef TOKBOX_FASTSIGN_H
#define TOKBOX_FASTSIGN_H

#include "text.h"

/* ---- hash backends ------------------------------------------------------------ */

/* A hash state has eight words; SHA-1 uses the first five. */
#define FS_STATE_WORDS 8
typedef uint32_t fs_state[FS_STATE_WORDS];
#define FS_BLOCK 64

/* Compute the HMACs of many messages in parallel. Every message starts from the same inner
 * state, which includes the bytes before it. Message i consists of `blocks` whole blocks at
 * tails[i], padding included. digests[i] receives the MAC as host-order words, or the inner
 * hash if outer = NULL. */
typedef void fs_mac_many_fn(const uint32_t *inner, const uint32_t *outer,
                            const uint8_t *const *tails, size_t blocks,
                            fs_state *digests, size_t count);

/* Hash whole blocks of one message into a state. */
typedef void fs_compress_fn(uint32_t *state, const uint8_t *data, size_t blocks);

/* A backend: one implementation of a hash for one instruction set. */
typedef struct fs_hash_backend {
    const char *name;
    unsigned needs;           /* FS_CPU_* bits that must all be present */
    unsigned lanes;           /* messages hashed in parallel */
    fs_compress_fn *compress; /* NULL if the backend only hashes in parallel */
    fs_mac_many_fn *mac_many;
} fs_hash_backend;

/* The backends in use for one hash: `one` for a single message, `many` for batches. */
typedef struct fs_hash {
    fs_compress_fn *compress;
    fs_mac_many_fn *mac_few, *mac_many;
    unsigned few;   /* the most remaining messages that mac_few hashes */
    unsigned lanes;
    const char *one_name, *many_name;
} fs_hash;

typedef struct fs_codec fs_codec;

/* The implementations that a key uses. */
typedef struct fs_engine {
    fs_hash sha1;
    fs_hash sha256;
    const fs_codec *codec; /* NULL: lookup tables only */
} fs_engine;

/* Build the lookup tables, detect the CPU's features and compare every backend with known
 * answers. Must be called once, before any other function. */
void fs_init(void);

/* Set `engine` to the backends called `name`, or to the best ones if name is NULL or empty.
 * Returns 0, or -1 if no usable backend has that name; `engine` is then unchanged. */
int fs_engine_select(fs_engine *engine, const char *name);

/* Like fs_mac_many_fn, with the best backend for `count` messages. */
void fs_mac(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
            const uint8_t *const *tails, size_t blocks, fs_state *digests, size_t count);

/* Return backend i of SHA-1 (hash = 1) or SHA-256 (hash = 256), best first, or NULL. */
const fs_hash_backend *fs_backend(int hash, size_t i);

/* 1 = usable, 0 = not supported by the CPU, -1 = disabled after a wrong answer. */
int fs_backend_state(const fs_hash_backend *row);

/* Return the name of a codec, "portable" for NULL. */
const char *fs_codec_name(const fs_codec *codec);

/* ---- keys --------------------------------------------------------------------- */

/* A prepared secret: the states after HMAC's inner and outer key blocks (RFC 2104). Wipe it
 * after use: it is sufficient to sign tokens. */
typedef struct fs_key {
    fs_engine engine;
    uint32_t sha1_inner[FS_STATE_WORDS], sha1_outer[FS_STATE_WORDS];
    uint32_t sha256_inner[FS_STATE_WORDS], sha256_outer[FS_STATE_WORDS];
} fs_key;

void fs_key_init(fs_key *key, const fs_engine *engine, const uint8_t *secret, size_t len);
void fs_key_wipe(fs_key *key);
void fs_hmac_sha1(const fs_key *key, const uint8_t *message, size_t len, uint8_t mac[20]);
void fs_hmac_sha256(const fs_key *key, const uint8_t *message, size_t len, uint8_t mac[32]);

/* Compare in constant time. Returns 1 if equal. */
int fs_equal(const uint8_t *a, const uint8_t *b, size_t len);
void fs_wipe(void *memory, size_t len);

/* Wipe the stack below the caller. Compilers spill the registers of a kernel to the stack,
 * and these contain the states of a key, once for each lane. */
void fs_wipe_stack(void);

/* Pad the end of a message (FIPS 180-4, section 5.1.1). `tail` contains the last `used`
 * bytes of `total` hashed bytes and needs room for used + 72 bytes. Returns the number of
 * blocks. */
size_t fs_pad(uint8_t *tail, size_t used, uint64_t total);

/* Return the initial state of SHA-1 (hash = 1) or SHA-256 (hash = 256). */
const uint32_t *fs_initial(int hash);

/* ---- text --------------------------------------------------------------------- */

size_t fs_base64_length(size_t len); /* with padding */
void fs_base64(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len);

/* Encode as base64url without padding. Returns the length, (4 * len + 2) / 3. Writes up to
 * two characters beyond the length. */
size_t fs_base64url(const fs_codec *codec, uint8_t *text, const uint8_t *data, size_t len);

/* Decode base64 in either alphabet, without padding. Returns the number of bytes, or 0 if a
 * character or the length is invalid, or unused bits of the last character are not 0. */
size_t fs_base64_raw(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len);

/* Percent-encode UTF-8 as a form value: A-Z a-z 0-9 - . _ ~ are unchanged, a space becomes
 * "+", all other bytes become %XX in upper case. Returns the length; `out` needs 3 * len
 * bytes. */
size_t fs_quote_plus(const fs_codec *codec, uint8_t *out, const uint8_t *in, size_t len);
size_t fs_quote_plus_length(const fs_codec *codec, const uint8_t *in, size_t len);

/* Write a number in decimal, at most 20 digits. Returns the number of digits. */
size_t fs_decimal(uint8_t *to, uint64_t value);

/* Escape UTF-8 for a JSON string (RFC 8259, section 7): only characters that require it.
 * Returns the length; `out` needs 6 * len bytes. */
size_t fs_json_escape(uint8_t *out, const uint8_t *in, size_t len);
size_t fs_json_escape_length(const uint8_t *in, size_t len);

/* ---- batches with constant claims: only the nonce differs ------------------------ */

#define FS_NONCE_DIGITS 27

/* 27 decimal digits as three limbs of nine, most significant first. */
typedef struct fs_nonce {
    uint64_t limb[3];
} fs_nonce;

/* Make a first nonce from 24 random bytes. Its first digit is not 0, and 10^18 increments
 * do not overflow 27 digits. */
void fs_nonce_start(fs_nonce *nonce, const uint8_t random[24]);

/* Maximum length of a run ID and of a row key, in bytes. */
#define FS_MAX_ID 255

/* State from which the reproducible nonces of a run are derived; see derive.c. Wipe it
 * after use: it is equivalent to its key. */
typedef struct fs_derive {
    fs_hash hash;
    uint32_t inner[FS_STATE_WORDS]; /* after the whole blocks of the shared prefix */
    uint32_t outer[FS_STATE_WORDS];
    uint64_t hashed;                /* bytes in `inner`, key block included */
    uint8_t start[FS_BLOCK];        /* the rest of the prefix, not hashed yet */
    size_t start_len;
} fs_derive;

/* `key` must not be used for any other purpose. */
void fs_derive_prepare(fs_derive *derive, const fs_key *key, const uint8_t *run_id, size_t len);

/* Derive the nonces of `count` rows from their keys. */
void fs_derive_nonces(const fs_derive *derive, const fs_text *row_keys, size_t count,
                      fs_nonce *nonces);

/* Set skip[i] to 2 in each row that repeats the nonce of an earlier row, and return whether
 * there are any. Rows whose skip[i] is set already are ignored. `table` has `room` zeroed
 * entries; `room` is a power of two and at least 2 * count. */
int fs_find_repeated(const fs_nonce *nonces, size_t count, uint8_t *skip, size_t *table,
                     size_t room);

/* The fourteen base64 groups that contain the signature of a T1 token, 40 hex digits. */
#define FS_T1_FRAME 42 /* bytes, encoded as 56 characters */
typedef struct fs_t1_frame {
    unsigned align;           /* bytes before the digits: 0 to 2 */
    uint8_t raw[FS_T1_FRAME]; /* the constant bytes, and zeros in place of the digits */
} fs_t1_frame;

/* The part of a batch that is the same for all tokens. */
typedef struct fs_batch_plan {
    int jwt;                        /* 0: T1, 1: JWT with HS256 */
    fs_hash hash;
    const fs_codec *codec;
    uint32_t inner[FS_STATE_WORDS]; /* after all whole blocks before the nonce */
    uint32_t outer[FS_STATE_WORDS];
    fs_nonce nonce;                 /* of token 0 */

    uint8_t tail[2 * FS_BLOCK + 8]; /* the bytes not hashed yet, padded */
    unsigned tail_blocks;           /* 1 or 2 */
    unsigned tail_nonce;            /* offset of the nonce in the tail */
    uint8_t tail_after[4];          /* T1: the bytes after the nonce in the tail */

    const uint8_t *text;            /* the token up to the nonce's first group */
    size_t text_len;                /* of the whole token */
    size_t nonce_offset, nonce_len; /* the groups from the nonce to the payload's end */
    size_t sig_offset;              /* of the signature, or of its first group */
    fs_t1_frame frame;

    unsigned partial;               /* digits in the nonce's last, incomplete group: 0-2 */
    uint8_t nonce_head[2];          /* the `partial` bytes before it in its first group */
} fs_batch_plan;

/* Return the length of a T1 token whose parts have these lengths (see fs_batch_plan_t1). */
size_t fs_t1_length(size_t head_len, size_t data_len);

/* Prepare T1 tokens.
 *   head  "partner_id=KEY&sig="
 *   data  the signed text, up to and including "nonce="
 *   text  memory for the token's text: fs_t1_length(...) bytes that outlive the plan
 *   raw   scratch memory of head_len + 41 + data_len + 27 bytes, unused after the return */
void fs_batch_plan_t1(fs_batch_plan *plan, const fs_key *key, const fs_nonce *nonce,
                const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                uint8_t *text, uint8_t *raw);

/* Return the length of a JWT whose parts have these lengths (see fs_batch_plan_jwt). */
size_t fs_jwt_length(size_t head_len, size_t data_len);

/* Prepare JWTs.
 *   head  the encoded header and its dot
 *   data  the payload's JSON, up to and including "jti":" (its end is added)
 *   text  memory for the token's text: fs_jwt_length(...) bytes that outlive the plan */
void fs_batch_plan_jwt(fs_batch_plan *plan, const fs_key *key, const fs_nonce *nonce,
                 const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                 uint8_t *text);

/* Sign tokens first ... first + count - 1. Token i is written to places[i - first] or, if
 * places is NULL, to base + (i - first) * stride. If stride > text_len, '\n' follows it. */
void fs_batch_plan_sign(const fs_batch_plan *plan, uint64_t first, size_t count,
                  uint8_t *base, size_t stride, uint8_t *const *places);

/* ---- claims ----------------------------------------------------------------------- */

/* The table of the claims that may differ between rows, in the order of a token: identifier,
 * type, and the names of the argument, of the T1 field and of the JWT claim. The rules are
 * in tokens/claims.py; a test compares the two tables.
 *
 *     SECONDS  uint32_t, the lifetime; 0: the service's default
 *     ID       fs_text, a session ID
 *     ROLE     uint8_t, an index into the roles in claims.c
 *     TEXT     fs_text, at most 1000 characters
 *     NAMES    fs_text, names separated by spaces; at most 1000 characters
 *
 * An empty TEXT or NAMES is omitted. The first three types have one claim each. */
#define FS_CLAIMS(CLAIM)                                                                  \
    CLAIM(EXPIRATION, SECONDS, "expiration", "expire_time", "exp")                        \
    CLAIM(SESSION_ID, ID, "session_id", "session_id", "session_id")                       \
    CLAIM(ROLE, ROLE, "role", "role", "role")                                             \
    CLAIM(CONNECTION_DATA, TEXT, "connection_data", "connection_data", "connection_data") \
    CLAIM(LAYOUT_CLASSES, NAMES, "initial_layout_class_list", "initial_layout_class_list", \
          "initial_layout_class_list")

#define FS_CLAIM_INDEX(claim, type, argument, t1, jwt) FS_##claim,
enum { FS_CLAIMS(FS_CLAIM_INDEX) FS_CLAIM_COUNT };
enum { FS_TYPE_SECONDS, FS_TYPE_ID, FS_TYPE_ROLE, FS_TYPE_TEXT, FS_TYPE_NAMES };

typedef struct fs_claim {
    int type;
    const char *type_name, *argument, *t1, *jwt;
} fs_claim;
extern const fs_claim fs_claims[FS_CLAIM_COUNT];

/* Return the index of a role, or -1. */
int fs_role_of(const uint8_t *name, size_t len);

/* Return 1 if the text is empty or consists of printable ASCII names, separated by single
 * spaces, of at most 1000 characters in total. */
int fs_are_names(const uint8_t *text, size_t len);

/* ---- rows: tokens with different claims ------------------------------------------ */

/* The claims of n tokens, as columns. A claim that is the same in all rows belongs to the
 * constant part, and its column is NULL. All values are valid and do not change. */
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
    uint8_t start[FS_BLOCK + 2];    /* the end of the constant part, not hashed yet */
    size_t start_len;
    size_t start_skip;              /* T1: bytes of `start` that are hashed into `inner` */
    size_t start_raw;               /* T1: offset in `start` of the bytes not encoded yet */
    uint8_t raw[2];                 /* JWT: the bytes not encoded yet */
    size_t raw_len;

    const void *columns[FS_CLAIM_COUNT]; /* of the types in FS_CLAIMS */
    const uint8_t *skip;            /* nonzero: skip the row; NULL: sign all rows */
    const fs_nonce *nonces;         /* of each row; NULL: `nonce` plus the index */
} fs_rows;

/* Return the most bytes that fs_rows_prepare needs for `text`. */
size_t fs_rows_text(size_t head_len, size_t data_len);

/* Prepare the constant part. `head` is as for a plan. `data` contains the constant claims
 * (T1: separated by "&"; JWT: each followed by ","). `text` must outlive `rows`; `raw` is
 * scratch memory of head_len + 41 + data_len bytes. The caller sets the columns. */
void fs_rows_prepare(fs_rows *rows, const fs_key *key, const fs_nonce *nonce, int jwt,
                     const uint8_t *head, size_t head_len, const uint8_t *data,
                     size_t data_len, uint8_t *text, uint8_t *raw);

/* Write the claims of row i that have columns, in the form of `data`. Returns their end. */
uint8_t *fs_put_claims(const fs_rows *rows, size_t i, uint8_t *to);
size_t fs_claims_length(const fs_rows *rows, size_t i);

/* Write the name of the nonce, which follows the claims. Returns its end. */
#define FS_NONCE_NAME 7
uint8_t *fs_put_nonce_name(int jwt, uint8_t *to);

/* Write the lengths of tokens first ... first + count - 1 to `lengths`; 0 if skipped. */
void fs_rows_lengths(const fs_rows *rows, size_t first, size_t count, int64_t *lengths);

/* Sign rows first ... first + count - 1. Row i is written to base + offsets[i]. */
void fs_rows_sign(const fs_rows *rows, size_t first, size_t count, uint8_t *base,
                  const int64_t *offsets);

/* Sign row 0, whose token has that length, and write it to `to`. */
void fs_rows_sign_one(const fs_rows *rows, uint8_t *to, size_t length);

/* Find the owner in a session ID, which is decoded to the FS_SESSION_BYTES bytes at `raw`.
 * Returns the owner's length, or 0 if the ID does not have the service's current format. */
#define FS_SESSION_BYTES 256
#define FS_MIN_SESSION 34 /* characters; session IDs of the service are longer */
size_t fs_session_owner(const fs_codec *codec, const uint8_t *id, size_t len, uint8_t *raw,
                        const uint8_t **owner);

/* Return 1 if this is a session ID of that API key in the service's current format. 0 means
 * that slow-path validation must decide. */
int fs_session_of(const fs_codec *codec, const uint8_t *id, size_t len, const uint8_t *api_key,
                  size_t key_len);

/* ---- import of columns ------------------------------------------------------------ */

/* A string column to validate: see import_columns.c. Set all fields after `valid` to
 * zero. */
typedef struct fs_column {
    int type;               /* FS_TYPE_ID, FS_TYPE_TEXT or FS_TYPE_NAMES */
    const fs_codec *codec;  /* decodes session IDs */
    const uint8_t *api_key; /* the owner of the sessions */
    size_t key_len;
    fs_text *texts;         /* after the import, valid texts point to their copies */
    uint8_t *valid;         /* 1: valid; 0: needs slow-path validation */
    fs_text previous;       /* the previous text, at its original address */
    uint8_t previous_valid; /* the result for `previous` */
    fs_text last_valid;     /* the copy of the last valid text */
} fs_column;

/* Return the maximum size of the copies of the next `count` texts. */
size_t fs_import_size(const fs_column *column, size_t first, size_t count);

/* Copy and validate the next `count` texts, from index `first` on, into the memory at
 * `to`. */
void fs_import_texts(fs_column *column, size_t first, size_t count, uint8_t *to);

/* Validate immutable texts in place. A text whose data is NULL is a missing value or, if
 * its length is not 0, a value of another type. */
void fs_check_texts(const fs_column *column, size_t first, size_t count);

/* Convert role names to indices. */
void fs_import_roles(const fs_column *column, size_t first, size_t count, uint8_t *roles);

/* ---- RSA -------------------------------------------------------------------------- */

/* Maximum length of a modulus in bytes, the limit of OpenSSL. */
#define FS_RSA_BYTES 2048

/* A valid public key. Numbers are big-endian. */
typedef struct fs_rsa {
    fs_engine engine;
    size_t size, words;      /* of the modulus, in bytes and in words of 64 bits */
    const uint8_t *modulus;  /* odd, `size` bytes; the first is not 0 */
    const uint8_t *square;   /* 2**(128 * words) modulo the modulus, 8 * words bytes */
    const uint8_t *exponent; /* odd, and at least 3 */
    size_t exponent_len;
} fs_rsa;

/* Return 1 if the signature is valid: RSASSA-PKCS1-v1_5 with SHA-256. The modulus must have
 * at least 64 bytes. */
int fs_rsa_verify(const fs_rsa *key, const uint8_t *message, size_t len,
                  const uint8_t *signature, size_t signature_len);

/* ---- verification ---------------------------------------------------------------- */

/* The result for a token. */
enum {
    FS_UNDECIDED,  /* needs slow-path validation */
    FS_VALID,
    FS_BAD_SIGNATURE, /* well-formed, but not signed with this key */
    FS_WRONG_KEY, /* issued for another API key */
    FS_NOT_YET_VALID,   /* authentic, but created in the future */
    FS_EXPIRED, /* authentic, but expired */
    FS_MISSING,  /* a null instead of a token */
};

/* Tokens to verify at the time `now`. They are an array (`tokens`), or one text (`base`)
 * with `offsets` or with one `length`.
 *
 * `key` verifies T1 tokens and HS256 JWTs of one API key; `rsa` verifies RS256 JWTs of one
 * application, or of any. With `decode_only`, FS_VALID means that the claims can be read,
 * whatever the token's kind, project and times; all other tokens are FS_UNDECIDED. */
typedef struct fs_verifier {
    const fs_key *key;
    const fs_rsa *rsa;
    const fs_codec *codec;
    int decode_only;
    const uint8_t *head;    /* "partner_id=KEY&sig=" */
    size_t head_len;
    const uint8_t *api_key; /* or the application ID; NULL: any */
    size_t key_len;
    const fs_text *jwt_heads; /* the accepted headers of JWTs, each with its dot */
    size_t jwt_heads_count;
    size_t hs256_heads_count; /* the first ones are for HS256, the others for RS256 */
    const uint8_t *session; /* the required session; NULL: any */
    size_t session_len;
    uint64_t now, leeway;   /* seconds */
    const fs_text *tokens;  /* {NULL, 0} is null; with `base`, every empty text is null */
    const uint8_t *base;
    const int64_t *offsets;
    size_t length;
    uint8_t *results;
    int64_t *times;         /* FS_NOT_YET_VALID: creation time; FS_EXPIRED: expiration time */
} fs_verifier;

void fs_verify(const fs_verifier *verifier, size_t first, size_t count);

#endif
