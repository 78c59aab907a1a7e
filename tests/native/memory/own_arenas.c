/* An embedded Python with a custom arena allocator (PEP 445). It exits with code 3 if an
 * arena is freed that it did not allocate. At exit it prints the number of allocated
 * arenas. */
#define _GNU_SOURCE
#include <Python.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_ARENAS 4096

static void *arenas[MAX_ARENAS];
static unsigned allocated;

static void *own_alloc(void *context, size_t size) {
    (void)context;
    for (size_t i = 0; i < MAX_ARENAS; i++)
        if (!arenas[i]) {
            allocated++;
            return arenas[i] = aligned_alloc(4096, size);
        }
    return NULL;
}

static void own_free(void *context, void *arena, size_t size) {
    (void)context, (void)size;
    for (size_t i = 0; i < MAX_ARENAS; i++)
        if (arenas[i] == arena) {
            arenas[i] = NULL;
            free(arena);
            return;
        }
    fputs("this arena is from another allocator\n", stderr);
    _exit(3);
}

int main(int argc, char **argv) {
    PyObjectArenaAllocator own = {NULL, own_alloc, own_free};
    int status;
    PyObject_SetArenaAllocator(&own);
    status = Py_BytesMain(argc, argv);
    printf("%u arenas\n", allocated);
    return status;
}
