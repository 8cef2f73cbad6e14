/*
 * The log goes to standard error and is kept for tests to look at; a panic ends the process, unless
 * a test waits for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/printf.h"
#include "machine/host.h"
#include "proc/thread.h"

static char last[512];
static unsigned count;
static bool quiet;

static jmp_buf catcher;
static bool catching;

static void line(const char *prefix, const char *format, va_list ap)
{
	char text[sizeof(last)];
	int n = fmt(text, sizeof(text), "%s", prefix);

	vfmt(text + n, sizeof(text) - (size_t)n, format, ap);
	text[strcspn(text, "\n")] = '\0';
	memcpy(last, text, sizeof(last));
	__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	if (!quiet)
		fprintf(stderr, "%s\n", text);
}

void log_info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line("", format, ap);
	va_end(ap);
}

void log_warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line("", format, ap);
	va_end(ap);
}

/* Functions have no names here: reports go without. */
void trace_collect(ulong *addr, unsigned n)
{
	memset(addr, 0, n * sizeof(*addr));
}

void trace_print(const char *what, const ulong *addr, unsigned n, const char *const *without)
{
	(void)without;
	(void)what;
	(void)addr;
	(void)n;
}

void panic(const char *format, ...)
{
	bool caught = catching, was_quiet = quiet;
	va_list ap;

	quiet |= caught;
	va_start(ap, format);
	line("panic: ", format, ap);
	va_end(ap);
	quiet = was_quiet;
	if (!caught)
		abort();
	host_panic_uncatch();
	longjmp(catcher, 1);
}

void assert_failed(const char *expr, const char *file, int at, const char *func)
{
	panic("%s:%d: %s: assertion failed: %s", file, at, func, expr);
}

const char *host_log_last(void)
{
	return last;
}

unsigned host_log_count(void)
{
	return count;
}

void host_log_clear(void)
{
	last[0] = '\0';
	count = 0;
}

void host_log_quiet(bool q)
{
	quiet = q;
}

jmp_buf *host_panic_catch(void)
{
	catching = true;
	return &catcher;
}

/* What the statement held when it panicked is nobody's now. */
void host_panic_uncatch(void)
{
	catching = false;
}

bool host_panic_said(const char *text)
{
	struct thread *t = current_thread();

	memset(t->held, 0, sizeof(t->held));
	t->cpu->spin_depth = 0;
	if (strstr(last, text))
		return true;
	fprintf(stderr, "the panic said \"%s\", not \"%s\"\n", last, text);
	return false;
}
