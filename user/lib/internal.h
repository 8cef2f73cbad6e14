/*
 * What the library's own files share.
 *
 * CALL(number, up to six arguments) makes a system call and turns the kernel's answer into the
 * form of the C interface: -1 and errno for an error, the result otherwise.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <machine/syscall.h>

/* The last 4095 values are error numbers, negated. */
static inline long call_result(long r)
{
	if ((unsigned long)r > -4096UL) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

#define CALL_ARGS(n, a, b, c, d, e, f, ...) \
	syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW_CALL(...) CALL_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define CALL(...) call_result(RAW_CALL(__VA_ARGS__))

/* Called by crt0 with the block the kernel left on the stack: argc, argv, 0, environment, 0. */
_Noreturn void lib_start(long *block);
/* Writes what the streams hold; called by exit. */
void stdio_exit(void);
bool stream_is_unbuffered(const FILE *f);
/* Writes text to descriptor 2 as it is and aborts; for a heap whose links are broken. */
_Noreturn void lib_panic(const char *text);
