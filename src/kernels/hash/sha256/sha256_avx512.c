/* The AVX-512 backend of SHA-256, sixteen lanes: see sha256_lanes.h. */
#include "internal.h"

#if FS_X86

#include <immintrin.h>

FS_TARGET_BEGIN("avx512f,avx512bw,avx512vl")
#include "hash/lanes_avx512.h"
#include "hash/sha256/sha256_lanes.h"
#include "hash/mac_lanes.h"
FS_TARGET_END

const fs_hash_backend fs_sha256_avx512 = {"avx512", FS_CPU_AVX512, LANES, NULL, mac_many};

#endif
