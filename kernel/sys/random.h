/*
 * Random bytes, for getrandom, /dev/urandom and the kernel itself.
 */
#pragma once

#include "lib/types.h"

/* n bytes nobody can foretell from others it gave out. Any context. */
void random_bytes(void *buf, size_t n);
/* Stir something into the generator. Any context. */
void random_stir(const void *data, size_t n);
void random_init(void);
