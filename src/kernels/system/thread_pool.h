/* A thread pool for one call, which divides the work into slices.
 *
 * The caller publishes items (fs_thread_pool_publish), processes some of them
 * (fs_thread_pool_work), and waits for the workers at the end (fs_thread_pool_join). The
 * workers end with the pool, so they do not outlive a call or get lost in a fork.
 */
#ifndef TOKBOX_THREAD_POOL_H
#define TOKBOX_THREAD_POOL_H

#include <stddef.h>

#define FS_MAX_WORKERS 256

typedef struct fs_thread_pool fs_thread_pool;

/* Process items first ... first + count - 1. */
typedef void (*fs_work)(void *job, size_t first, size_t count);

/* Create a pool for items 0 ... n - 1, of which the first `ready` are published. Starts up
 * to `workers` threads, or fewer if the system refuses. Returns NULL if memory is
 * exhausted. */
fs_thread_pool *fs_thread_pool_new(fs_work work, void *job, size_t n, size_t slice,
                                   size_t ready, unsigned workers);

/* Publish the items below `ready`. Returns how many of them are not in a slice yet. */
size_t fs_thread_pool_publish(fs_thread_pool *pool, size_t ready);

/* Process slices until `seconds` have passed or no published item is left, but at least one
 * slice if there is one. Returns 1 if it stopped because of the time. */
int fs_thread_pool_work(fs_thread_pool *pool, double seconds);

/* Stop all threads after their current slices. */
void fs_thread_pool_stop(fs_thread_pool *pool);

/* Wait until the workers end, and free the pool. */
void fs_thread_pool_join(fs_thread_pool *pool);

/* Return the seconds of a monotonic clock. */
double fs_now(void);

/* Sleep for some tens of microseconds (1 ms on Windows), so that a thread that waits for a
 * lock just released can wake up and acquire it. */
void fs_pause(void);

#endif
