/* Interleave STREAMS messages. Each instruction set that hashes one block at a time
 * includes this file once to build its backend. The including file defines the types of the
 * state's two halves (first_t, second_t) and of four words (words_t), and these functions:
 *
 *     load_state, store_state, load_block     copy between memory and registers
 *     rounds                                  hash one block of each stream
 *     load_digest                             convert the digest to the outer hash's block
 */
static void compress(uint32_t *state, const uint8_t *data, size_t blocks) {
    first_t first;
    second_t second;
    words_t w[1][4];

    load_state(state, &first, &second);
    for (; blocks; blocks--, data += FS_BLOCK) {
        load_block(w[0], data);
        rounds(&first, &second, w, 1);
    }
    store_state(state, first, second);
}

FS_INLINE void mac_group(const uint32_t *inner, const uint32_t *outer,
                         const uint8_t *const *tails, size_t blocks, fs_state *digests,
                         const int streams) {
    first_t first[STREAMS];
    second_t second[STREAMS];
    words_t w[STREAMS][4];

    for (int s = 0; s < streams; s++) load_state(inner, &first[s], &second[s]);
    for (size_t b = 0; b < blocks; b++) {
        for (int s = 0; s < streams; s++) load_block(w[s], tails[s] + b * FS_BLOCK);
        rounds(first, second, w, streams);
    }
    for (int s = 0; outer && s < streams; s++) {
        load_digest(w[s], first[s], second[s]);
        load_state(outer, &first[s], &second[s]);
    }
    if (outer) rounds(first, second, w, streams);
    for (int s = 0; s < streams; s++) store_state(digests[s], first[s], second[s]);
}

static void mac_many(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                     size_t blocks, fs_state *digests, size_t count) {
    for (; count >= STREAMS; count -= STREAMS, tails += STREAMS, digests += STREAMS)
        mac_group(inner, outer, tails, blocks, digests, STREAMS);
    for (; count; count--, tails++, digests++)
        mac_group(inner, outer, tails, blocks, digests, 1);
}
