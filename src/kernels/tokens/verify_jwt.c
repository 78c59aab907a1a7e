/* Parse JWTs. Read verify.c first.
 *
 * Only the JSON that signers write is parsed: one object without spaces. Its values are
 * strings, numbers, null, true, false, lists of strings, or a known access list, and its
 * names have no escapes. Other JSON is left to slow-path validation.
 */
#include "tokens/verify.h"

#if FS_X86
#include <emmintrin.h>
#endif

#define SIGNATURE 43      /* 32 bytes in base64url */
#define RSA_SIGNATURE 256 /* minimum length in bytes */

/* Decode base64url without padding. Returns the number of bytes, or 0 if it is invalid. */
static size_t decode(const fs_codec *codec, uint8_t *raw, const uint8_t *text, size_t len) {
    if (memchr(text, '+', len) || memchr(text, '/', len)) return 0;
    return fs_base64_raw(codec, raw, text, len);
}

/* Return the index of the header that a token begins with, or jwt_heads_count. */
static size_t find_head(const fs_verifier *verifier, const uint8_t *token, size_t len) {
    size_t i = 0;
    for (; i < verifier->jwt_heads_count; i++) {
        const fs_text *head = verifier->jwt_heads + i;
        if (head->len < len && !memcmp(token, head->data, head->len)) break;
    }
    return i;
}

/* Return the offset of the second dot of a token, or 0. */
static size_t second_dot(const uint8_t *token, size_t len) {
    const uint8_t *dot = memchr(token, '.', len), *end = token + len;
    if (dot) dot = memchr(dot + 1, '.', (size_t)(end - dot - 1));
    return dot ? (size_t)(dot - token) : 0;
}

int fs_parse_jwt(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct fs_candidate *candidate) {
    size_t signed_len, head_len, number, mac_len;
    uint8_t *claims, *mac;

    if (token->len < 2 + 1 + SIGNATURE) return FS_UNDECIDED;
    signed_len = token->len - 1 - SIGNATURE;
    if (token->data[signed_len] != '.') {
        signed_len = verifier->key ? 0 : second_dot(token->data, token->len);
        if (!signed_len) return FS_UNDECIDED;
    }
    /* Other threads may write to the token. With a copy, the verified text is the parsed
     * one. */
    memcpy(at, token->data, signed_len);
    number = find_head(verifier, at, signed_len);
    if (number == verifier->jwt_heads_count) return FS_UNDECIDED;
    head_len = verifier->jwt_heads[number].len;
    candidate->rs256 = number >= verifier->hs256_heads_count;

    /* The padding of the signed text needs room before the claims. */
    claims = at + (signed_len + 9 + FS_BLOCK - 1) / FS_BLOCK * FS_BLOCK;
    candidate->claims = claims;
    /* A dot in the payload is not a base64 character. */
    candidate->claims_len = decode(verifier->codec, claims, at + head_len, signed_len - head_len);
    if (!candidate->claims_len) return FS_UNDECIDED;
    mac = claims + candidate->claims_len;
    mac_len = decode(verifier->codec, mac, token->data + signed_len + 1, token->len - signed_len - 1);
    if (candidate->rs256 ? mac_len < RSA_SIGNATURE : mac_len != 32) return FS_UNDECIDED;
    candidate->message = at;
    if (!verifier->key) {
        candidate->message_len = signed_len;
        candidate->signature = mac;
        candidate->signature_len = mac_len;
        return FS_VALID;
    }
    for (int w = 0; w < 8; w++) candidate->mac[w] = fs_load_be32(mac + 4 * w);
    candidate->blocks = fs_pad(at, signed_len, FS_BLOCK + signed_len);
    return FS_VALID;
}

/* ---- JSON ----------------------------------------------------------------------------- */

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Skip unescaped ASCII in a JSON string: all characters but controls, quotes and
 * backslashes. */
