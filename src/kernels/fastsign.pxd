# Declarations of fastsign.h.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from text cimport fs_text

cdef extern from "fastsign.h" nogil:
    const size_t FS_BLOCK
    const size_t FS_NONCE_DIGITS
    const size_t FS_MAX_ID

    ctypedef uint32_t fs_state[8]

    ctypedef void fs_mac_many_fn(const uint32_t *inner, const uint32_t *outer,
                                 const uint8_t **tails, size_t blocks,
                                 fs_state *digests, size_t count)

    ctypedef struct fs_hash_backend:
        const char *name
        unsigned lanes

    ctypedef struct fs_hash:
        fs_mac_many_fn *mac_many
        const char *one_name
        const char *many_name
        unsigned lanes

    ctypedef struct fs_codec:
        pass

    ctypedef struct fs_engine:
        fs_hash sha1
        fs_hash sha256
        const fs_codec *codec

    void fs_init()
    int fs_engine_select(fs_engine *engine, const char *name)
    const fs_hash_backend *fs_backend(int hash, size_t i)
    const char *fs_codec_name(const fs_codec *codec)
    int fs_backend_state(const fs_hash_backend *row)

    ctypedef struct fs_key:
        fs_engine engine

    void fs_key_init(fs_key *key, const fs_engine *engine, const uint8_t *secret, size_t len)
    void fs_key_wipe(fs_key *key)
    void fs_hmac_sha1(const fs_key *key, const uint8_t *message, size_t len, uint8_t *mac)
    void fs_hmac_sha256(const fs_key *key, const uint8_t *message, size_t len, uint8_t *mac)
    int fs_equal(const uint8_t *a, const uint8_t *b, size_t len)
    void fs_wipe(void *memory, size_t len)

    size_t fs_pad(uint8_t *tail, size_t used, uint64_t total)
    const uint32_t *fs_initial(int hash)

    size_t fs_quote_plus(const fs_codec *codec, uint8_t *out, const uint8_t *in_, size_t len)

    ctypedef struct fs_nonce:
        pass

    void fs_nonce_start(fs_nonce *nonce, const uint8_t *random)

    ctypedef struct fs_derive:
        pass

    void fs_derive_prepare(fs_derive *derive, const fs_key *key, const uint8_t *run_id,
                           size_t len)
    void fs_derive_nonces(const fs_derive *derive, const fs_text *row_keys, size_t count,
                          fs_nonce *nonces)
    int fs_find_repeated(const fs_nonce *nonces, size_t count, uint8_t *skip,
                         size_t *table, size_t room)

    ctypedef struct fs_batch_plan:
        size_t text_len

    size_t fs_jwt_length(size_t head_len, size_t data_len)
    void fs_batch_plan_jwt(fs_batch_plan *plan, const fs_key *key, const fs_nonce *nonce,
                     const uint8_t *head, size_t head_len,
                     const uint8_t *data, size_t data_len, uint8_t *text)

    size_t fs_t1_length(size_t head_len, size_t data_len)
    void fs_batch_plan_t1(fs_batch_plan *plan, const fs_key *key, const fs_nonce *nonce,
                    const uint8_t *head, size_t head_len,
                    const uint8_t *data, size_t data_len, uint8_t *text, uint8_t *raw)
    void fs_batch_plan_sign(const fs_batch_plan *plan, uint64_t first, size_t count,
                      uint8_t *base, size_t stride, uint8_t **places)

    enum:
        FS_CLAIM_COUNT
        FS_SESSION_ID

    enum:
        FS_TYPE_SECONDS
        FS_TYPE_ID
        FS_TYPE_ROLE
        FS_TYPE_TEXT
        FS_TYPE_NAMES

    ctypedef struct fs_claim:
        int type
        const char *type_name
        const char *argument
        const char *t1
        const char *jwt

    const fs_claim *fs_claims
    int fs_role_of(const uint8_t *name, size_t len)
    int fs_are_names(const uint8_t *text, size_t len)

    ctypedef struct fs_rows:
        int jwt
        const fs_codec *codec
        uint64_t create_time
        const void *columns[FS_CLAIM_COUNT]
        const uint8_t *skip
        const fs_nonce *nonces

    size_t fs_base64_raw(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len)
    const int FS_NONCE_NAME
    size_t fs_claims_length(const fs_rows *rows, size_t i)
    uint8_t *fs_put_claims(const fs_rows *rows, size_t i, uint8_t *to)
    uint8_t *fs_put_nonce_name(int jwt, uint8_t *to)
    size_t fs_decimal(uint8_t *to, uint64_t value)
    size_t fs_rows_text(size_t head_len, size_t data_len)
    void fs_rows_prepare(fs_rows *rows, const fs_key *key, const fs_nonce *nonce, int jwt,
                         const uint8_t *head, size_t head_len, const uint8_t *data,
                         size_t data_len, uint8_t *text, uint8_t *raw)
    void fs_rows_lengths(const fs_rows *rows, size_t first, size_t count, int64_t *lengths)
    void fs_rows_sign(const fs_rows *rows, size_t first, size_t count, uint8_t *base,
                      const int64_t *offsets)
    void fs_rows_sign_one(const fs_rows *rows, uint8_t *to, size_t length)
    const int FS_SESSION_BYTES
    size_t fs_session_owner(const fs_codec *codec, const uint8_t *id, size_t len, uint8_t *raw,
                            const uint8_t **owner)

    ctypedef struct fs_column:
        int type
        const fs_codec *codec
        const uint8_t *api_key
        size_t key_len
        fs_text *texts
        uint8_t *valid

    size_t fs_import_size(const fs_column *column, size_t first, size_t count)
    void fs_import_texts(fs_column *column, size_t first, size_t count, uint8_t *to)
    void fs_check_texts(const fs_column *column, size_t first, size_t count)
    void fs_import_roles(const fs_column *column, size_t first, size_t count, uint8_t *roles)

    enum:
        FS_UNDECIDED
        FS_VALID
        FS_BAD_SIGNATURE
        FS_WRONG_KEY
        FS_NOT_YET_VALID
        FS_EXPIRED
        FS_MISSING

    const int FS_RSA_BYTES

    ctypedef struct fs_rsa:
        fs_engine engine
        size_t size, words
        const uint8_t *modulus
        const uint8_t *square
        const uint8_t *exponent
        size_t exponent_len

    int fs_rsa_verify(const fs_rsa *key, const uint8_t *message, size_t len,
                      const uint8_t *signature, size_t signature_len)

    ctypedef struct fs_verifier:
        const fs_key *key
        const fs_rsa *rsa
        const fs_codec *codec
        int decode_only
        const uint8_t *head
        size_t head_len
        const uint8_t *api_key
        size_t key_len
        const fs_text *jwt_heads
        size_t jwt_heads_count
        size_t hs256_heads_count
        const uint8_t *session
        size_t session_len
        uint64_t now, leeway
        const fs_text *tokens
        const uint8_t *base
        const int64_t *offsets
        size_t length
        uint8_t *results
        int64_t *times

    void fs_verify(const fs_verifier *verifier, size_t first, size_t count)
