/* The internal interface of the C core. */
#ifndef TOKBOX_INTERNAL_H
#define TOKBOX_INTERNAL_H

#include <string.h>

#include "fastsign.h"

#if defined(__x86_64__) || defined(_M_X64)
#define FS_X86 1
#else
#define FS_X86 0
#endif
#if defined(__aarch64__)
#define FS_ARM 1
#else
#define FS_ARM 0
#endif

#if defined(_MSC_VER)
#define FS_INLINE static __forceinline
#define FS_NOINLINE __declspec(noinline)
#else
#define FS_INLINE static inline __attribute__((always_inline))
#define FS_NOINLINE __attribute__((noinline))
#endif

/* Delimit a region whose functions may use an instruction set, independent of the
 * compiler's flags. Include the headers of the intrinsics before it. */
#define FS_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define FS_TARGET_BEGIN(features) \
    FS_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define FS_TARGET_END FS_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define FS_TARGET_BEGIN(features) FS_PRAGMA(GCC push_options) FS_PRAGMA(GCC target(features))
#define FS_TARGET_END FS_PRAGMA(GCC pop_options)
#else /* MSVC allows every intrinsic in every function */
#define FS_TARGET_BEGIN(features)
#define FS_TARGET_END
#endif

/* Declassify a value that was computed from a secret: branches and addresses may depend on
 * it from here on. Has an effect only in the variant "ctgrind" of tests/native/kernels,
 * where memcheck reports branches and addresses that depend on secrets. */
#if defined(FS_CTGRIND)
#include <valgrind/memcheck.h>
#define FS_PUBLIC(at, len) ((void)VALGRIND_MAKE_MEM_DEFINED(at, len))
#else
#define FS_PUBLIC(at, len) ((void)0)
#endif

enum {
    FS_CPU_SHA_NI = 1 << 0, /* with SSSE3 and SSE4.1 */
    FS_CPU_AVX2 = 1 << 1,
    FS_CPU_AVX512 = 1 << 2, /* F, BW, VL */
    FS_CPU_VBMI = 1 << 3, /* AVX-512 VBMI */
    FS_CPU_ARM_SHA1 = 1 << 4,
    FS_CPU_ARM_SHA2 = 1 << 5,
};
unsigned fs_cpu_features(void);

extern const uint32_t fs_sha1_initial[FS_STATE_WORDS];
extern const uint32_t fs_sha256_initial[FS_STATE_WORDS];
extern const uint32_t fs_sha256_k[64];

extern const fs_hash_backend fs_sha1_portable, fs_sha256_portable;
#if FS_X86
extern const fs_hash_backend fs_sha1_ni, fs_sha1_avx2, fs_sha1_avx512;
extern const fs_hash_backend fs_sha256_ni, fs_sha256_avx2, fs_sha256_avx512;
#endif
#if FS_ARM
extern const fs_hash_backend fs_sha1_armv8, fs_sha256_armv8;
#endif

#define FS_MAX_MIXED 64 /* the most messages of one fs_mac_mixed call */

/* Like fs_mac, for messages of different lengths. Messages of the same length are hashed in
 * parallel. */
void fs_mac_mixed(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
                  const uint8_t *const *messages, const size_t *blocks, fs_state *digests,
                  size_t count);

/* Like fs_wipe_stack, for functions that call a kernel directly. */
void fs_wipe_stack_of_kernel(void);

#define FS_JWT_END "\"}" /* follows the nonce */

/* Length of the encoded nonce: two bytes before it, 27 digits, two bytes after it,
 * padding. */
#define FS_NONCE_TEXT 44

/* Write the digits of nonce + index. Returns the value of the last nine. */
uint64_t fs_nonce_digits(uint8_t *digits, const fs_nonce *nonce, uint64_t index);

/* Prepare the bytes around the signature. `data` points to the first signed byte. */
void fs_t1_set_frame(fs_t1_frame *frame, const uint8_t *head, size_t head_len,
                     const uint8_t *data);

/* Write a signature into its base64 groups in the text of a token. */
void fs_t1_signature(const fs_codec *codec, const fs_t1_frame *frame, uint8_t *to,
                     const uint32_t *digest);
void fs_t1_signature_by_tables(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest);
void fs_jwt_signature(const fs_codec *codec, uint8_t *to, const uint32_t *digest);