FS_INLINE const uint8_t *skip_plain(const uint8_t *at, const uint8_t *end) {
#if FS_X86
    for (; end - at >= 16; at += 16) {
        __m128i in = _mm_loadu_si128((const __m128i *)at), odd;
        odd = _mm_or_si128(_mm_cmpeq_epi8(in, _mm_set1_epi8('"')),
                           _mm_cmpeq_epi8(in, _mm_set1_epi8('\\')));
        /* As signed numbers, non-ASCII bytes are also below the space. */
        odd = _mm_or_si128(odd, _mm_cmplt_epi8(in, _mm_set1_epi8(' ')));
        int bits = _mm_movemask_epi8(odd);
        if (bits) return at + fs_lowest_bit((uint64_t)bits);
    }
#endif
    for (uint64_t w; end - at >= 8; at += 8) {
        memcpy(&w, at, sizeof w);
        /* The highest bit is set for non-ASCII bytes, controls, quotes and backslashes. */
        if ((w | (w - ' ' * ONES) | ((w ^ '"' * ONES) - ONES) | ((w ^ '\\' * ONES) - ONES)) & HIGHS)
            break;
    }
    while (at < end && *at >= ' ' && *at < 0x80 && *at != '"' && *at != '\\') at++;
    return at;
}

/* Skip an escape. Returns NULL if it is invalid or a surrogate. */
static const uint8_t *skip_escape(const uint8_t *at, const uint8_t *end) {
    uint8_t a, b;
    if (end - at < 2) return NULL;
    if (at[1] != 'u') return at[1] && strchr("\"\\/bfnrt", at[1]) ? at + 2 : NULL;
    if (end - at < 6) return NULL;
    a = fs_hex_value[at[2]];
    b = fs_hex_value[at[3]];
    if ((a | b | fs_hex_value[at[4]] | fs_hex_value[at[5]]) > 15) return NULL;
    return a == 13 && b >= 8 ? NULL : at + 6;
}

/* Like string_end, for strings with escapes or non-ASCII characters. */
static FS_NOINLINE const uint8_t *string_end_slow(const uint8_t *at, const uint8_t *end) {
    while (at && at < end && *at >= ' ') {
        if (*at == '"') return at;
        at = *at == '\\' ? skip_escape(at, end) : fs_skip_utf8(at, end);
        if (at) at = skip_plain(at, end);
    }
    return NULL;
}

/* Return the closing quote of the string whose contents begin at `at`, or NULL if the
 * string is invalid (RFC 8259, section 7). */
FS_INLINE const uint8_t *string_end(const uint8_t *at, const uint8_t *end) {
    at = skip_plain(at, end);
    return at < end && *at == '"' ? at : string_end_slow(at, end);
}

/* Return the end of the digits that begin at value[i]; i if there are none. */
static size_t digits_end(const uint8_t *value, size_t i, size_t len) {
    while (i < len && value[i] >= '0' && value[i] <= '9') i++;
    return i;
}

/* Return 1 if this is a JSON number (RFC 8259, section 6) of at most 40 characters. */
static int is_number(const uint8_t *value, size_t len) {
    size_t start = len && value[0] == '-', i = digits_end(value, start, len);

    if (len > 40 || i == start || (value[start] == '0' && i - start > 1)) return 0;
    if (i < len && value[i] == '.') {
        start = i + 1;
        i = digits_end(value, start, len);
        if (i == start) return 0;
    }
    if (i < len && (value[i] | 32) == 'e') {
        start = i + 1;
        start += start < len && (value[start] == '+' || value[start] == '-');
        i = digits_end(value, start, len);
        if (i == start) return 0;
    }
    return i == len;
}

/* Return the closing bracket of the list of strings that begins at `at`, or NULL if it is
 * invalid. */
static const uint8_t *list_end(const uint8_t *at, const uint8_t *end) {
    if (end - at < 2 || *at++ != '[') return NULL;
    if (*at == ']') return at;
    for (;;) {
        const uint8_t *stop;
        if (end - at < 3 || *at != '"') return NULL;
        stop = string_end(at + 1, end);
        if (!stop) return NULL;
        at = stop + 1;
        if (at == end) return NULL;
        if (*at == ']') return at;
        if (*at++ != ',') return NULL;
    }
}

