/* A batch of T1 tokens that differ in their nonce only.
 *
 *     T1==  base64( partner_id=KEY&sig=  40 hex digits  :  DATA nonce=  27 digits )
 *                   '---- constant ----'                 '- constant -'
 *
 * All that is constant is hashed and encoded once, when the plan is made. The nonce
 * counts up, so the tokens of a batch fall into runs in which even most of its digits
 * stand still: only the last three (one base64 group) change, and what stands in the
 * incomplete group after them, if the text does not end on a group:
 *
 *     DATA length mod 3 = 0    ... 123|456|789|                 `partial` = 0
 *                         1    ... 12|345|678|9                             1
 *                         2    ... 1|234|567|89                             2
 *
 * A token then costs its one or two last blocks and the outer block, a copy of the
 * template, and a few table entries.
 */
#include "internal.h"

#define PREFIX 4 /* "T1==" */
#define SIG_DIGITS 40
#define GROUP 16 /* tokens hashed together: at least the lanes of the widest row */

/* Text of the nonce's groups: at most two bytes before it, 27 digits, padding. */
#define NONCE_TEXT 40
/* The group of three digits that changes with each token, in the nonce's text. */
#define COUNTER_TEXT 32

static const unsigned radix[3] = {1, 10, 100}; /* values of the incomplete group */

#define LIMB 1000000000u

void fs_nonce_start(fs_nonce *nonce, const uint8_t random[24]) {
    uint64_t r[3];
    memcpy(r, random, sizeof r);
    /* 64 bits for 30: the bias is below 2^-34. */
    nonce->limb[0] = LIMB / 10 + r[0] % (LIMB - LIMB / 10 - 1);
    nonce->limb[1] = r[1] % LIMB;
    nonce->limb[2] = r[2] % LIMB;
}

/* Write the digits of nonce + index; return the value of the last nine. */
static uint64_t nonce_digits(uint8_t *digits, const fs_nonce *nonce, uint64_t index) {
    uint64_t limb[3], carry = index;

    for (int j = 2; j >= 0; j--) {
        limb[j] = nonce->limb[j] + carry % LIMB;
        carry = carry / LIMB + limb[j] / LIMB;
        limb[j] %= LIMB;
    }
    for (int j = 0; j < 3; j++) {
        memcpy(digits + 9 * j, fs_digits[limb[j] / 1000000], 3);
        memcpy(digits + 9 * j + 3, fs_digits[limb[j] / 1000 % 1000], 3);
        memcpy(digits + 9 * j + 6, fs_digits[limb[j] % 1000], 3);
    }
    return limb[2];
}

size_t fs_t1_length(size_t head_len, size_t data_len) {
    return PREFIX + fs_base64_length(head_len + SIG_DIGITS + 1 + data_len + FS_NONCE_DIGITS);
}

void fs_plan_t1(fs_plan *plan, const fs_key *key, const fs_nonce *nonce,
                const uint8_t *head, size_t head_len, const uint8_t *data, size_t data_len,
                uint8_t *text, uint8_t *raw) {
    size_t nonce_at = head_len + SIG_DIGITS + 1 + data_len, raw_len = nonce_at + FS_NONCE_DIGITS;
    size_t whole = data_len / FS_BLOCK * FS_BLOCK, rest = data_len - whole;

    plan->hash = key->engine.sha1;
    plan->nonce = *nonce;

    /* What is hashed. */
    memcpy(plan->inner, key->sha1_inner, sizeof plan->inner);
    memcpy(plan->outer, key->sha1_outer, sizeof plan->outer);
    plan->hash.compress(plan->inner, data, whole / FS_BLOCK);
    memcpy(plan->tail, data + whole, rest);
    memset(plan->tail + rest, '0', FS_NONCE_DIGITS);
    plan->tail_nonce = (unsigned)rest;
    plan->tail_blocks = (unsigned)fs_pad(plan->tail, rest + FS_NONCE_DIGITS,
                                         FS_BLOCK + data_len + FS_NONCE_DIGITS);

    /* What is written. */
    memcpy(raw, head, head_len);
    memset(raw + head_len, '0', SIG_DIGITS);
    raw[head_len + SIG_DIGITS] = ':';
    memcpy(raw + head_len + SIG_DIGITS + 1, data, data_len);
    memset(raw + nonce_at, '0', FS_NONCE_DIGITS);
    memcpy(text, "T1==", PREFIX);
    fs_base64(text + PREFIX, raw, raw_len);
    plan->text = text;
    plan->text_len = PREFIX + fs_base64_length(raw_len);

    plan->sig_align = (unsigned)(head_len % 3);
    plan->sig_offset = PREFIX + head_len / 3 * 4;
    memcpy(plan->sig_head, raw + head_len - plan->sig_align, plan->sig_align);
    memcpy(plan->sig_tail, raw + head_len + SIG_DIGITS, 2);

    plan->partial = (unsigned)(nonce_at % 3);
    plan->nonce_offset = PREFIX + nonce_at / 3 * 4;
    memcpy(plan->nonce_head, raw + nonce_at - plan->partial, plan->partial);
    memcpy(plan->tail_after, plan->tail + rest + FS_NONCE_DIGITS, 4);
}

