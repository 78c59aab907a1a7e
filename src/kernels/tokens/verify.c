/* Batch token verification.
 *
 * A token is valid here only if its text, signature, times and session have the expected
 * form. The common errors, such as a wrong signature or an expired token, have their own
 * results. All other tokens, such as tokens with claims of other SDKs, are validated by the
 * slow path in Python.
 *
 * verify_t1.c and verify_jwt.c parse the two forms and read their claims.
 */
#include "tokens/verify.h"

#define GROUP FS_MAX_MIXED
#define SCRATCH 49152
#define DAYS_30 2592000
#define HOURS_24 86400

/* Cache of the last valid session of the project: most batches have few sessions. */
struct session_cache {
    uint8_t session[256];
    size_t len;
};

static int is_session(const fs_verifier *verifier, const struct fs_token_claims *claims,
                      struct session_cache *cache) {
    const uint8_t *id = claims->session;
    size_t len = claims->session_len;

    if (verifier->session &&
        (len != verifier->session_len || memcmp(id, verifier->session, len)))
        return 0;
    if (!verifier->api_key)
        return fs_session_of(verifier->codec, id, len, claims->owner, claims->owner_len);
    if (len == cache->len && len && !memcmp(id, cache->session, len)) return 1;
    if (!fs_session_of(verifier->codec, id, len, verifier->api_key, verifier->key_len)) return 0;
    memcpy(cache->session, id, len);
    cache->len = len;
    return 1;
}

/* Return the result for a token from its claims. `authentic` is 0 if its signature is
 * wrong. */
static uint8_t check_claims(const fs_verifier *verifier, const struct fs_candidate *candidate,
                     int authentic, struct session_cache *cache) {
    struct fs_token_claims claims = {0};

    /* The claims of a JWT are read in any case: they determine whether it is well-formed,
     * and its owner. */
    if (!authentic && !candidate->jwt) return FS_BAD_SIGNATURE;
    if (!(candidate->jwt ? fs_read_jwt(verifier, candidate, &claims)
                       : fs_read_t1(verifier->codec, candidate->claims, candidate->claims_len, &claims)))
        return FS_UNDECIDED;
    if (verifier->decode_only) return claims.session_len ? FS_VALID : FS_UNDECIDED;
    if (claims.foreign) return FS_WRONG_KEY;
    if (!authentic) return FS_BAD_SIGNATURE;
    if (!is_session(verifier, &claims, cache)) return FS_UNDECIDED;
    if (!claims.has_expiry) claims.expires = claims.created + HOURS_24;
    if (claims.expires > claims.created + DAYS_30) return FS_UNDECIDED;
    if (claims.created > verifier->now + verifier->leeway) {
        verifier->times[candidate->row] = (int64_t)claims.created;
        return FS_NOT_YET_VALID;
    }
    if (claims.expires <= verifier->now) {
        verifier->times[candidate->row] = (int64_t)claims.expires;
        return FS_EXPIRED;
    }
    return FS_VALID;
}

/* Compute the MACs of all candidates of one form and check their claims. */
static void finish_form(const fs_verifier *verifier, const struct fs_candidate *candidates,
                        size_t count, int jwt, struct session_cache *cache) {
    const fs_key *key = verifier->key;
    const uint8_t *messages[GROUP];
    size_t blocks[GROUP], chosen[GROUP], same = 0;
    fs_state digests[GROUP];

    for (size_t j = 0; j < count; j++) {
        if (candidates[j].jwt != jwt) continue;
        messages[same] = candidates[j].message;
        blocks[same] = candidates[j].blocks;
        chosen[same++] = j;
    }
    if (!same) return;
    fs_mac_mixed(jwt ? &key->engine.sha256 : &key->engine.sha1,
                 jwt ? key->sha256_inner : key->sha1_inner,
                 jwt ? key->sha256_outer : key->sha1_outer, messages, blocks, digests, same);
    for (size_t s = 0; s < same; s++) {
        const struct fs_candidate *candidate = &candidates[chosen[s]];
        /* Compare in constant time. */
        volatile uint32_t difference = 0;
        for (int w = 0; w < (jwt ? 8 : 5); w++) difference |= digests[s][w] ^ candidate->mac[w];
        FS_PUBLIC(&difference, sizeof difference); /* only the result of the comparison */
        verifier->results[candidate->row] = check_claims(verifier, candidate, difference == 0, cache);
    }
}

