/* Sign a batch with constant claims: T1 tokens or JWTs that differ only in their nonce.
 * t1.c and jwt.c prepare the plan.
 *
 * The plan contains the constant parts, hashed and encoded. The nonce is a counter, so a
 * batch consists of runs in which most digits of the nonce are constant, too. Only the last
 * complete base64 group of three digits changes, and the incomplete group after it, if
 * there is one:
 *
 *     bytes before the nonce, mod 3 = 0    ... 123|456|789|      `partial` = 0
 *                                     1    ... 12|345|678|9                  1
 *                                     2    ... 1|234|567|89                  2
 *
 * Signing a token hashes its last one or two blocks and the outer block, and copies the
 * template and a few table entries.
 */
#include "internal.h"

#define GROUP 16 /* tokens hashed in parallel: at least the lanes of the widest backend */

/* Offset of the last complete group of digits, the counter, in the encoded nonce. */
#define COUNTER_TEXT 32

static const unsigned radix[3] = {1, 10, 100}; /* values of the incomplete group */

#define LIMB 1000000000u

void fs_nonce_start(fs_nonce *nonce, const uint8_t random[24]) {
    uint64_t r[3] = {0};
    for (int i = 0; i < 24; i++) r[i / 8] |= (uint64_t)random[i] << (i % 8 * 8);
    /* Reducing 64 bits to 30 has a bias below 2^-34. */
    nonce->limb[0] = LIMB / 10 + r[0] % (LIMB - LIMB / 10 - 1);
    nonce->limb[1] = r[1] % LIMB;
    nonce->limb[2] = r[2] % LIMB;
}

uint64_t fs_nonce_digits(uint8_t *digits, const fs_nonce *nonce, uint64_t index) {
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

/* The tokens between two carries out of the counter. */
struct run {
    uint32_t inner[FS_STATE_WORDS];
    uint8_t tail[2 * FS_BLOCK + 8];
    size_t tail_blocks;
    size_t counter;                 /* offset of the counter in the tail */
    uint8_t nonce_text[FS_NONCE_TEXT];
    unsigned value, last;           /* next counter and next incomplete group */
    uint64_t left;                  /* tokens before the carry */
};

static void start_run(const fs_batch_plan *plan, uint64_t index, struct run *run) {
    const unsigned partial = plan->partial;
    uint8_t raw[2 + FS_NONCE_DIGITS + 2];
    uint8_t *digits = raw + partial;
    unsigned low;

    memcpy(raw, plan->nonce_head, partial);
    low = (unsigned)(fs_nonce_digits(digits, &plan->nonce, index) % (1000 * radix[partial]));
    run->value = low / radix[partial];
    run->last = low % radix[partial];
    run->left = 1000 * radix[partial] - low;
    if (plan->jwt) memcpy(digits + FS_NONCE_DIGITS, FS_JWT_END, 2);
    fs_base64(plan->codec, run->nonce_text, raw, partial + FS_NONCE_DIGITS + (plan->jwt ? 2 : 0));

    memcpy(run->inner, plan->inner, sizeof run->inner);
    memcpy(run->tail, plan->tail, sizeof run->tail);
    run->tail_blocks = plan->tail_blocks;
    if (plan->jwt) { /* JWTs sign the encoded text */
        memcpy(run->tail + plan->tail_nonce, run->nonce_text, plan->nonce_len);
        run->counter = plan->tail_nonce + COUNTER_TEXT;
    } else {
        memcpy(run->tail + plan->tail_nonce, digits, FS_NONCE_DIGITS);
        run->counter = plan->tail_nonce + FS_NONCE_DIGITS - 3 - partial;
    }
    if (run->counter >= FS_BLOCK) {
        /* The first block of the tail is constant, too. */
        plan->hash.compress(run->inner, run->tail, 1);
        memmove(run->tail, run->tail + FS_BLOCK, sizeof run->tail - FS_BLOCK);
        run->tail_blocks = 1;
        run->counter -= FS_BLOCK;
    }
}

static void sign_run(const fs_batch_plan *plan, struct run *run, size_t count, uint8_t *base,
                     size_t stride, uint8_t *const *places) {
    uint8_t tails[GROUP][2 * FS_BLOCK + 8];
    const uint8_t *tail[GROUP];
    fs_state digests[GROUP];
    uint16_t value[GROUP];
    uint8_t last[GROUP];
    const unsigned partial = plan->partial, lasts = radix[partial];
    uint8_t(*const last_text)[4] =
        plan->jwt ? fs_base64_last_jwt[partial] : fs_base64_last[partial];
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
            if (plan->jwt) {
                memcpy(tails[l] + run->counter, fs_base64_digits[run->value], 4);
                if (partial) memcpy(tails[l] + run->counter + 4, last_text[run->last], 4);
            } else {
                /* Each store writes four bytes; the next one overwrites the excess. */
                memcpy(tails[l] + run->counter, fs_digits[run->value], 4);
                memcpy(tails[l] + run->counter + 3, fs_digits_last[partial][run->last], 4);
                memcpy(tails[l] + run->counter + 3 + partial, plan->tail_after, 4);
            }
            if (++run->last == lasts) run->last = 0, run->value++;
        }
        fs_mac(&plan->hash, run->inner, plan->outer, tail, run->tail_blocks, digests, n);
        for (size_t l = 0; l < n; l++) {
            uint8_t *to = places ? *places++ : base, *nonce = to + plan->nonce_offset;
            if (!places) base += stride;
            memcpy(to, plan->text, plan->nonce_offset);
            memcpy(nonce, run->nonce_text, plan->nonce_len);
            memcpy(nonce + COUNTER_TEXT, fs_base64_digits[value[l]], 4);
            if (partial) memcpy(nonce + COUNTER_TEXT + 4, last_text[last[l]], 4);
            if (plan->jwt) {
                nonce[plan->nonce_len] = '.';
                fs_jwt_signature(plan->codec, to + plan->sig_offset, digests[l]);
            } else {
                fs_t1_signature(plan->codec, &plan->frame, to + plan->sig_offset, digests[l]);
            }
            if (newline) to[plan->text_len] = '\n';
        }
        count -= n;
    }
}

void fs_batch_plan_sign(const fs_batch_plan *plan, uint64_t first, size_t count, uint8_t *base,
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
    fs_wipe_stack();
}
