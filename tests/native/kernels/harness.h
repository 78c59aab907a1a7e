/* What the files of the harness share: see harness.c. */
#ifndef TOKBOX_HARNESS_H
#define TOKBOX_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastsign.h"

typedef struct bytes {
    uint8_t *at;
    size_t len;
} bytes;

/* Memory that was asked for, or the end of the program. */
void *or_die(void *memory);

/* `len` bytes until the answer is given. They end where the allocation ends; their
 * alignment changes from one to the next: nothing may rely on it. */
uint8_t *take(size_t len);
void *take_aligned(size_t len); /* for what is not bytes */

/* Read a field: 0, or -1 if it is not what it should be. */
int read_bytes(const char *field, bytes *value);
int read_secret(const char *field, bytes *value); /* see hide */
int read_number(const char *field, uint64_t *value);
int read_engine(const char *name, fs_engine *engine);
int read_hash(const char *field); /* 1 or 256, or 0 */

/* In the variant "ctgrind" memcheck takes what is hidden, and all that is computed from it,
 * for undefined: a branch or an address that depends on it is reported. What is written
 * out has to be shown before. Elsewhere nothing happens. */
void hide(void *at, size_t len);
void show(const void *at, size_t len);

void put_bytes(const uint8_t *data, size_t len);

/* What is wrong with the fields. */
extern const char no_hash[], no_row[], no_hex[], no_length[], no_number[];

/* Commands: given their fields, they print the answer and return NULL, or only say what
 * is wrong. */
#define MAX_FIELDS 256
typedef const char *command_fn(char **fields, size_t count);
command_fn do_rows, do_stranger, do_hash, do_macs, do_monte, do_digest, do_hmac;
command_fn do_t1, do_jwt, do_sign_rows, do_sign_one, do_take, do_verify, do_decode, do_rsa;
command_fn do_pool, do_pause, do_touch, do_advise, do_fresh, do_csv, do_lines, do_most_often;
command_fn do_codec, do_quote, do_base64, do_base64url, do_equal, do_leak;

#endif
