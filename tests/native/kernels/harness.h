/* Shared declarations of the harness: see harness.c. */
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

/* Return `memory`, or end the program if it is NULL. */
void *or_die(void *memory);

/* Allocate `len` bytes until the answer is printed. They are at the end of an allocation,
 * and their alignment varies, so that code that relies on it fails. */
uint8_t *take(size_t len);
void *take_aligned(size_t len); /* for types other than bytes */

/* Parse a field. Returns 0, or -1 if it is invalid. */
int read_bytes(const char *field, bytes *value);
int read_secret(const char *field, bytes *value); /* see hide */
int read_number(const char *field, uint64_t *value);
int read_engine(const char *name, fs_engine *engine);
int read_hash(const char *field); /* 1 or 256; 0 if invalid */

/* In the variant "ctgrind", memcheck treats hidden data, and all values computed from them,
 * as undefined and reports branches and addresses that depend on them. Call show before
 * printing such a value. In other variants, these functions do nothing. */
void hide(void *at, size_t len);
void show(const void *at, size_t len);

void put_bytes(const uint8_t *data, size_t len);

/* Error messages for invalid fields. */
extern const char no_hash[], no_row[], no_hex[], no_length[], no_number[];

/* A command prints its answer and returns NULL, or returns an error message. */
#define MAX_FIELDS 256
typedef const char *command_fn(char **fields, size_t count);
command_fn do_rows, do_stranger, do_hash, do_macs, do_monte, do_digest, do_hmac;
command_fn do_t1, do_jwt, do_sign_rows, do_sign_one, do_import, do_verify, do_decode, do_rsa;
command_fn do_pool, do_pause, do_touch, do_advise, do_fresh, do_csv, do_lines, do_most_often;
command_fn do_codec, do_quote, do_base64, do_base64url, do_equal, do_leak;

#endif
