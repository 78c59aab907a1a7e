/* The AVX2 backend of SHA-256, eight lanes: see sha256_lanes.h. */
#include "internal.h"

#if FS_X86

#include <immintrin.h>

FS_TARGET_BEGIN("avx2")
#include "hash/lanes_avx2.h"
#include "hash/sha256/sha256_lanes.h"
#include "hash/mac_lanes.h"
FS_TARGET_END

const fs_hash_backend fs_sha256_avx2 = {"avx2", FS_CPU_AVX2, LANES, NULL, mac_many};

#endif
