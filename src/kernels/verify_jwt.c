/* JWTs signed with HS256, taken apart and read. Read verify.c first.
 *
 * Of JSON only what signers write is known here: one object without spaces, whose members
 * are strings, numbers, null, true, false and lists of strings, named without escapes. All
 * else gets a closer look.
 */
#include "verify.h"

#define SIGNATURE 43 /* 32 bytes in base64url */

/* Decode base64url without padding; 0 if anything is not as it should be. */
static size_t decode(uint8_t *raw, const uint8_t *text, size_t len) {
    size_t whole = len / 4 * 4, end;

    if (len % 4 == 1 || memchr(text, '+', len) || memchr(text, '/', len)) return 0;
    if (!fs_base64_decode(raw, text, whole)) return 0;
    if (len == whole) return whole / 4 * 3;
    end = fs_base64_end(raw + whole / 4 * 3, text + whole, len - whole);
    return end ? whole / 4 * 3 + end : 0;
}

/* The length of a header that is expected, with its dot; 0 if this is another one. */
static size_t known_head(const fs_verifier *verifier, const uint8_t *token, size_t len) {
    for (size_t i = 0; i < verifier->jwt_heads_count; i++) {
        const fs_text *head = verifier->jwt_heads + i;
        if (head->len < len && !memcmp(token, head->data, head->len)) return head->len;
    }
    return 0;
}

int fs_take_apart_jwt(const fs_verifier *verifier, const fs_text *token, uint8_t *at,
                      struct fs_suspect *suspect) {
    uint8_t mac[SIGNATURE], *claims;
    size_t signed_len, head_len;

    if (token->len < 2 + 1 + SIGNATURE) return FS_UNSURE;
    signed_len = token->len - 1 - SIGNATURE;
    if (token->data[signed_len] != '.') return FS_UNSURE;
    /* Read once, since others may write to it: what it says is what was signed. */
    memcpy(at, token->data, signed_len);
    head_len = known_head(verifier, at, signed_len);
    if (!head_len) return FS_UNSURE;
    if (decode(mac, token->data + signed_len + 1, SIGNATURE) != 32) return FS_UNSURE;
    for (int w = 0; w < 8; w++) suspect->mac[w] = fs_load_be32(mac + 4 * w);

    suspect->message = at;
    suspect->blocks = fs_pad(at, signed_len, FS_BLOCK + signed_len);
    suspect->claims = claims = at + suspect->blocks * FS_BLOCK;
    /* A dot in the payload is no base64. */
    suspect->claims_len = decode(claims, at + head_len, signed_len - head_len);
    return suspect->claims_len ? FS_GOOD : FS_UNSURE;
}

/* An escape that could be half of a surrogate pair is not as expected. */
int fs_is_json_text(const uint8_t *value, size_t len) {
    struct fs_utf8 state = {0};

    for (size_t i = 0; i < len; i++) {
        if (value[i] < 0x20) return 0;
        if (value[i] == '\\') {
            uint8_t a, b;
            if (state.more || ++i == len) return 0;
            if (value[i] == 'u') {
                if (len - i < 5) return 0;
                a = fs_hex_value[value[i + 1]];
                b = fs_hex_value[value[i + 2]];
                if ((a | b | fs_hex_value[value[i + 3]] | fs_hex_value[value[i + 4]]) > 15)
                    return 0;
                if (a == 13 && b >= 8) return 0;
                i += 4;
            } else if (!value[i] || !strchr("\"\\/bfnrt", value[i])) {
                return 0;
            }
        } else if (!fs_utf8_takes(&state, value[i])) {
            return 0;
        }
    }
    return !state.more;
}

/* The end of the digits at value[i], of which there must be some: i if there are none. */
static size_t digits_end(const uint8_t *value, size_t i, size_t len) {
    while (i < len && value[i] >= '0' && value[i] <= '9') i++;
    return i;
}

/* Whether this is a number as JSON writes them (RFC 8259, section 6), and not too long for
 * any reader. */
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

/* The closing quote of the string whose inside begins here; NULL if there is none. */
static const uint8_t *string_end(const uint8_t *at, const uint8_t *end) {
    for (; at < end; at++) {
        if (*at == '"') return at;
        if (*at == '\\') at++;
    }
    return NULL;
}

/* The closing bracket of the list of strings that begins here; NULL if it is none. */
static const uint8_t *list_end(const uint8_t *at, const uint8_t *end) {
    if (end - at < 2 || *at++ != '[') return NULL;
    if (*at == ']') return at;
    for (;;) {
        const uint8_t *stop;
        if (end - at < 3 || *at != '"') return NULL;
        stop = string_end(at + 1, end);
        if (!stop || !fs_is_json_text(at + 1, (size_t)(stop - at - 1))) return NULL;
        at = stop + 1;
        if (at == end) return NULL;
        if (*at == ']') return at;
        if (*at++ != ',') return NULL;
    }
}

enum { TEXT, NUMBER, NOTHING, BOOLEAN, LIST };

/* A member of an object: its name and its value, of a string its inside. */
struct member {
    const uint8_t *name, *value;
    size_t name_len, len;
    int type;
};

#define IS(text, text_len, words) \
    (text_len == sizeof words - 1 && !memcmp(text, words, sizeof words - 1))

/* Read the member at `at`. Returns what is behind it, or NULL if it is not as expected. The
 * text of session_id is left to who reads it. */
