/* Failure injection for malloc, calloc and pthread_create, for calls from watched shared
 * objects only, and a count of their allocations. Load it with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void __libc_free(void *);

#define MOST 16
static struct range {
    uintptr_t first, end;
} watched[MOST];
static int watched_count;
static atomic_long until = -1, held;
static atomic_int threads_fail;

static int find(struct dl_phdr_info *info, size_t size, void *path) {
    (void)size;
    if (!strstr(info->dlpi_name, path)) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        if (watched_count == MOST) abort();
        watched[watched_count].first = info->dlpi_addr + part->p_vaddr;
        watched[watched_count].end = watched[watched_count].first + part->p_memsz;
        watched_count++;
    }
    return 0;
}

/* Watch the shared objects whose path contains `path`. Returns the number of their
 * executable segments. */
int failing_watch(char *path) {
    watched_count = 0;
    dl_iterate_phdr(find, path);
    return watched_count;
}

/* Make call n from now fail (0 is the next one); -1 disables failures. */
void failing_at(long n) { until = n; }

/* Make pthread_create fail. */
void failing_threads(int fail) { threads_fail = fail; }

/* Return the number of allocations that are not freed. */
long failing_held(void) { return held; }

/* Return the number of calls before the one that fails; -1 after it. */
long failing_left(void) { return until; }

static int ours(void *caller) {
    for (int i = 0; i < watched_count; i++)
        if ((uintptr_t)caller >= watched[i].first && (uintptr_t)caller < watched[i].end) return 1;
    return 0;
}

static int fails(void) { return until >= 0 && until-- == 0; }

void *malloc(size_t size) {
    if (!ours(__builtin_return_address(0))) return __libc_malloc(size);
    if (fails()) return NULL;
    held++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (!ours(__builtin_return_address(0))) return __libc_calloc(count, size);
    if (fails()) return NULL;
    held++;
    return __libc_calloc(count, size);
}

void free(void *memory) {
    if (memory && ours(__builtin_return_address(0))) held--;
    __libc_free(memory);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (threads_fail && ours(__builtin_return_address(0))) return 11; /* EAGAIN */
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, run, argument);
}
