/*
 * The kernel's log, and panics.
 *
 * A line is formatted on the stack, cut if it is too long, and handed to the console in one piece.
 * Warnings begin with "mv6:", so that they stand out from programs' output.
 */
#include "dev/console.h"
#include "lib/ksyms.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "machine/cpu.h"
#include "arch/trap.h"
#include "proc/proc.h"
#include "proc/thread.h"

#define LINE_SIZE 256

static bool quiet;
static u32 panicking; /* (a) 1 + the CPU that stops the machine */

void log_set_quiet(bool q)
{
	quiet = q;
}

/* Print one line: the newline is added if the format has none. */
static void log_line(const char *prefix, const char *format, va_list ap)
{
	char line[LINE_SIZE];
	size_t n = str_copy(line, prefix, sizeof(line));

	n += (size_t)vfmt(line + n, sizeof(line) - n - 1, format, ap);
	n = MIN(n, sizeof(line) - 2);
	if (n == 0 || line[n - 1] != '\n')
		line[n++] = '\n';
	console_write(line, n);
}

void log_info(const char *format, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, format);
	log_line("", format, ap);
	va_end(ap);
}

void log_warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line("mv6: ", format, ap);
	va_end(ap);
}

/* One frame of a backtrace. */
static bool print_frame(void *arg UNUSED, ulong addr)
{
	ulong offset;
	const char *name = ksym_lookup(addr, &offset);

	if (name)
		log_warn("  %p %s+0x%lx", (void *)addr, name, offset);
	else
		log_warn("  %p", (void *)addr);
	return true;
}

struct collector {
	ulong *addr;
	unsigned n;
};

static bool collect_frame(void *arg, ulong addr)
{
	struct collector *c = arg;

	*c->addr++ = addr;
	return --c->n > 0;
}

void trace_collect(ulong *addr, unsigned n)
{
	struct collector c = {addr, n};

	memset(addr, 0, n * sizeof(*addr));
	machine_backtrace(NULL, collect_frame, &c);
}

static bool is_among(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

void trace_print(const char *what, const ulong *addr, unsigned n, const char *const *without)
{
	char line[LINE_SIZE];
	int head = fmt(line, sizeof(line), "  %s in", what), len = head;

	for (unsigned i = 0; i < n && addr[i] && (size_t)len < sizeof(line); i++) {
		ulong offset;
		const char *name = ksym_lookup(addr[i], &offset);

		if (name && (len > head || !is_among(name, without)))
			len += fmt(line + len, sizeof(line) - (size_t)len, "%s %s",
				len > head ? " <" : "", name);
	}
	if (len > head)
		log_warn("%s", line);
}

/*
 * Only one CPU reports. Another that panics meanwhile waits to be stopped; one that panics again
 * while it reports leaves the rest out.
 */
static void panic_begin(void)
{
	u32 me = cpu_id() + 1, nobody = 0;

	intr_disable();
	if (__atomic_compare_exchange_n(
		    &panicking, &nobody, me, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		machine_stop_other_cpus();
		console_panic_mode();
		if (link_active())
			link_report_panic();
		return;
	}
	if (nobody == me)
		machine_poweroff();
	for (;;)
		cpu_relax();
}

static void panic_print_context(void)
{
	const struct thread *t = current_thread();

	if (!t)
		return;
	if (t->proc && t->proc->pid)
		log_warn("CPU %u, process %d (%s), thread %d", cpu_id(), t->proc->pid,
			t->proc->name, t->tid);
	else
		log_warn("CPU %u, kernel thread %s", cpu_id(), t->name);
}

void panic(const char *format, ...)
{
	const struct trapframe *tf = trap_panic_frame;
	va_list ap;

	panic_begin();
	va_start(ap, format);
	log_line("mv6: panic: ", format, ap);
	va_end(ap);
	panic_print_context();
	if (tf)
		machine_print_registers(tf, log_warn);
	log_warn("backtrace:");
	machine_backtrace(tf, print_frame, NULL);
	machine_poweroff();
}

void assert_failed(const char *expr, const char *file, int line, const char *func)
{
	panic("%s:%d: %s: assertion failed: %s", file, line, func, expr);
}