/* ---- signing -------------------------------------------------------------------- */

/* The tokens between two carries out of the counter's group. */
struct run {
    uint32_t inner[FS_STATE_WORDS];
    uint8_t tail[2 * FS_BLOCK + 8];
    size_t tail_blocks;
    size_t counter;                 /* where the changing digits begin in the tail */
    uint8_t nonce_text[NONCE_TEXT];
    unsigned value, last;           /* of the next token: the counter, the last group */
    uint64_t left;                  /* tokens until the carry */
};

static void start_run(const fs_plan *plan, uint64_t index, struct run *run) {
    const unsigned partial = plan->partial;
    uint8_t raw[2 + FS_NONCE_DIGITS];
    uint8_t *digits = raw + partial;
    unsigned low;

    memcpy(raw, plan->nonce_head, partial);
    low = (unsigned)(nonce_digits(digits, &plan->nonce, index) % (1000 * radix[partial]));
    run->value = low / radix[partial];
    run->last = low % radix[partial];
    run->left = 1000 * radix[partial] - low;
    fs_base64(run->nonce_text, raw, partial + FS_NONCE_DIGITS);

    memcpy(run->inner, plan->inner, sizeof run->inner);
    memcpy(run->tail, plan->tail, sizeof run->tail);
    memcpy(run->tail + plan->tail_nonce, digits, FS_NONCE_DIGITS);
    run->tail_blocks = plan->tail_blocks;
    run->counter = plan->tail_nonce + FS_NONCE_DIGITS - 3 - partial;
    if (run->counter >= FS_BLOCK) {
        /* All that still changes is in the second block. */
        plan->hash.compress(run->inner, run->tail, 1);
        memmove(run->tail, run->tail + FS_BLOCK, sizeof run->tail - FS_BLOCK);
        run->tail_blocks = 1;
        run->counter -= FS_BLOCK;
    }
}

