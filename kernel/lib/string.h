/*
 * Memory and string functions, with the C library's meanings (C11 7.24) where the names are its.
 */
#pragma once

#include "lib/types.h"

#if __STDC_HOSTED__
#include <string.h>
#else
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/*
 * Copy src into dst[size], cut if need be, always NUL-terminated (size > 0). Returns strlen(src).
 */
size_t str_copy(char *dst, const char *src, size_t size);
/* Parse an unsigned number (decimal, 0x, or 0 octal) at *s, advance *s past it. False if there is
 * none. */
bool str_number(const char **s, u64 *value);