static void finish(const fs_verifier *verifier, const struct fs_candidate *candidates, size_t count,
                   struct session_cache *cache) {
    finish_form(verifier, candidates, count, 0, cache);
    finish_form(verifier, candidates, count, 1, cache);
}

/* Return the result for an RS256 token, or for any token with decode_only. */
static uint8_t finish_alone(const fs_verifier *verifier, const struct fs_candidate *candidate,
                            struct session_cache *cache) {
    uint8_t result = check_claims(verifier, candidate, 1, cache);

    if (verifier->decode_only) return result;
    /* Last, because it takes by far the most time. */
    if ((result == FS_VALID || result == FS_NOT_YET_VALID || result == FS_EXPIRED) &&
        !fs_rsa_verify(verifier->rsa, candidate->message, candidate->message_len, candidate->signature,
                       candidate->signature_len))
        return FS_BAD_SIGNATURE;
    return result;
}

static fs_text token_at(const fs_verifier *verifier, size_t i) {
    const int64_t *offsets = verifier->offsets;
    if (verifier->tokens) return verifier->tokens[i];
    if (offsets)
        return (fs_text){verifier->base + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
    return (fs_text){verifier->base + i * verifier->length, verifier->length};
}

/* The number of tokens to prefetch ahead of the parser. */
#define PREFETCH_TOKENS 8

FS_INLINE void prefetch_token(const fs_verifier *verifier, size_t i, size_t end) {
    if (end - i > PREFETCH_TOKENS) {
        fs_text token = token_at(verifier, i + PREFETCH_TOKENS);
        size_t max_len = token.len < 1024 ? token.len : 1024;
        for (size_t line = 0; line < max_len; line += FS_BLOCK) FS_PREFETCH(token.data + line);
    }
}

void fs_verify(const fs_verifier *verifier, size_t first, size_t count) {
    uint8_t scratch[SCRATCH], *at = scratch;
    struct fs_candidate candidates[GROUP];
    struct session_cache cache;
    size_t ready = 0;

    cache.len = 0;
    for (size_t i = first; i < first + count; i++) {
        fs_text token = token_at(verifier, i);
        size_t room;
        int jwt, result;

        prefetch_token(verifier, i, first + count);
        verifier->results[i] = FS_UNDECIDED;
        if (!token.len && !(verifier->tokens && token.data)) verifier->results[i] = FS_MISSING;
        if (token.len < 8 || token.len > SCRATCH) continue;
        /* 'e' is the first base64 character of '{'. It is read once, because other threads
         * may change it and it determines how much memory is needed. */
        jwt = *(const volatile uint8_t *)token.data == 'e';
        room = fs_candidate_room(token.len, jwt);
        if (room > SCRATCH) continue;
        if (ready == GROUP || (size_t)(scratch + SCRATCH - at) < room) {
            finish(verifier, candidates, ready, &cache);
            ready = 0;
            at = scratch;
        }
        candidates[ready].jwt = jwt;
        candidates[ready].row = i;
        result = (jwt ? fs_parse_jwt : fs_parse_t1)(verifier, &token, at,
                                                             &candidates[ready]);
        if (result == FS_VALID && verifier->key) {
            ready++;
            at += room;
            continue;
        }
        if (result == FS_VALID) result = finish_alone(verifier, &candidates[ready], &cache);
        verifier->results[i] = (uint8_t)result;
    }
    if (ready) finish(verifier, candidates, ready, &cache);
    if (verifier->key) fs_wipe_stack();
}
