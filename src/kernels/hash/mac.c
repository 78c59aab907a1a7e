/* Pad messages and compute the MACs of many messages. */
#include "internal.h"

size_t fs_pad(uint8_t *tail, size_t used, uint64_t total) {
    size_t blocks = (used + 9 + FS_BLOCK - 1) / FS_BLOCK, end = blocks * FS_BLOCK;
    tail[used] = 0x80;
    memset(tail + used + 1, 0, end - used - 9);
    fs_store_be32(tail + end - 8, (uint32_t)(total >> 29));
    fs_store_be32(tail + end - 4, (uint32_t)(total << 3));
    return blocks;
}

void fs_mac(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
            const uint8_t *const *tails, size_t blocks, fs_state *digests, size_t count) {
    size_t rest = count % hash->lanes;
    if (rest > hash->few) rest = 0;
    if (count > rest) hash->mac_many(inner, outer, tails, blocks, digests, count - rest);
    if (rest) {
        count -= rest;
        hash->mac_few(inner, outer, tails + count, blocks, digests + count, rest);
    }
}

void fs_mac_mixed(const fs_hash *hash, const uint32_t *inner, const uint32_t *outer,
                  const uint8_t *const *messages, const size_t *blocks, fs_state *digests,
                  size_t count) {
    uint8_t order[FS_MAX_MIXED];
    const uint8_t *alike[FS_MAX_MIXED];
    fs_state found[FS_MAX_MIXED];
    size_t same;

    for (size_t i = 0; i < count; i++) order[i] = (uint8_t)i;
    for (size_t done = 0; done < count; done += same) {
        /* Move all messages of the same length as order[done] to the front of the rest. */
        const size_t length = blocks[order[done]];
        same = 0;
        for (size_t i = done; i < count; i++) {
            uint8_t one = order[i];
            if (blocks[one] != length) continue;
            order[i] = order[done + same];
            order[done + same] = one;
            alike[same++] = messages[one];
        }
        fs_mac(hash, inner, outer, alike, length, found, same);
        for (size_t s = 0; s < same; s++)
            memcpy(digests[order[done + s]], found[s], sizeof *found);
    }
    fs_wipe_stack_of_kernel();
}
