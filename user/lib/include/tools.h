/* What several programs of user/ share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Allocation that ends the program with a message when there is no memory. */
void *must_alloc(size_t size);
void *must_resize(void *p, size_t size);
char *must_copy(const char *s);

/* "dir/name", or name alone where dir is empty; the caller frees it. */
char *path_join(const char *dir, const char *name);
/* The part behind the last slash. */
const char *path_base(const char *path);

/*
 * The names in a directory, sorted, without "." and ".."; NULL with errno set if it cannot be read.
 * The list ends with NULL and is freed by names_free.
 */
char **dir_names(const char *path);
void names_free(char **names);

/*
 * Copies everything from one descriptor to another. On failure prints a message with the name of
 * the side that failed and returns false.
 */
bool copy_bytes(int in, const char *in_name, int out, const char *out_name);
/* Writes all bytes; false with errno set. */
bool write_all(int fd, const void *buf, size_t n);

/* A number with an optional suffix k, M or G (powers of 1024); ends the program if it is none. */
long long parse_size(const char *what, const char *s);

/*
 * Flushes standard output: the status to exit with, 1 (reported) if something could not be written.
 */
int finish_output(int status);
/* Prints "usage: text" and exits with status 2. */
_Noreturn void usage(const char *text);
