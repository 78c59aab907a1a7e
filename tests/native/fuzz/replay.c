/* Run a fuzzer on the files given as arguments, for compilers without libFuzzer. */
#include "fuzz.h"

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(names[i], "rb");
        uint8_t *data;
        long size;

        if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0) {
            perror(names[i]);
            return 2;
        }
        rewind(file);
        data = room((size_t)size);
        if (fread(data, 1, (size_t)size, file) != (size_t)size) return 2;
        fclose(file);
        fprintf(stderr, "%s\n", names[i]);
        LLVMFuzzerTestOneInput(data, (size_t)size);
        release(data, (size_t)size);
    }
    return 0;
}
