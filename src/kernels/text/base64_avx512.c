/* The codec for AVX-512 with VBMI: 48 bytes to 64 characters at a time. Masks process the
 * rest, so the tables are not needed.
 *
 * The method is from Wojciech Mula and Daniel Lemire ("Base64 encoding and decoding at
 * almost the speed of a memory copy", 2019): an individual shift for every byte moves the
 * six-bit fields into place, and a permutation looks up 64 characters, or 128 values, at
 * once.
 */
#include "internal.h"

#if FS_X86

#include <immintrin.h>

FS_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vbmi")

/* A mask of the lowest n bits, for n from 0 to 64. */
#define LOWEST(n) ((n) ? ~(uint64_t)0 >> (64 - (n)) : 0)

FS_INLINE __m512i load(const void *bytes) { return _mm512_loadu_si512(bytes); }

/* Encode 48 bytes as 64 characters. */
FS_INLINE __m512i characters(__m512i data, __m512i alphabet) {
    const __m512i spread = _mm512_setr_epi32(
        0x01020001, 0x04050304, 0x07080607, 0x0a0b090a, 0x0d0e0c0d, 0x10110f10, 0x13141213,
        0x16171516, 0x191a1819, 0x1c1d1b1c, 0x1f201e1f, 0x22232122, 0x25262425, 0x28292728,
        0x2b2c2a2b, 0x2e2f2d2e);
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
    __m512i fields = _mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(spread, data));
    return _mm512_permutexvar_epi8(fields, alphabet); /* uses only the lowest six bits */
}

static size_t encode(uint8_t *text, const uint8_t *data, size_t len, int url) {
    const __m512i alphabet = load(fs_base64_alphabet[url]);
    size_t whole = len / 3 * 3;

    for (size_t left = whole; left; text += 64, data += 48) {
        size_t now = left < 48 ? left : 48;
        __m512i in = _mm512_maskz_loadu_epi8(LOWEST(now), data);
        _mm512_mask_storeu_epi8(text, LOWEST(now / 3 * 4), characters(in, alphabet));
        left -= now;
    }
    _mm256_zeroupper();
    return whole;
}

static size_t decode(uint8_t *data, const uint8_t *text, size_t len) {
    const __m512i low = load(fs_base64_value), high = load(fs_base64_value + 64);
    const __m512i pack = _mm512_setr_epi32(
        0x06000102, 0x090a0405, 0x0c0d0e08, 0x16101112, 0x191a1415, 0x1c1d1e18, 0x26202122,
        0x292a2425, 0x2c2d2e28, 0x36303132, 0x393a3435, 0x3c3d3e38, 0, 0, 0, 0);
    size_t done = 0;

    while (done < len) {
        size_t now = len - done < 64 ? len - done : 64;
        __mmask64 there = LOWEST(now);
        __m512i in = _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), there, text + done);
        __m512i value = _mm512_permutex2var_epi8(low, in, high);
        /* An invalid character has the highest bit set, or its value has. */
        if (_mm512_movepi8_mask(_mm512_or_si512(value, in))) break;
        value = _mm512_maddubs_epi16(value, _mm512_set1_epi32(0x01400140));
        value = _mm512_madd_epi16(value, _mm512_set1_epi32(0x00011000));
        value = _mm512_permutexvar_epi8(pack, value);
        _mm512_mask_storeu_epi8(data, LOWEST(now / 4 * 3), value);
        done += now;
        data += 48;
    }
    _mm256_zeroupper();
    return done;
}

static size_t plain(const uint8_t *text, size_t len) {
    const __m512i low = load(fs_form), high = load(fs_form + 64);
    size_t done = 0;
    uint64_t bad = 0;

    while (done < len && !bad) {
        size_t now = len - done < 64 ? len - done : 64;
        __mmask64 there = LOWEST(now);
        __m512i in = _mm512_maskz_loadu_epi8(there, text + done);
        __m512i form = _mm512_permutex2var_epi8(low, in, high);
        /* In fs_form, 0 means %XX; so a zero byte is not an unescaped character. */
        bad = there & ~(_mm512_cmpeq_epi8_mask(form, in) & _mm512_test_epi8_mask(in, in));
        done += bad ? fs_lowest_bit(bad) : now;
    }
    _mm256_zeroupper();
    return done;
}

static void t1_signature(const fs_t1_frame *frame, uint8_t *to, const uint32_t *digest) {
    /* Byte 2 + j: index of the byte of the digest that contains digit j (in memory, words
     * are little-endian). */
    static const uint8_t holder[2 + 64] = {
        0,  0,  3,  3,  2,  2,  1,  1,  0,  0,  7,  7,  6,  6,  5,  5,  4,  4,  11, 11, 10, 10,
        9,  9,  8,  8,  15, 15, 14, 14, 13, 13, 12, 12, 19, 19, 18, 18, 17, 17, 16, 16,
    };
    static const uint8_t hex[] = "0123456789abcdef";
    const unsigned align = frame->align;
    const __mmask64 lower = align & 1 ? 0x5555555555555555 : 0xaaaaaaaaaaaaaaaa;
    const __mmask64 digits = (__mmask64)LOWEST(40) << align;
    const __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)hex));
    const __m512i half = _mm512_set1_epi8(15);
    __m512i bytes = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)digest)), raw;

    bytes = _mm512_permutexvar_epi8(load(holder + 2 - align), bytes);
    bytes = _mm512_mask_mov_epi8(_mm512_srli_epi16(bytes, 4), lower, bytes);
    raw = _mm512_maskz_loadu_epi8(LOWEST(FS_T1_FRAME), frame->raw);
    raw = _mm512_mask_shuffle_epi8(raw, digits, table, _mm512_and_si512(bytes, half));
    _mm512_mask_storeu_epi8(to, LOWEST(FS_T1_FRAME / 3 * 4),
                            characters(raw, load(fs_base64_alphabet[0])));
    _mm256_zeroupper();
}

FS_TARGET_END

const fs_codec fs_codec_avx512 = {
    "avx512", FS_CPU_AVX512 | FS_CPU_VBMI, encode, decode, plain, t1_signature,
};

#endif
