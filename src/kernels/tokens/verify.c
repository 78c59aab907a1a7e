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

#define AT_ONCE FS_MIXED
#define ARENA 49152
#define DAYS_30 2592000
#define HOURS_24 86400

/* Cache of the last valid session of the project: most batches have few sessions. */
struct known {
    uint8_t session[256];
    size_t len;
};

static int is_session(const fs_verifier *verifier, const struct fs_claims *claims,
                      struct known *known) {
    const uint8_t *id = claims->session;
    size_t len = claims->session_len;

    if (verifier->session &&
        (len != verifier->session_len || memcmp(id, verifier->session, len)))
        return 0;
    if (!verifier->api_key)
        return fs_session_of(verifier->codec, id, len, claims->owner, claims->owner_len);
    if (len == known->len && len && !memcmp(id, known->session, len)) return 1;
    if (!fs_session_of(verifier->codec, id, len, verifier->api_key, verifier->key_len)) return 0;
    memcpy(known->session, id, len);
    known->len = len;
    return 1;
}

/* Return the result for a token from its claims. `authentic` is 0 if its signature is
 * wrong. */
static uint8_t check_claims(const fs_verifier *verifier, const struct fs_candidate *candidate,
                     int authentic, struct known *known) {
    struct fs_claims claims = {0};

    /* The claims of a JWT are read in any case: they determine whether it is well-formed,
     * and its owner. */
    if (!authentic && !candidate->jwt) return FS_ALTERED;
    if (!(candidate->jwt ? fs_read_jwt(verifier, candidate, &claims)
                       : fs_read_t1(verifier->codec, candidate->claims, candidate->claims_len, &claims)))
        return FS_UNSURE;
    if (verifier->decode_only) return claims.session_len ? FS_GOOD : FS_UNSURE;
    if (claims.foreign) return FS_FOREIGN;
    if (!authentic) return FS_ALTERED;
    if (!is_session(verifier, &claims, known)) return FS_UNSURE;
    if (!claims.has_expiry) claims.expires = claims.created + HOURS_24;
    if (claims.expires > claims.created + DAYS_30) return FS_UNSURE;
    if (claims.created > verifier->now + verifier->leeway) {
        verifier->times[candidate->row] = (int64_t)claims.created;
        return FS_EARLY;
    }
    if (claims.expires <= verifier->now) {
        verifier->times[candidate->row] = (int64_t)claims.expires;
        return FS_EXPIRED;
    }
    return FS_GOOD;
}

/* Compute the MACs of all candidates of one form and check their claims. */
static void finish_form(const fs_verifier *verifier, const struct fs_candidate *candidates,
                        size_t count, int jwt, struct known *known) {
    const fs_key *key = verifier->key;
    const uint8_t *messages[AT_ONCE];
    size_t blocks[AT_ONCE], chosen[AT_ONCE], same = 0;
    fs_state digests[AT_ONCE];

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
        verifier->results[candidate->row] = check_claims(verifier, candidate, difference == 0, known);
    }
}

static void finish(const fs_verifier *verifier, const struct fs_candidate *candidates, size_t count,
                   struct known *known) {
    finish_form(verifier, candidates, count, 0, known);
    finish_form(verifier, candidates, count, 1, known);
}

/* Return the result for an RS256 token, or for any token with decode_only. */
static uint8_t finish_alone(const fs_verifier *verifier, const struct fs_candidate *candidate,
                            struct known *known) {
    uint8_t result = check_claims(verifier, candidate, 1, known);

    if (verifier->decode_only) return result;
    /* Last, because it takes by far the most time. */
    if ((result == FS_GOOD || result == FS_EARLY || result == FS_EXPIRED) &&
        !fs_rsa_verify(verifier->rsa, candidate->message, candidate->message_len, candidate->signature,
                       candidate->signature_len))
        return FS_ALTERED;
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
#define AHEAD 8

FS_INLINE void look_ahead(const fs_verifier *verifier, size_t i, size_t end) {
    if (end - i > AHEAD) {
        fs_text token = token_at(verifier, i + AHEAD);
        size_t most = token.len < 1024 ? token.len : 1024;
        for (size_t line = 0; line < most; line += FS_BLOCK) FS_PREFETCH(token.data + line);
    }
}

void fs_verify(const fs_verifier *verifier, size_t first, size_t count) {
    uint8_t arena[ARENA], *at = arena;
    struct fs_candidate candidates[AT_ONCE];
    struct known known;
    size_t ready = 0;

    known.len = 0;
    for (size_t i = first; i < first + count; i++) {
        fs_text token = token_at(verifier, i);
        size_t room;
        int jwt, taken;

        look_ahead(verifier, i, first + count);
        verifier->results[i] = FS_UNSURE;
        if (!token.len && !(verifier->tokens && token.data)) verifier->results[i] = FS_ABSENT;
        if (token.len < 8 || token.len > ARENA) continue;
        /* 'e' is the first base64 character of '{'. It is read once, because other threads
         * may change it and it determines how much memory is needed. */
        jwt = *(const volatile uint8_t *)token.data == 'e';
        room = fs_candidate_room(token.len, jwt);
        if (room > ARENA) continue;
        if (ready == AT_ONCE || (size_t)(arena + ARENA - at) < room) {
            finish(verifier, candidates, ready, &known);
            ready = 0;
            at = arena;
        }
        candidates[ready].jwt = jwt;
        candidates[ready].row = i;
        taken = (jwt ? fs_parse_jwt : fs_parse_t1)(verifier, &token, at,
                                                             &candidates[ready]);
        if (taken == FS_GOOD && verifier->key) {
            ready++;
            at += room;
            continue;
        }
        if (taken == FS_GOOD) taken = finish_alone(verifier, &candidates[ready], &known);
        verifier->results[i] = (uint8_t)taken;
    }
    if (ready) finish(verifier, candidates, ready, &known);
    if (verifier->key) fs_wipe_stack();
}
