/* Hash any number of messages in groups of LANES. Include after one of the sha*_lanes.h. In
 * the last group, lanes without a message repeat the last message. */
static void mac_many(const uint32_t *inner, const uint32_t *outer, const uint8_t *const *tails,
                     size_t blocks, fs_state *digests, size_t count) {
    for (; count >= LANES; count -= LANES, tails += LANES, digests += LANES)
        mac_group(inner, outer, tails, blocks, digests);
    if (count) {
        const uint8_t *all[LANES];
        fs_state found[LANES];
        for (size_t l = 0; l < LANES; l++) all[l] = tails[l < count ? l : count - 1];
        mac_group(inner, outer, all, blocks, found);
        memcpy(digests, found, count * sizeof *digests);
    }
    zero_upper();
}