/* Base64 and form values for one instruction set. `encode` and `decode` process the part of
 * the input that fills whole vectors and return its length; tables process the rest.
 * `decode` accepts either alphabet and stops before an invalid character. It may write up
 * to eight bytes beyond the returned length, but at most 3/4 of `len` in total. */
struct fs_codec {
    const char *name;
    unsigned needs;
    size_t (*encode)(uint8_t *text, const uint8_t *data, size_t len, int url);
    size_t (*decode)(uint8_t *data, const uint8_t *text, size_t len);
    /* Return the number of characters at the beginning that a form value contains
     * unescaped. The result may be too low for texts of fewer than 16 characters. */
    size_t (*plain)(const uint8_t *text, size_t len);
    /* Implements fs_t1_signature; NULL if the tables are faster. */
    void (*t1_signature)(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest);
};
#if FS_X86
extern const fs_codec fs_codec_avx2, fs_codec_avx512;
#endif

/* Build the lookup tables and test each codec. */
void fs_codecs_init(void);

/* Return the best usable codec if `name` is NULL or "avx512", NULL (tables only) if it is
 * "portable", and for any other name the best codec without AVX-512. */
const fs_codec *fs_codec_select(const char *name);

/* Decode whole groups without padding. Returns 0 if a character is in neither alphabet. */
int fs_base64_decode(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len);

/* Lookup tables, built by fs_base64_init and fs_quoting_init. */
extern uint8_t fs_base64_hex[4096][4];    /* three hex digits (12 bits) as base64 */
extern uint8_t fs_base64_digits[1000][4]; /* three decimal digits as base64 */
extern uint8_t fs_base64_value[256];      /* of a character in either alphabet, or 255 */
extern const uint8_t fs_base64_alphabet[2][64]; /* the standard one, and that of URLs */
extern uint8_t fs_form[256]; /* a byte in a form value: unchanged, '+', or 0 for %XX */
extern uint8_t fs_hex_value[256];         /* of a hex digit in either case, or 255 */
extern uint8_t fs_digits[1000][4];        /* three decimal digits as text */
/* The last group of `partial` digits, in base64 and as text: fs_*_last[partial][value]. */
extern uint8_t fs_base64_last[3][100][4], fs_digits_last[3][100][4];
/* Like fs_base64_last, with the end of a JWT's payload after the digits. */
extern uint8_t fs_base64_last_jwt[3][100][4];
void fs_base64_init(void);
void fs_quoting_init(void);

/* Return the index of the lowest set bit. `v` must not be 0. */
#if defined(_MSC_VER)
#include <intrin.h>
FS_INLINE unsigned fs_lowest_bit(uint64_t v) {
    unsigned long number;
    if (_BitScanForward(&number, (unsigned long)v)) return (unsigned)number;
    _BitScanForward(&number, (unsigned long)(v >> 32));
    return (unsigned)number + 32;
}
#else
FS_INLINE unsigned fs_lowest_bit(uint64_t v) { return (unsigned)__builtin_ctzll(v); }
#endif

/* Prefetch memory that is read soon, or written later (into the second-level cache). A
 * hint: invalid addresses are allowed. */
#if defined(_MSC_VER)
#define FS_PREFETCH(address) ((void)(address))
#define FS_PREFETCH_WRITE(address) ((void)(address))
#else
#define FS_PREFETCH(address) __builtin_prefetch(address)
#define FS_PREFETCH_WRITE(address) __builtin_prefetch(address, 1, 2)
#endif

/* State of a UTF-8 validator (RFC 3629): the number of continuation bytes that must follow,
 * and the range of the next one. */
struct fs_utf8 {
    uint32_t more, low, high;
};

FS_INLINE int fs_utf8_accept(struct fs_utf8 *state, uint8_t c) {
    if (state->more) {
        if (c < state->low || c > state->high) return 0;
        state->more--;
        state->low = 0x80, state->high = 0xbf;
        return 1;
    }
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    state->more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    state->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;  /* no overlong form */
    state->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; /* no surrogate, in range */
    return 1;
}

/* Append bytes. Returns the end. */
FS_INLINE uint8_t *fs_put(uint8_t *to, const void *bytes, size_t len) {
    memcpy(to, bytes, len);
    return to + len;
}

FS_INLINE uint32_t fs_load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

FS_INLINE void fs_store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

#endif
