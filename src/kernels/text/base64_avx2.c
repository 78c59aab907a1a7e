/* The AVX2 codec. Base64: 24 bytes to 32 characters at a time.
 *
 * The method is from Wojciech Mula and Daniel Lemire ("Faster Base64 Encoding and Decoding
 * using AVX2 Instructions", 2018): multiplications shift the six-bit fields into place, and
 * a shuffle selects the offset to add for each class of characters.
 */
#include "internal.h"

#if FS_X86

#include <immintrin.h>

FS_TARGET_BEGIN("avx2")

#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

static size_t encode(uint8_t *text, const uint8_t *data, size_t len, int url) {
    const __m256i spread = TWICE(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    /* The offset to add to a value, by class; A-Z is the last one. */
    const __m256i standard = TWICE('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                   '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62,
                                   '/' - 63, 'A', 0, 0);
    const __m256i for_urls = TWICE('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                   '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '-' - 62,
                                   '_' - 63, 'A', 0, 0);
    const __m256i offsets = url ? for_urls : standard;
    size_t done = 0;

    /* Each half loads 16 bytes, of which 12 are used. */
    for (; len - done >= 28; done += 24, text += 32) {
        __m256i in = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(data + done))),
            _mm_loadu_si128((const __m128i *)(data + done + 12)), 1);
        __m256i high, low, value, class;
        in = _mm256_shuffle_epi8(in, spread);
        high = _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)),
                                  _mm256_set1_epi32(0x04000040));
        low = _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)),
                                 _mm256_set1_epi32(0x01000010));
        value = _mm256_or_si256(high, low);
        /* 0 for a-z, 1 to 10 for digits, 11 and 12 for the last two, 13 for A-Z */
        class = _mm256_subs_epu8(value, _mm256_set1_epi8(51));
        class = _mm256_or_si256(class, _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26),
                                                                          value),
                                                        _mm256_set1_epi8(13)));
        _mm256_storeu_si256((__m256i *)text,
                            _mm256_add_epi8(value, _mm256_shuffle_epi8(offsets, class)));
    }
    _mm256_zeroupper();
    return done;
}

static size_t decode(uint8_t *data, const uint8_t *text, size_t len) {
    /* A character is valid if the classes of its two nibbles have no common bit. */
    const __m256i low_class = TWICE(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                    0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m256i high_class = TWICE(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
                                     0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    const __m256i offsets = TWICE(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a',
                                  26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i pack = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i mask = _mm256_set1_epi8(0x2f);
    size_t done = 0;

    /* Stores 32 bytes, of which 24 are valid: the buffer must have room for the rest. */
    for (; len - done >= 44; done += 32, data += 24) {
        __m256i in = _mm256_loadu_si256((const __m256i *)(text + done)), high, slash;
        /* Convert the URL alphabet to the standard one. */
        in = _mm256_blendv_epi8(in, _mm256_set1_epi8('+'),
                                _mm256_cmpeq_epi8(in, _mm256_set1_epi8('-')));
        in = _mm256_blendv_epi8(in, _mm256_set1_epi8('/'),
                                _mm256_cmpeq_epi8(in, _mm256_set1_epi8('_')));
        high = _mm256_and_si256(_mm256_srli_epi32(in, 4), mask);
        slash = _mm256_cmpeq_epi8(in, mask);
        if (!_mm256_testz_si256(
                _mm256_shuffle_epi8(low_class, _mm256_and_si256(in, mask)),
                _mm256_shuffle_epi8(high_class, high)))
            break; /* the loop over tables finds the invalid character */
        in = _mm256_add_epi8(in, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(slash, high)));
        in = _mm256_maddubs_epi16(in, _mm256_set1_epi32(0x01400140));
        in = _mm256_madd_epi16(in, _mm256_set1_epi32(0x00011000));
        in = _mm256_shuffle_epi8(in, pack);
        in = _mm256_permutevar8x32_epi32(in, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
        _mm256_storeu_si256((__m256i *)data, in);
    }
    _mm256_zeroupper();
    return done;
}

/* Return a bit mask of the characters that a form value contains unescaped. For these, the
 * classes of the upper and of the lower nibble have a common bit: 1 for "-.", 2 for 0-9, 4
 * for A-O a-o, 8 for P-Z "_", 16 for p-z "~". */
FS_INLINE uint32_t unescaped(__m256i in) {
    const __m256i upper = TWICE(0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i lower = TWICE(26, 30, 30, 30, 30, 30, 30, 30, 30, 30, 28, 4, 4, 5, 21, 12);
    const __m256i half = _mm256_set1_epi8(0x0f);
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(in, 4), half);
    __m256i both = _mm256_and_si256(_mm256_shuffle_epi8(upper, high),
                                    _mm256_shuffle_epi8(lower, _mm256_and_si256(in, half)));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256()));
}

/* The last vector overlaps the previous one. Copying the end of the text into a zeroed
 * block would be slower: the load would wait for the stores. */
static size_t plain(const uint8_t *text, size_t len) {
    size_t done = 0;
    uint32_t bad = 0;

    for (; len - done >= 32; done += 32) {
        bad = ~unescaped(_mm256_loadu_si256((const __m256i *)(text + done)));
        if (bad) goto found;
    }
    if (len >= 32 && done < len) {
        bad = ~unescaped(_mm256_loadu_si256((const __m256i *)(text + len - 32)));
        bad >>= 32 - (len - done);
    } else if (len >= 16 && done < len) {
        __m128i first = _mm_loadu_si128((const __m128i *)text);
        __m128i last = _mm_loadu_si128((const __m128i *)(text + len - 16));
        bad = ~unescaped(_mm256_inserti128_si256(_mm256_castsi128_si256(first), last, 1));
        if (!(bad & 0xffff)) done = len - 16, bad >>= 16;
    } else {
        len = done; /* too short for a vector: the caller uses the table */
    }
found:
    _mm256_zeroupper();
    return bad ? done + fs_lowest_bit(bad) : len;
}

FS_TARGET_END

const fs_codec fs_codec_avx2 = {"avx2", FS_CPU_AVX2, encode, decode, plain, NULL};

#endif
