/* What the C files share among themselves. */
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

/* A region whose functions may use an instruction set, whatever the compiler's flags
 * are. Include the intrinsics' headers before it. */
#define FS_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define FS_TARGET_BEGIN(features) \
    FS_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define FS_TARGET_END FS_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define FS_TARGET_BEGIN(features) FS_PRAGMA(GCC push_options) FS_PRAGMA(GCC target(features))
#define FS_TARGET_END FS_PRAGMA(GCC pop_options)
#else /* MSVC offers every intrinsic everywhere */
#define FS_TARGET_BEGIN(features)
#define FS_TARGET_END
#endif

/* What a secret went into, made public on purpose: from here on it may decide about a branch
 * or an address. It means something in the variant "ctgrind" of tests/native/kernels only, where
 * memcheck reports whatever is decided by what is still secret. */
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
    FS_CPU_VBMI = 1 << 3, /* of AVX-512 */
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

#define FS_MIXED 64 /* messages of mixed lengths that are hashed at once, at most */

/* What fs_mac does, for messages of different lengths: those of one length are hashed
 * side by side. */
void fs_mac_mixed(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
                  const uint8_t *const *messages, const size_t *blocks, fs_state *digests,
                  size_t count);

/* fs_wipe_stack, for who calls a kernel itself. */
void fs_wipe_stack_of_kernel(void);

#define FS_JWT_END "\"}" /* behind the nonce */

/* Text of the nonce's groups: two bytes before it, 27 digits, two behind, padding. */
#define FS_NONCE_TEXT 44

/* Write the digits of nonce + index; return the value of the last nine. */
uint64_t fs_nonce_digits(uint8_t *digits, const fs_nonce *nonce, uint64_t index);

/* Where the signature stands: `data` is the first byte that is signed. */
void fs_t1_set_frame(fs_t1_frame *frame, const uint8_t *head, size_t head_len,
                     const uint8_t *data);

/* Write a signature into the groups of a token's text that hold it. */
void fs_t1_signature(const fs_codec *codec, const fs_t1_frame *frame, uint8_t *to,
                     const uint32_t *digest);
void fs_t1_signature_by_tables(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest);
void fs_jwt_signature(const fs_codec *codec, uint8_t *to, const uint32_t *digest);

/* Base64 and form values for one instruction set. `encode` and `decode` process as much of the
 * input as fits into whole vectors, and return its length; tables process the rest. `decode`
 * accepts either alphabet, stops before a character that is not valid, and may write up to
 * eight bytes behind what it returns, never more than 3/4 of `len` in all. */
struct fs_codec {
    const char *name;
    unsigned needs;
    size_t (*encode)(uint8_t *text, const uint8_t *data, size_t len, int url);
    size_t (*decode)(uint8_t *data, const uint8_t *text, size_t len);
    /* How many characters at the beginning stay as they are in a form value, or less if
     * there are fewer than 16. */
    size_t (*plain)(const uint8_t *text, size_t len);
    /* fs_t1_signature, or NULL where the tables are faster. */
    void (*t1_signature)(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest);
};
#if FS_X86
extern const fs_codec fs_codec_avx2, fs_codec_avx512;
#endif

/* Build the tables, and check each codec. */
void fs_codecs_init(void);

/* The best usable codec (NULL), the one of that name, or NULL for the tables alone ("portable").
 * A name that no codec has leaves AVX-512 out. */
const fs_codec *fs_codec_select(const char *name);

/* Decode whole groups without padding; 0 if a character is not of either alphabet. */
int fs_base64_decode(const fs_codec *codec, uint8_t *data, const uint8_t *text, size_t len);

/* Tables, built by fs_base64_init and fs_quoting_init. */
extern uint8_t fs_base64_hex[4096][4];    /* three hex digits (12 bits) as base64 */
extern uint8_t fs_base64_digits[1000][4]; /* three decimal digits as base64 */
extern uint8_t fs_base64_value[256];      /* of a character in either alphabet, or 255 */
extern const uint8_t fs_base64_alphabet[2][64]; /* the standard one, and that of URLs */
extern uint8_t fs_form[256]; /* a byte in a form value: itself, or '+', or 0 for %XX */
extern uint8_t fs_hex_value[256];         /* of a hex digit in either case, or 255 */
extern uint8_t fs_digits[1000][4];        /* three decimal digits as they are */
/* A last group of `partial` digits, as text and as it is (fs_*_last[partial][value]). */
extern uint8_t fs_base64_last[3][100][4], fs_digits_last[3][100][4];
/* The same where the digits are followed by what ends a JWT's payload. */
extern uint8_t fs_base64_last_jwt[3][100][4];
void fs_base64_init(void);
void fs_quoting_init(void);

/* The number of the lowest bit that is set; there must be one. */
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

/* Ask for memory that will soon be read, or later be written (into the second-level cache).
 * Any address will do: it is a hint. */
#if defined(_MSC_VER)
#define FS_PREFETCH(address) ((void)(address))
#define FS_PREFETCH_WRITE(address) ((void)(address))
#else
#define FS_PREFETCH(address) __builtin_prefetch(address)
#define FS_PREFETCH_WRITE(address) __builtin_prefetch(address, 1, 2)
#endif

/* UTF-8 (RFC 3629), byte by byte: bytes to follow, and where the next of them lies. */
struct fs_utf8 {
    uint32_t more, low, high;
};

FS_INLINE int fs_utf8_takes(struct fs_utf8 *state, uint8_t c) {
    if (state->more) {
        if (c < state->low || c > state->high) return 0;
        state->more--;
        state->low = 0x80, state->high = 0xbf;
        return 1;
    }
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    state->more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    state->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;  /* not what is shorter */
    state->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; /* no surrogate, nor beyond */
    return 1;
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
