/* Verify RSA signatures (RFC 8017, sections 5.2.2 and 8.2.2). All inputs are public, so the
 * functions need not run in constant time.
 *
 * Numbers are arrays of limbs, the lowest first. Montgomery multiplication divides each
 * product by R = 2**(64 * words). */
#include "internal.h"

#if defined(__SIZEOF_INT128__)
typedef uint64_t limb;
typedef unsigned __int128 wide; /* two limbs */
#else
typedef uint32_t limb;
typedef uint64_t wide;
#endif
#define LIMB_BITS (8 * sizeof(limb))
#define MAX_LIMBS (FS_RSA_BYTES / sizeof(limb))

/* The DER encoding before a SHA-256 digest in the padded message (section 9.2, note 1). */
static const uint8_t prefix[] = {0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
#define DIGEST 32

/* Read a big-endian number of `len` bytes. */
static void read_number(limb *to, size_t limbs, const uint8_t *bytes, size_t len) {
    memset(to, 0, limbs * sizeof *to);
    for (size_t i = 0; i < len; i++)
        to[i / sizeof *to] |= (limb)bytes[len - 1 - i] << (8 * (i % sizeof *to));
}

static void write_number(uint8_t *bytes, size_t len, const limb *number) {
    for (size_t i = 0; i < len; i++)
        bytes[len - 1 - i] = (uint8_t)(number[i / sizeof *number] >> (8 * (i % sizeof *number)));
}

static int is_below(const limb *a, const limb *b, size_t limbs) {
    while (limbs--)
        if (a[limbs] != b[limbs]) return a[limbs] < b[limbs];
    return 0;
}

/* A sum of products: three limbs, the lowest first. */
struct sum {
    limb low, middle, high;
};

FS_INLINE void add_product(struct sum *sum, limb a, limb b) {
#if defined(__SIZEOF_INT128__) && FS_X86 /* compilers generate twice as many instructions */
    __asm__("mulq %4\n\taddq %%rax, %0\n\tadcq %%rdx, %1\n\tadcq $0, %2"
            : "+r"(sum->low), "+r"(sum->middle), "+r"(sum->high), "+a"(a)
            : "rm"(b)
            : "rdx", "cc");
#else
    wide product = (wide)a * b;
    wide low = (wide)sum->low + (limb)product;
    wide middle = (wide)sum->middle + (limb)(product >> LIMB_BITS) + (limb)(low >> LIMB_BITS);
    sum->low = (limb)low;
    sum->middle = (limb)middle;
    sum->high += (limb)(middle >> LIMB_BITS);
#endif
}

/* Return the lowest limb of a sum and divide the sum by 2**LIMB_BITS. */
FS_INLINE limb shift(struct sum *sum) {
    limb low = sum->low;
    sum->low = sum->middle;
    sum->middle = sum->high;
    sum->high = 0;
    return low;
}

FS_INLINE void add_sum(struct sum *to, const struct sum *sum) {
    wide low = (wide)to->low + sum->low;
    wide middle = (wide)to->middle + sum->middle + (limb)(low >> LIMB_BITS);
    to->low = (limb)low;
    to->middle = (limb)middle;
    to->high += sum->high + (limb)(middle >> LIMB_BITS);
}

/* Compute a * b / R modulo n, for a and b below n; `inverse` is -1/n modulo 2**LIMB_BITS.
 *
 * Limb i of the product is the sum of all products of limbs j and i - j. The multiple of n
 * by `factors` is added, so that the lower half becomes 0. */
static void multiply(limb *to, const limb *a, const limb *b, const limb *n, limb inverse,
                     size_t limbs) {
    limb factors[MAX_LIMBS], result[MAX_LIMBS], borrow = 0;
    struct sum sum = {0, 0, 0};

    for (size_t i = 0; i < 2 * limbs - 1; i++) {
        size_t j = i < limbs ? 0 : i - limbs + 1, k = i - j;
        struct sum products = {0, 0, 0};
        if (i < limbs) factors[i] = 0; /* until it is computed below */
        for (; j < k; j++, k--) {
            add_product(&products, a[j], b[k]);
            if (a != b) add_product(&products, a[k], b[j]);
            add_product(&sum, factors[j], n[k]);
            add_product(&sum, factors[k], n[j]);
        }
        add_sum(&sum, &products);
        if (a == b) add_sum(&sum, &products); /* in a square, each product occurs twice */
        if (j == k) {
            add_product(&sum, a[j], b[j]);
            add_product(&sum, factors[j], n[j]);
        }
        if (i < limbs) {
            factors[i] = sum.low * inverse;
            add_product(&sum, factors[i], n[0]);
            shift(&sum);
        } else {
            result[i - limbs] = shift(&sum);
        }
    }
    result[limbs - 1] = shift(&sum);
    if (sum.low || !is_below(result, n, limbs))
        for (size_t j = 0; j < limbs; j++) {
            wide difference = (wide)result[j] - n[j] - borrow;
            result[j] = (limb)difference;
            borrow = (limb)(difference >> LIMB_BITS) & 1;
        }
    memcpy(to, result, limbs * sizeof *to);
}

static int bit(const fs_rsa *key, size_t number) {
    return key->exponent[key->exponent_len - 1 - number / 8] >> number % 8 & 1;
}

/* Replace `number` by number ** exponent modulo n. */
static void mod_exp(limb *number, const fs_rsa *key, const limb *n, limb inverse, size_t limbs) {
    limb base[MAX_LIMBS], found[MAX_LIMBS]; /* times R */
    size_t highest = 8 * key->exponent_len - 1;

    while (!bit(key, highest)) highest--;
    read_number(base, limbs, key->square, 8 * key->words);
    multiply(base, number, base, n, inverse, limbs);
    memcpy(found, base, limbs * sizeof *found);
    while (highest--) {
        multiply(found, found, found, n, inverse, limbs);
        /* The last bit is set. Multiplying by the number itself removes the factor R. */
        if (!highest)
            multiply(number, found, number, n, inverse, limbs);
        else if (bit(key, highest))
            multiply(found, found, base, n, inverse, limbs);
    }
}

static void digest_of(const fs_hash *sha256, const uint8_t *message, size_t len, uint8_t *digest) {
    uint32_t state[FS_STATE_WORDS];
    uint8_t tail[2 * FS_BLOCK];
    size_t rest = len % FS_BLOCK;

    memcpy(state, fs_sha256_initial, sizeof state);
    sha256->compress(state, message, len / FS_BLOCK);
    if (rest) memcpy(tail, message + len - rest, rest);
    sha256->compress(state, tail, fs_pad(tail, rest, len));
    for (int w = 0; w < 8; w++) fs_store_be32(digest + 4 * w, state[w]);
}

int fs_rsa_verify(const fs_rsa *key, const uint8_t *message, size_t len,
                  const uint8_t *signature, size_t signature_len) {
    limb n[MAX_LIMBS], number[MAX_LIMBS], inverse = 1;
    uint8_t padded[FS_RSA_BYTES], wanted[FS_RSA_BYTES];
    const size_t size = key->size, limbs = key->words * (8 / sizeof(limb));
    const size_t before = size - sizeof prefix - DIGEST;

    if (signature_len != size) return 0;
    read_number(n, limbs, key->modulus, size);
    read_number(number, limbs, signature, size);
    if (!is_below(number, n, limbs)) return 0;
    /* Newton's method: each step doubles the number of correct bits. */
    for (int i = 0; i < 6; i++) inverse *= 2 - n[0] * inverse;
    inverse = 0 - inverse;
    mod_exp(number, key, n, inverse, limbs);
    write_number(padded, size, number);

    memset(wanted, 0xff, before);
    wanted[0] = 0;
    wanted[1] = 1;
    memcpy(wanted + before, prefix, sizeof prefix);
    digest_of(&key->engine.sha256, message, len, wanted + before + sizeof prefix);
    return !memcmp(padded, wanted, size);
}
