/* Select a codec, the implementation of base64 and form values for one instruction set.
 * Each codec is compared with the tables before it is used. */
#include "internal.h"

/* Fill `data` with bytes whose base64 contains all values in order, beginning with
 * `shift`. */
static void fill_with_values(uint8_t *data, size_t len, unsigned shift) {
    for (unsigned i = 0; i < len / 3 * 4; i += 4, data += 3) {
        uint32_t v = 0;
        for (unsigned j = 0; j < 4; j++) v = v << 6 | ((i + j + shift) & 63);
        data[0] = (uint8_t)(v >> 16);
        data[1] = (uint8_t)(v >> 8);
        data[2] = (uint8_t)v;
    }
}

/* Return 1 if a codec and the tables give the same results, for all values in all positions
 * and for texts of all lengths. */
static int encodes_and_decodes(const fs_codec *codec) {
    enum { MAX = 150, MAX_BY_TABLES = 44 };
    uint8_t data[MAX], want[MAX / 3 * 4], text[MAX / 3 * 4 + 8], back[MAX + 8];

    for (int url = 0; url < 2; url++)
        for (unsigned shift = 0; shift < 64; shift++) {
            fill_with_values(data, MAX, shift);
            if (url)
                fs_base64url(NULL, want, data, MAX);
            else
                fs_base64(NULL, want, data, MAX);
            for (size_t len = 0; len <= MAX; len += shift ? MAX : 1) {
                size_t done = codec->encode(text, data, len, url);
                if (done % 3 || done > len || (len > MAX_BY_TABLES && !done)) return 0;
                if (memcmp(text, want, done / 3 * 4)) return 0;
            }
            for (size_t len = 0; len <= MAX / 3 * 4; len += shift ? MAX / 3 * 4 : 4) {
                size_t done = codec->decode(back, want, len);
                if (done % 4 || done > len || (len > MAX_BY_TABLES && !done)) return 0;
                if (memcmp(back, data, done / 4 * 3)) return 0;
            }
        }
    for (int c = 0; c < 256; c++) {
        memset(want, 'A', 64);
        want[c % 32] = (uint8_t)c;
        if ((codec->decode(back, want, 64) > 0) != (fs_base64_value[c] != 255)) return 0;
    }
    return 1;
}

static int finds_plain(const fs_codec *codec) {
    uint8_t text[64];
    for (int c = 0; c < 256; c++) {
        memset(text, 'A', sizeof text);
        text[c % 32] = (uint8_t)c;
        for (size_t len = 0; len <= sizeof text; len++) {
            int all = (fs_form[c] == c && c) || (size_t)(c % 32) >= len;
            size_t found = codec->plain(text, len), right = all ? len : (size_t)(c % 32);
            if (len < 16 ? found > right : found != right) return 0;
        }
    }
    return 1;
}

static int writes_signatures(const fs_codec *codec) {
    uint8_t text[64], want[64];
    fs_state digest;
    if (!codec->t1_signature) return 1;
    for (size_t align = 0; align < 3; align++) {
        fs_t1_frame frame;
        fs_t1_set_frame(&frame, (const uint8_t *)"g=", align, (const uint8_t *)"s");
        for (uint32_t turn = 0; turn < 16; turn++) {
            for (uint32_t j = 0; j < FS_STATE_WORDS; j++)
                digest[j] = 0x01234567u * (2 * j + 1) + 0x11111111u * turn;
            memset(text, '?', sizeof text);
            memset(want, '?', sizeof want);
            codec->t1_signature(&frame, text, digest);
            fs_t1_signature_by_tables(&frame, want, digest);
            if (memcmp(text, want, sizeof text)) return 0;
        }
    }
    return 1;
}

/* Best first. */
static const fs_codec *const codecs[] = {
#if FS_X86
    &fs_codec_avx512,
    &fs_codec_avx2,
#endif
    NULL,
};
static int usable[sizeof codecs / sizeof *codecs];

void fs_codecs_init(void) {
    unsigned cpu = fs_cpu_features();
    fs_base64_init();
    fs_quoting_init();
    for (int i = 0; codecs[i]; i++)
        usable[i] = (codecs[i]->needs & cpu) == codecs[i]->needs &&
                    encodes_and_decodes(codecs[i]) && finds_plain(codecs[i]) &&
                    writes_signatures(codecs[i]);
}

const fs_codec *fs_codec_select(const char *name) {
    int avx512 = !name || !strcmp(name, "avx512");

    if (name && !strcmp(name, "portable")) return NULL;
    for (int i = 0; codecs[i]; i++)
        if (usable[i] && (avx512 || !(codecs[i]->needs & FS_CPU_AVX512))) return codecs[i];
    return NULL;
}

const char *fs_codec_name(const fs_codec *codec) { return codec ? codec->name : "portable"; }
