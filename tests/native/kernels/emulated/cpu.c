/* Replaces src/kernels/system/cpu.c if the lane kernels are emulated. */
#include "internal.h"

unsigned fs_cpu_features(void) { return FS_CPU_AVX2 | FS_CPU_AVX512 | FS_CPU_VBMI; }
