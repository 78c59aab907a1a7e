/* Whether tokens hold, many at a time.
 *
 * A token passes here only if all of it is as expected: its text, its signature, its
 * times, its session. If one of the usual things is wrong, and all else as expected, that is
 * the verdict. Whatever is merely unusual (another SDK's field, say) is left to a closer
 * look, as is all else that is wrong.
 *
 * verify_t1.c and verify_jwt.c take the two forms apart, and read what they say.
 */
#include "tokens/verify.h"

#define AT_ONCE FS_MIXED
#define ARENA 49152
#define DAYS_30 2592000
#define HOURS_24 86400

/* The last session that was found to be the project's: in most batches there are few. */
struct known {
    uint8_t session[256];
    size_t len;
};

static int is_session(const fs_verifier *verifier, const struct fs_said *said,
                      struct known *known) {
    const uint8_t *id = said->session;
    size_t len = said->session_len;

    if (verifier->session &&
        (len != verifier->session_len || memcmp(id, verifier->session, len)))
        return 0;
    if (!verifier->api_key)
        return fs_session_of(verifier->codec, id, len, said->owner, said->owner_len);
    if (len == known->len && len && !memcmp(id, known->session, len)) return 1;
    if (!fs_session_of(verifier->codec, id, len, verifier->api_key, verifier->key_len)) return 0;
    memcpy(known->session, id, len);
    known->len = len;
    return 1;
}

/* The verdict on a token that is authentic, as far as that is known here, or not. */
static uint8_t judge(const fs_verifier *verifier, const struct fs_suspect *suspect,
                     int authentic, struct known *known) {
    struct fs_said said = {0};

    /* The claims of a JWT tell whether it can be read, and whose it is. */
    if (!authentic && !suspect->jwt) return FS_ALTERED;
    if (!(suspect->jwt ? fs_read_jwt(verifier, suspect, &said)
                       : fs_read_t1(verifier->codec, suspect->claims, suspect->claims_len, &said)))
        return FS_UNSURE;
    if (verifier->decode_only) return said.session_len ? FS_GOOD : FS_UNSURE;
    if (said.foreign) return FS_FOREIGN;
    if (!authentic) return FS_ALTERED;
    if (!is_session(verifier, &said, known)) return FS_UNSURE;
    if (!said.has_expiry) said.expires = said.created + HOURS_24;
    if (said.expires > said.created + DAYS_30) return FS_UNSURE;
    if (said.created > verifier->now + verifier->leeway) {
        verifier->times[suspect->row] = (int64_t)said.created;
        return FS_EARLY;
    }
    if (said.expires <= verifier->now) {
        verifier->times[suspect->row] = (int64_t)said.expires;
        return FS_EXPIRED;
    }
    return FS_GOOD;
}

/* Compute the MACs of all suspects of one form, and judge them. */
static void finish_form(const fs_verifier *verifier, const struct fs_suspect *suspects,
                        size_t count, int jwt, struct known *known) {
    const fs_key *key = verifier->key;
    const uint8_t *messages[AT_ONCE];
    size_t blocks[AT_ONCE], chosen[AT_ONCE], same = 0;
    fs_state digests[AT_ONCE];

    for (size_t j = 0; j < count; j++) {
        if (suspects[j].jwt != jwt) continue;
        messages[same] = suspects[j].message;
        blocks[same] = suspects[j].blocks;
        chosen[same++] = j;
    }
    if (!same) return;
    fs_mac_mixed(jwt ? &key->engine.sha256 : &key->engine.sha1,
                 jwt ? key->sha256_inner : key->sha1_inner,
                 jwt ? key->sha256_outer : key->sha1_outer, messages, blocks, digests, same);
    for (size_t s = 0; s < same; s++) {
        const struct fs_suspect *suspect = &suspects[chosen[s]];
        /* In constant time: nothing depends on where the two differ. */
        volatile uint32_t difference = 0;
        for (int w = 0; w < (jwt ? 8 : 5); w++) difference |= digests[s][w] ^ suspect->mac[w];
        FS_PUBLIC(&difference, sizeof difference); /* all else stays secret */
        verifier->verdicts[suspect->row] = judge(verifier, suspect, difference == 0, known);
    }
}

static void finish(const fs_verifier *verifier, const struct fs_suspect *suspects, size_t count,
                   struct known *known) {
    finish_form(verifier, suspects, count, 0, known);
    finish_form(verifier, suspects, count, 1, known);
}

/* The verdict on a token that is not hashed side by side with others. */
static uint8_t finish_alone(const fs_verifier *verifier, const struct fs_suspect *suspect,
                            struct known *known) {
    uint8_t verdict = judge(verifier, suspect, 1, known);

    if (verifier->decode_only) return verdict;
    /* Last, since it takes the most time by far. */
    if ((verdict == FS_GOOD || verdict == FS_EARLY || verdict == FS_EXPIRED) &&
        !fs_rsa_verify(verifier->rsa, suspect->message, suspect->message_len, suspect->signature,
                       suspect->signature_len))
        return FS_ALTERED;
    return verdict;
}

static fs_text token_at(const fs_verifier *verifier, size_t i) {
    const int64_t *offsets = verifier->offsets;
    if (verifier->tokens) return verifier->tokens[i];
    if (offsets)
        return (fs_text){verifier->base + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
    return (fs_text){verifier->base + i * verifier->length, verifier->length};
}

/* So many tokens are on their way from memory while one is taken apart. */
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
    struct fs_suspect suspects[AT_ONCE];
    struct known known;
    size_t ready = 0;

    known.len = 0;
    for (size_t i = first; i < first + count; i++) {
        fs_text token = token_at(verifier, i);
        size_t room;
        int jwt, taken;

        look_ahead(verifier, i, first + count);
        verifier->verdicts[i] = FS_UNSURE;
        if (!token.len && !(verifier->tokens && token.data)) verifier->verdicts[i] = FS_ABSENT;
        if (token.len < 8 || token.len > ARENA) continue;
        /* '{' in base64. Read once, whoever may write to it: it decides how much room is
         * needed. */
        jwt = *(const volatile uint8_t *)token.data == 'e';
        room = fs_suspect_room(token.len, jwt);
        if (room > ARENA) continue;
        if (ready == AT_ONCE || (size_t)(arena + ARENA - at) < room) {
            finish(verifier, suspects, ready, &known);
            ready = 0;
            at = arena;
        }
        suspects[ready].jwt = jwt;
        suspects[ready].row = i;
        taken = (jwt ? fs_take_apart_jwt : fs_take_apart_t1)(verifier, &token, at,
                                                             &suspects[ready]);
        if (taken == FS_GOOD && verifier->key) {
            ready++;
            at += room;
            continue;
        }
        if (taken == FS_GOOD) taken = finish_alone(verifier, &suspects[ready], &known);
        verifier->verdicts[i] = (uint8_t)taken;
    }
    if (ready) finish(verifier, suspects, ready, &known);
    if (verifier->key) fs_wipe_stack();
}