static const uint8_t *read_member(const uint8_t *at, const uint8_t *end, struct member *member) {
    const uint8_t *value, *stop;

    if (end - at < 4 || *at++ != '"') return NULL;
    member->name = at;
    at = memchr(at, '"', (size_t)(end - at));
    if (!at || end - at < 3 || at[1] != ':') return NULL;
    member->name_len = (size_t)(at - member->name);
    value = at + 2;
    if (*value == '"') {
        stop = string_end(++value, end);
        if (!stop) return NULL;
        member->type = TEXT;
        at = stop + 1;
    } else if (*value == '[') {
        stop = list_end(value, end);
        if (!stop) return NULL;
        member->type = LIST;
        at = stop + 1;
    } else {
        for (stop = value; stop < end && *stop != ',' && *stop != '}'; stop++) {}
        at = stop;
        member->type = NUMBER;
    }
    member->value = value;
    member->len = (size_t)(stop - value);
    if (member->type != NUMBER) return at;
    if (IS(value, member->len, "null"))
        member->type = NOTHING;
    else if (IS(value, member->len, "true") || IS(value, member->len, "false"))
        member->type = BOOLEAN;
    else if (!is_number(value, member->len))
        return NULL;
    return at;
}

/* What members are for; those above SESSION are known, others are merely passed over. */
enum { OTHER, SESSION, IAT, CREATE_TIME, EXP, EXPIRE_TIME, NBF, ROLE, ISS, IST, SCOPE, KEPT };

static const struct {
    const char *name;
    size_t len;
    int what;
} names[] = {
#define NAME(text, what) {text, sizeof text - 1, what}
    NAME("session_id", SESSION),
    NAME("iat", IAT),
    NAME("exp", EXP),
    NAME("role", ROLE),
    NAME("iss", ISS),
    NAME("ist", IST),
    NAME("scope", SCOPE),
    NAME("create_time", CREATE_TIME),
    NAME("expire_time", EXPIRE_TIME),
    NAME("nbf", NBF),
    /* Text, or a number; the last two also a list. */
    NAME("connection_data", KEPT),
    NAME("data", KEPT),
    NAME("jti", KEPT),
    NAME("nonce", KEPT),
    NAME("initial_layout_class_list", KEPT),
    NAME("initial_layout_list", KEPT),
#undef NAME
};
#define NAMES (sizeof names / sizeof *names)
#define MOST_OTHERS 8

/* The number of a name in `names`, or NAMES. */
static size_t find_name(const uint8_t *name, size_t len) {
    size_t i = 0;
    while (i < NAMES && (names[i].len != len || memcmp(names[i].name, name, len))) i++;
    return i;
}

/* Take note of what a member that is not null says; 0 if that is not as expected. */
static int take_member(const fs_verifier *verifier, const struct member *member, size_t number,
                       struct fs_said *said, uint64_t times[KEPT]) {
    const uint8_t *value = member->value;
    const size_t len = member->len;
    int what = number < NAMES ? names[number].what : OTHER;

    if (member->type == TEXT && what != SESSION && !fs_is_json_text(value, len)) return 0;
    switch (what) {
    case SESSION:
        said->session = value; /* whether it is text is seen later */
        said->session_len = len;
        return member->type == TEXT;
    case ROLE:
        return member->type == TEXT && fs_role_of(value, len) >= 0;
    case ISS:
        if (member->type != TEXT || memchr(value, '\\', len)) return 0;
        said->foreign = len != verifier->key_len || memcmp(value, verifier->api_key, len);
        return 1;
    case IST:
        return member->type == TEXT && IS(value, len, "project");
    case SCOPE:
        return member->type == TEXT && IS(value, len, FS_SCOPE);
    case KEPT:
        if (member->type == LIST) return number >= NAMES - 2;
        return member->type == TEXT || (member->type == NUMBER && number < NAMES - 2);
    case OTHER:
        return member->type != LIST;
    default:
        return member->type == NUMBER && fs_seconds(value, len, times + what);
    }
}

int fs_read_jwt(const fs_verifier *verifier, const uint8_t *claims, size_t len,
                struct fs_said *said) {
    const uint8_t *at = claims, *end = claims + len;
    uint64_t times[KEPT];
    struct member others[MOST_OTHERS];
    size_t count = 0;
    uint32_t seen = 0, known = 0; /* names, and what is not null */

    if (len < 2 || *at++ != '{') return 0;
    for (;;) {
        struct member member;
        size_t number;
        at = read_member(at, end, &member);
        if (!at) return 0;
        number = find_name(member.name, member.name_len);
        if (number < NAMES) {
            if (seen >> number & 1) return 0;
            seen |= (uint32_t)1 << number;
        } else {
            if (count == MOST_OTHERS || memchr(member.name, '\\', member.name_len) ||
                !fs_is_json_text(member.name, member.name_len))
                return 0;
            for (size_t i = 0; i < count; i++)
                if (others[i].name_len == member.name_len &&
                    !memcmp(others[i].name, member.name, member.name_len))
                    return 0;
            others[count++] = member;
        }
        if (member.type != NOTHING) {
            if (!take_member(verifier, &member, number, said, times)) return 0;
            if (number < NAMES) known |= (uint32_t)1 << names[number].what;
        }
        if (at == end) return 0;
        if (*at == '}') break;
        if (*at++ != ',') return 0;
    }
#define HAS(what) (known >> (what) & 1)
    if (at + 1 != end || !HAS(SESSION) || !HAS(ISS)) return 0;
    if (!HAS(IAT) && !HAS(CREATE_TIME)) return 0;
    if (HAS(NBF) && times[NBF] > verifier->now + verifier->leeway) return 0;
    said->created = times[HAS(IAT) ? IAT : CREATE_TIME];
    said->has_expiry = HAS(EXP) || HAS(EXPIRE_TIME);
    if (said->has_expiry) said->expires = times[HAS(EXP) ? EXP : EXPIRE_TIME];
    return 1;
}
