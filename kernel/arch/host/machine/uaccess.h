/*
 * Copies between the kernel and user memory, as every machine has them; here by the software
 * walker.
 */
#pragma once

#include "lib/types.h"

size_t copy_user(void *dst, const void *src, size_t n);
size_t clear_user(void *dst, size_t n);
ssize_t copy_user_str(char *dst, const char *src, size_t n);