/* The signature's groups: digest bits to base64 of hex digits, by twelve. */
FS_INLINE void put_signature(const fs_plan *plan, uint8_t *to, const uint32_t *digest) {
    static const char hex[] = "0123456789abcdef";
    uint64_t a = (uint64_t)digest[0] << 32 | digest[1];
    uint64_t b = (uint64_t)digest[2] << 32 | digest[3];
    uint64_t c = (uint64_t)digest[4] << 32;
    uint8_t group[3];
    unsigned loose; /* digits in the incomplete last group */

    /* The digits that complete the first group leave the registers at the top. */
    if (plan->sig_align) {
        unsigned digits = 3 - plan->sig_align, bits = 4 * digits;
        memcpy(group, plan->sig_head, plan->sig_align);
        group[plan->sig_align] = (uint8_t)hex[a >> 60];
        if (digits == 2) group[2] = (uint8_t)hex[a >> 56 & 15];
        fs_base64(to, group, 3);
        to += 4;
        a = a << bits | b >> (64 - bits);
        b = b << bits | c >> (64 - bits);
        c <<= bits;
        loose = plan->sig_align == 1 ? 2 : 0;
    } else {
        loose = 1;
    }
    /* 12 groups in any case: 60 bits from a, 60 across a and b, 24 across b and c. */
#define PUT(i, bits) memcpy(to + 4 * (i), fs_base64_hex[(bits) & 4095], 4)
    PUT(0, a >> 52);
    PUT(1, a >> 40);
    PUT(2, a >> 28);
    PUT(3, a >> 16);
    PUT(4, a >> 4);
    PUT(5, a << 8 | b >> 56);
    PUT(6, b >> 44);
    PUT(7, b >> 32);
    PUT(8, b >> 20);
    PUT(9, b >> 8);
    PUT(10, b << 4 | c >> 60);
    PUT(11, c >> 48);
    if (loose == 2) {
        /* 2 + 36 + 2 digits */
        group[0] = (uint8_t)hex[c >> 44 & 15];
        group[1] = (uint8_t)hex[c >> 40 & 15];
        group[2] = plan->sig_tail[0];
        fs_base64(to + 48, group, 3);
    } else {
        PUT(12, c >> 36); /* 1 + 39 digits, or 39 + 1 */
        if (loose == 1) {
            group[0] = (uint8_t)hex[c >> 32 & 15];
            memcpy(group + 1, plan->sig_tail, 2);
            fs_base64(to + 52, group, 3);
        }
    }
#undef PUT
}

static void sign_run(const fs_plan *plan, struct run *run, size_t count, uint8_t *base,
                     size_t stride, uint8_t *const *places) {
    uint8_t tails[GROUP][2 * FS_BLOCK + 8];
    const uint8_t *tail[GROUP];
    uint32_t digests[GROUP][FS_STATE_WORDS];
    uint16_t value[GROUP];
    uint8_t last[GROUP];
    const unsigned partial = plan->partial, lasts = radix[partial];
    const size_t nonce_len = plan->text_len - plan->nonce_offset;
    const int newline = stride > plan->text_len;
    size_t lanes = count < GROUP ? count : GROUP;

    for (size_t l = 0; l < lanes; l++) {
        memcpy(tails[l], run->tail, run->tail_blocks * FS_BLOCK + 8);
        tail[l] = tails[l];
    }
    while (count) {
        size_t n = count < GROUP ? count : GROUP;

        for (size_t l = 0; l < n; l++) {
            value[l] = (uint16_t)run->value;
            last[l] = (uint8_t)run->last;
            /* Each store writes four bytes; the next puts right what was too much. */
            memcpy(tails[l] + run->counter, fs_digits[run->value], 4);
            memcpy(tails[l] + run->counter + 3, fs_digits_last[partial][run->last], 4);
            memcpy(tails[l] + run->counter + 3 + partial, plan->tail_after, 4);
            if (++run->last == lasts) run->last = 0, run->value++;
        }
        fs_mac(&plan->hash, run->inner, plan->outer, tail, run->tail_blocks, digests, n);
        for (size_t l = 0; l < n; l++) {
            uint8_t *to = places ? *places++ : base, *nonce = to + plan->nonce_offset;
            if (!places) base += stride;
            memcpy(to, plan->text, plan->nonce_offset);
            memcpy(nonce, run->nonce_text, nonce_len);
            memcpy(nonce + COUNTER_TEXT, fs_base64_digits[value[l]], 4);
            if (partial) memcpy(nonce + COUNTER_TEXT + 4, fs_base64_last[partial][last[l]], 4);
            put_signature(plan, to + plan->sig_offset, digests[l]);
            if (newline) nonce[nonce_len] = '\n';
        }
        count -= n;
    }
}

void fs_plan_sign(const fs_plan *plan, uint64_t first, size_t count, uint8_t *base,
                  size_t stride, uint8_t *const *places) {
    while (count) {
        struct run run;
        size_t n;

        start_run(plan, first, &run);
        n = count < run.left ? count : (size_t)run.left;
        sign_run(plan, &run, n, base, stride, places);
        first += n;
        count -= n;
        fs_wipe(&run, sizeof run);
        if (places)
            places += n;
        else
            base += n * stride;
    }
}
