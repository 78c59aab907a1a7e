/* malloc and calloc that fail when they are told to, for the calls of one shared object
 * only, and a count of what that object holds. To be loaded before all else (LD_PRELOAD). */
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

static uintptr_t first, end;
static atomic_long until = -1, held;
static atomic_int threads_fail;

static int find(struct dl_phdr_info *info, size_t size, void *path) {
    (void)size;
    if (!strstr(info->dlpi_name, path)) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        first = info->dlpi_addr + part->p_vaddr;
        end = first + part->p_memsz;
    }
    return 1;
}

/* Watch the shared object whose path has this in it. 1 if there is one. */
int failing_watch(char *path) { return dl_iterate_phdr(find, path); }

/* Let its call number n from now on fail; -1 for none. */
void failing_at(long n) { until = n; }

/* Let no thread of its be started. */
void failing_threads(int fail) { threads_fail = fail; }

/* How many pieces of memory it holds. */
long failing_held(void) { return held; }

/* How many calls are still to come before the one that fails; -1 if that has come. */
long failing_left(void) { return until; }

static int ours(void *caller) { return (uintptr_t)caller >= first && (uintptr_t)caller < end; }

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