enum { STRING, NUMBER, NULL_VALUE, BOOLEAN, LIST, OBJECT };

/* A member of an object. The value of a string excludes its quotes. */
struct member {
    const uint8_t *name, *value;
    size_t name_len, len;
    int type;
};

#define IS(text, text_len, words) \
    (text_len == sizeof words - 1 && !memcmp(text, words, sizeof words - 1))

/* The access list in the tokens of applications, the only accepted nested object. */
static const char acl[] = "{\"paths\":{\"/session/**\":{}}}";

/* Parse the member at `at`. Returns its end, or NULL if it needs slow-path validation. */
static const uint8_t *read_member(const uint8_t *at, const uint8_t *end, struct member *member) {
    const uint8_t *value, *stop;

    if (end - at < 4 || *at++ != '"') return NULL;
    member->name = at;
    at = string_end(at, end);
    if (!at || end - at < 3 || at[1] != ':') return NULL;
    member->name_len = (size_t)(at - member->name);
    value = at + 2;
    if (*value == '"') {
        stop = string_end(++value, end);
        if (!stop) return NULL;
        member->type = STRING;
        at = stop + 1;
    } else if (*value == '[') {
        stop = list_end(value, end);
        if (!stop) return NULL;
        member->type = LIST;
        at = stop + 1;
    } else if (*value == '{') {
        if ((size_t)(end - value) < sizeof acl || memcmp(value, acl, sizeof acl - 1)) return NULL;
        member->type = OBJECT;
        at = stop = value + sizeof acl - 1;
    } else {
        for (stop = value; stop < end && *stop != ',' && *stop != '}'; stop++) {}
        at = stop;
        member->type = NUMBER;
    }
    member->value = value;
    member->len = (size_t)(stop - value);
    if (member->type != NUMBER) return at;
    if (IS(value, member->len, "null"))
        member->type = NULL_VALUE;
    else if (IS(value, member->len, "true") || IS(value, member->len, "false"))
        member->type = BOOLEAN;
    else if (!is_number(value, member->len))
        return NULL;
    return at;
}

/* The known names: those of the table of claims, and these. The values of other names are
 * ignored. */
enum {
    IAT = FS_CLAIM_COUNT, CREATE_TIME, EXPIRE_TIME, NBF, ISS, APPLICATION, IST, SCOPE, DATA,
    JTI, NONCE, LIST_OF_NET, OTHER
};
#define MAX_OTHERS 8

static int find_name(const uint8_t *name, size_t len) {
#define IS_CLAIM(claim, type, argument, t1, jwt) \
    if (IS(name, len, jwt)) return FS_##claim;
    FS_CLAIMS(IS_CLAIM)
#undef IS_CLAIM
    /* By length: there are few comparisons, of constant size. */
#define TRY(text, what) if (!memcmp(name, text, sizeof text - 1)) return what
    switch (len) {
    case 3:
        TRY("iss", ISS);
        TRY("ist", IST);
        TRY("iat", IAT);
        TRY("jti", JTI);
        TRY("nbf", NBF);
        break;
    case 4: TRY("data", DATA); break;
    case 5:
        TRY("scope", SCOPE);
        TRY("nonce", NONCE);
        break;
    case 11:
        TRY("create_time", CREATE_TIME);
        TRY("expire_time", EXPIRE_TIME);
        break;
    case 14: TRY("application_id", APPLICATION); break;
    case 19: TRY("initial_layout_list", LIST_OF_NET); break;
    }
#undef TRY
    return OTHER;
}

/* Return 1 if a value is an owner without escapes. An application ID must be in lower case,
 * because Python compares IDs case-insensitively. */
