/* Work cut into slices, taken in turn by whoever is free.
 *
 * The caller is a worker too: it makes work ready (fs_crew_publish), does some itself
 * (fs_crew_work), and waits for the others at the end (fs_crew_join). Threads live as
 * long as one crew, so nothing of them survives a call, or is lost in a fork.
 */
#ifndef TOKBOX_WORKERS_H
#define TOKBOX_WORKERS_H

#include <stddef.h>

#define FS_MOST_WORKERS 256

typedef struct fs_crew fs_crew;

/* Do items first ... first + count - 1. */
typedef void (*fs_work)(void *job, size_t first, size_t count);

/* A crew for items 0 ... n - 1, of which the first `ready` may be worked on at once, with
 * up to `workers` threads beside the caller (fewer if the system gives fewer). NULL if
 * there is no memory. */
fs_crew *fs_crew_new(fs_work work, void *job, size_t n, size_t slice, size_t ready,
                     unsigned workers);

/* Items below `ready` may be worked on now. Returns how many of them nobody has taken. */
size_t fs_crew_publish(fs_crew *crew, size_t ready);

/* Take slices until `seconds` have passed or none is to be had; at least one slice, if
 * there is one. Returns 1 if it stopped because of the time. */
int fs_crew_work(fs_crew *crew, double seconds);

/* Let nobody take another slice. */
void fs_crew_stop(fs_crew *crew);

/* Wait until all that was taken is done, end the threads and free the crew. */
void fs_crew_join(fs_crew *crew);

/* Seconds on a clock that only goes on. */
double fs_now(void);

/* Do nothing for some tens of microseconds: who waits for what was just given away has the
 * time to wake up and take it. */
void fs_pause(void);

#endif
