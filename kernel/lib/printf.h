/*
 * Formatted output: to memory, and to the kernel's log (the console and, in job mode, the link).
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %% with flags - 0 + space #, width and precision (also
 * *), and the sizes hh h l ll z. No floating point.
 */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

/* As C11's: at most size bytes with the NUL; return what an unlimited buffer would have taken. */
int vfmt(char *buf, size_t size, const char *format, va_list ap);
int fmt(char *buf, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* Write to the kernel's log. Any context, any lock held. log_info is silent in a quiet boot. */
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_set_quiet(bool quiet);

/*
 * The calls that led here: n return addresses, the innermost first, zeros when there are no more.
 * Any context. And a warning with their functions' names: "  WHAT in f < g < h", but for those
 * functions at its beginning that `without` lists, which ends with NULL; nothing if there are none.
 */
void trace_collect(ulong *addr, unsigned n);
void trace_print(const char *what, const ulong *addr, unsigned n, const char *const *without);

/*
 * Stop the machine: prints the reason, the current process, the registers if there is a trap frame,
 * and a symbolised backtrace; stops the other CPUs; in job mode tells the link (status 125) and
 * powers off.
 */
void panic(const char *format, ...) PRINTF_LIKE(1, 2) NORETURN;

void assert_failed(const char *expr, const char *file, int line, const char *func) NORETURN;

/* An invariant whose violation must stop the machine in every build: cheap ones only. */
#define ASSERT(x)                                                       \
	do {                                                            \
		if (UNLIKELY(!(x)))                                     \
			assert_failed(#x, __FILE__, __LINE__, __func__); \
	} while (0)

/* The costly or hot ones: only in a debug build. The expression is always compiled. */
#ifdef DEBUG
#define DEBUG_ASSERT(x) ASSERT(x)
#else
#define DEBUG_ASSERT(x) ((void)sizeof(x))
#endif