static int is_owner(const struct member *member, int rs256) {
    if (member->type != STRING || !member->len) return 0;
    if (!rs256) return !memchr(member->value, '\\', member->len);
    for (size_t i = 0; i < member->len; i++) {
        uint8_t c = member->value[i];
        if (c != '-' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z')) return 0;
    }
    return 1;
}

/* Store the claim of a member that is not null. Returns 0 if it needs slow-path
 * validation. */
static int store_member(const struct member *member, int name, int rs256,
                        struct fs_token_claims *claims, uint64_t *times) {
    const uint8_t *value = member->value;
    const size_t len = member->len;
    const int is_string = member->type == STRING;

    if (name == (rs256 ? ISS : APPLICATION)) name = OTHER;
    switch (name) {
    case FS_SESSION_ID:
        claims->session = value;
        claims->session_len = len;
        return is_string;
    case FS_ROLE: return is_string && fs_role_of(value, len) >= 0;
    case ISS:
    case APPLICATION:
        claims->owner = value;
        claims->owner_len = len;
        return is_owner(member, rs256);
    case IST: return is_string && IS(value, len, "project");
    case SCOPE: return is_string && IS(value, len, FS_SCOPE);
    case FS_EXPIRATION:
    case IAT:
    case CREATE_TIME:
    case EXPIRE_TIME:
    case NBF: return member->type == NUMBER && fs_seconds(value, len, times + name);
    case LIST_OF_NET: return is_string || member->type == LIST;
    case DATA:
    case JTI:
    case NONCE: return is_string || member->type == NUMBER;
    case OTHER: return member->type != LIST;
    default: /* TEXT and NAMES of the table */
        return is_string || member->type == (fs_claims[name].type == FS_TYPE_NAMES ? LIST : NUMBER);
    }
}

int fs_read_jwt(const fs_verifier *verifier, const struct fs_candidate *candidate,
                struct fs_token_claims *claims) {
    const uint8_t *at = candidate->claims, *end = at + candidate->claims_len;
    uint64_t times[NBF + 1];
    struct member others[MAX_OTHERS];
    size_t count = 0;
    uint32_t seen = 0, known = 0; /* bits of names: present; present and not null */

    if (end - at < 2 || *at++ != '{') return 0;
    for (;;) {
        struct member member;
        int name;
        at = read_member(at, end, &member);
        if (!at) return 0;
        name = find_name(member.name, member.name_len);
        if (name != OTHER) {
            if (seen >> name & 1) return 0;
            seen |= (uint32_t)1 << name;
        } else {
            if (count == MAX_OTHERS || memchr(member.name, '\\', member.name_len)) return 0;
            for (size_t i = 0; i < count; i++)
                if (others[i].name_len == member.name_len &&
                    !memcmp(others[i].name, member.name, member.name_len))
                    return 0;
            others[count++] = member;
        }
        if (member.type != NULL_VALUE) {
            if (!store_member(&member, name, candidate->rs256, claims, times)) return 0;
            known |= (uint32_t)1 << name;
        }
        if (at == end) return 0;
        if (*at == '}') break;
        if (*at++ != ',') return 0;
    }
#define HAS(what) (known >> (what) & 1)
    if (at + 1 != end || !HAS(FS_SESSION_ID) || !HAS(candidate->rs256 ? APPLICATION : ISS)) return 0;
    if (!HAS(IAT) && !HAS(CREATE_TIME)) return 0;
    if (HAS(NBF) && times[NBF] > verifier->now + verifier->leeway) return 0;
    if (verifier->api_key)
        claims->foreign = claims->owner_len != verifier->key_len ||
                        memcmp(claims->owner, verifier->api_key, claims->owner_len);
    claims->created = times[HAS(IAT) ? IAT : CREATE_TIME];
    claims->has_expiry = HAS(FS_EXPIRATION) || HAS(EXPIRE_TIME);
    if (claims->has_expiry) claims->expires = times[HAS(FS_EXPIRATION) ? FS_EXPIRATION : EXPIRE_TIME];
    return 1;
}
