/* A thread pool for one call. The work is cut into slices.
 *
 * The caller works, too: it makes work ready (fs_thread_pool_publish), does some itself
 * (fs_thread_pool_work), and waits for the threads at the end (fs_thread_pool_join). Threads
 * live as long as their pool, so none survives a call or is lost in a fork.
 */
#ifndef TOKBOX_THREAD_POOL_H
#define TOKBOX_THREAD_POOL_H

#include <stddef.h>

#define FS_MAX_WORKERS 256

typedef struct fs_thread_pool fs_thread_pool;

/* Do items first ... first + count - 1. */
typedef void (*fs_work)(void *job, size_t first, size_t count);

/* A pool for items 0 ... n - 1, of which the first `ready` may be worked on at once, with
 * up to `workers` threads beside the caller (fewer if the system gives fewer). NULL if
 * there is no memory. */
fs_thread_pool *fs_thread_pool_new(fs_work work, void *job, size_t n, size_t slice,
                                   size_t ready, unsigned workers);

/* Items below `ready` may be worked on now. Returns how many of them no thread has taken. */
size_t fs_thread_pool_publish(fs_thread_pool *pool, size_t ready);

/* Take slices until `seconds` have passed or none is to be had; at least one slice, if
 * there is one. Returns 1 if it stopped because of the time. */
int fs_thread_pool_work(fs_thread_pool *pool, double seconds);

/* Let no thread take another slice. */
void fs_thread_pool_stop(fs_thread_pool *pool);

/* Wait until all that was taken is done, end the threads and free the pool. */
void fs_thread_pool_join(fs_thread_pool *pool);

/* Seconds on a clock that only goes on. */
double fs_now(void);

/* Do nothing for some tens of microseconds: who waits for what was just given away has the
 * time to wake up and take it. */
void fs_pause(void);

#endif
