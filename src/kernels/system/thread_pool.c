/* See thread_pool.h. One lock protects all state. A slice takes some hundred microseconds,
 * so there is little contention. */
#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L
#endif
#include "system/thread_pool.h"

#include <stdlib.h>

#if defined(_WIN32)

#include <windows.h>
typedef SRWLOCK lock_t;
typedef CONDITION_VARIABLE condition_t;
typedef HANDLE thread_t;
#define lock_init(l) InitializeSRWLock(l)
#define lock_free(l) ((void)(l))
#define lock_acquire(l) AcquireSRWLockExclusive(l)
#define lock_release(l) ReleaseSRWLockExclusive(l)
#define condition_init(c) InitializeConditionVariable(c)
#define condition_free(c) ((void)(c))
#define condition_wait(c, l) SleepConditionVariableSRW(c, l, INFINITE, 0)
#define condition_wake_all(c) WakeAllConditionVariable(c)
#define THREAD_RESULT DWORD WINAPI
#define THREAD_DONE 0
double fs_now(void) {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}
void fs_pause(void) { Sleep(1); }
static int thread_start(thread_t *thread, DWORD(WINAPI *run)(void *), void *argument) {
    *thread = CreateThread(NULL, 0, run, argument, 0, NULL);
    return *thread ? 0 : -1;
}
static void thread_join(thread_t thread) {
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

#else

#include <pthread.h>
#include <signal.h>
#include <time.h>
typedef pthread_mutex_t lock_t;
typedef pthread_cond_t condition_t;
typedef pthread_t thread_t;
#define lock_init(l) pthread_mutex_init(l, NULL)
#define lock_free(l) pthread_mutex_destroy(l)
#define lock_acquire(l) pthread_mutex_lock(l)
#define lock_release(l) pthread_mutex_unlock(l)
#define condition_init(c) pthread_cond_init(c, NULL)
#define condition_free(c) pthread_cond_destroy(c)
#define condition_wait(c, l) pthread_cond_wait(c, l)
#define condition_wake_all(c) pthread_cond_broadcast(c)
#define THREAD_RESULT void *
#define THREAD_DONE NULL
double fs_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
void fs_pause(void) {
    struct timespec t = {0, 20000};
    nanosleep(&t, NULL);
}
static int thread_start(thread_t *thread, void *(*run)(void *), void *argument) {
    /* Workers block all signals, so that only the caller's threads receive them. */
    sigset_t all, before;
    int failed;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? -1 : 0;
}
static void thread_join(thread_t thread) { pthread_join(thread, NULL); }

#endif

struct fs_thread_pool {
    fs_work work;
    void *job;
    size_t n, slice;

    lock_t lock;
    condition_t changed; /* `ready` or `stopped` has changed */
    size_t next;         /* the first item of the next slice */
    size_t ready;
    int stopped;

    unsigned started;
    thread_t threads[FS_MAX_WORKERS];
};

/* Get the next slice; with `wait`, block until it is ready. Returns 0 if there is none. */
static int next_slice(fs_thread_pool *pool, int wait, size_t *first, size_t *count) {
    int found = 0;
    lock_acquire(&pool->lock);
    while (wait && !pool->stopped && pool->next == pool->ready && pool->next < pool->n)
        condition_wait(&pool->changed, &pool->lock);
    if (!pool->stopped && pool->next < pool->ready) {
        *first = pool->next;
        *count = pool->ready - pool->next < pool->slice ? pool->ready - pool->next : pool->slice;
        pool->next += *count;
        found = 1;
    }
    lock_release(&pool->lock);
    return found;
}

static THREAD_RESULT run_worker(void *argument) {
    fs_thread_pool *pool = argument;
    size_t first, count;
    while (next_slice(pool, 1, &first, &count)) pool->work(pool->job, first, count);
    return THREAD_DONE;
}

fs_thread_pool *fs_thread_pool_new(fs_work work, void *job, size_t n, size_t slice, size_t ready,
                     unsigned workers) {
    fs_thread_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->work = work;
    pool->job = job;
    pool->n = n;
    pool->slice = slice;
    pool->ready = ready;
    lock_init(&pool->lock);
    condition_init(&pool->changed);
    if (workers > FS_MAX_WORKERS) workers = FS_MAX_WORKERS;
    while (pool->started < workers &&
           thread_start(&pool->threads[pool->started], run_worker, pool) == 0)
        pool->started++;
    return pool;
}

size_t fs_thread_pool_publish(fs_thread_pool *pool, size_t ready) {
    size_t waiting;
    lock_acquire(&pool->lock);
    pool->ready = ready;
    waiting = ready - pool->next;
    condition_wake_all(&pool->changed);
    lock_release(&pool->lock);
    return waiting;
}

int fs_thread_pool_work(fs_thread_pool *pool, double seconds) {
    double end = fs_now() + seconds;
    size_t first, count;
    while (next_slice(pool, 0, &first, &count)) {
        pool->work(pool->job, first, count);
        if (fs_now() >= end) return 1;
    }
    return 0;
}

void fs_thread_pool_stop(fs_thread_pool *pool) {
    lock_acquire(&pool->lock);
    pool->stopped = 1;
    condition_wake_all(&pool->changed);
    lock_release(&pool->lock);
}

void fs_thread_pool_join(fs_thread_pool *pool) {
    for (unsigned i = 0; i < pool->started; i++) thread_join(pool->threads[i]);
    condition_free(&pool->changed);
    lock_free(&pool->lock);
    free(pool);
}
