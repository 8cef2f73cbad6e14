/*
 * Ground for programs of the comparison with Linux: raw system calls, the window of addresses that
 * they own, lanes, the log, and accesses whose faults are answers.
 *
 * Window. All that a program maps, it maps in PAGES pages around 0x60000000: the address is a multiple
 * of what one table of any machine maps, and in the middle of the window. No kernel puts mappings
 * there by itself: Linux goes down from the stack, mv6 up from 0x40000000.
 *
 * Lane. What runs at a time: the main program is lane 0, each thread gets another. A lane has its
 * stack, by which it is found (so it needs no thread pointer), its log, and the fault it had last.
 *
 * Log. Text in memory that all processes of a program share. It never holds an address, a process
 * number or anything else in which two kernels may differ.
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PS 4096L
#define PAGES 192
#define WINDOW (0x60000000UL - PAGES / 2 * PS)
#define LANES 8
#define LANE_STACK 65536
#define LOG_SIZE (1 << 20)

#define DIFF_FN static __attribute__((unused))

/* A system call as the kernel answers it, without errno, which lanes would share. */
DIFF_FN __attribute__((noinline)) long call6(long nr, long a, long b, long c, long d, long e, long f)
{
#ifdef __i386__
	long tail[2] = {nr, f}, result;

	__asm__ volatile("pushl %%ebp; movl 4(%%eax), %%ebp; movl (%%eax), %%eax; int $0x80; popl %%ebp"
		: "=a"(result) : "a"(tail), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
#else
	register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
	return a0;
#endif
}

#define CALL_ARGS(nr, a, b, c, d, e, f, ...) (long)(nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define call(...) call6(CALL_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0))

/* An offset as the kernel takes it. */
#ifdef __i386__
#define OFFSET(n) (n), (n) >> 31
#else
#define OFFSET(n) (n)
#define SYS_ftruncate64 SYS_ftruncate
#endif

/* As the C library answers: a result, or -1 and errno. Not for what both lanes of a pair may call. */
#define answer(expression) kernel_answer(expression)

DIFF_FN long kernel_answer(long r)
{
	return r == -1 ? -(long)errno : r;
}

DIFF_FN bool is_error(long r)
{
	return (unsigned long)r > -4096UL;
}

/* offset in pages. */
DIFF_FN long call_mmap(unsigned long addr, unsigned long len, int prot, int flags, int fd, long offset)
{
#ifdef __i386__
	return call(SYS_mmap2, addr, len, prot, flags, fd, offset);
#else
	return call(SYS_mmap, addr, len, prot, flags, fd, offset * PS);
#endif
}

struct log {
	size_t len;
	char text[LOG_SIZE];
};

struct lane {
	sigjmp_buf env;
	volatile int sig, code; /* of the last fault; sig 0: there was none */
	unsigned long volatile at;
	struct log *log;
	uint32_t made; /* numbers given to pieces and objects */
	bool busy;
	int word; /* a thread's number, cleared at its end */
	pid_t pid;
};

static struct lane lanes[LANES];
static char lane_stacks[LANES][LANE_STACK] __attribute__((aligned(64)));

DIFF_FN int lane_number(void)
{
	const char *here = (const char *)__builtin_frame_address(0);

	if (here < lane_stacks[0] || here >= lane_stacks[LANES])
		return 0;
	return (int)((here - lane_stacks[0]) / LANE_STACK);
}

DIFF_FN struct lane *lane_now(void)
{
	return &lanes[lane_number()];
}

/* A number that no other lane of the program gives. */
DIFF_FN uint32_t new_number(void)
{
	return ++lane_now()->made * LANES + (uint32_t)lane_number();
}

DIFF_FN __attribute__((format(printf, 1, 2))) void emit(const char *format, ...)
{
	struct log *log = lane_now()->log;
	va_list ap;

	if (LOG_SIZE - log->len < 512)
		return;
	va_start(ap, format);
	log->len += (size_t)vsnprintf(log->text + log->len, LOG_SIZE - log->len, format, ap);
	va_end(ap);
}

/* What another lane has told. */
DIFF_FN void emit_log(const struct log *other)
{
	struct log *log = lane_now()->log;

	if (other->len < LOG_SIZE - log->len) {
		memcpy(log->text + log->len, other->text, other->len);
		log->len += other->len;
	}
}

/* The name of what a call answered, with the negative numbers by name. */
DIFF_FN void emit_result(long r)
{
	if (is_error(r))
		emit(" %s", strerrorname_np((int)-r) ? strerrorname_np((int)-r) : "E?");
	else
		emit(" %ld", r);
}

/* --- accesses --- */

DIFF_FN void on_fault(int sig, siginfo_t *info, void *context)
{
	struct lane *lane = lane_now();

	(void)context;
	lane->sig = sig;
	lane->code = info->si_code;
	lane->at = (unsigned long)info->si_addr;
	siglongjmp(lane->env, 1);
}

DIFF_FN void catch_faults(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof act);
	act.sa_sigaction = on_fault;
	act.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

DIFF_FN __attribute__((noinline)) uint32_t bare_load(unsigned long addr, int width)
{
	uint32_t got = 0;

	if (width == 4 && addr % 4 == 0)
		return *(volatile uint32_t *)addr;
	for (int i = 0; i < width; i++)
		got |= (uint32_t)((volatile uint8_t *)addr)[i] << 8 * i;
	return got;
}

/* Each access is false if it faulted; the lane then knows how. */
DIFF_FN __attribute__((noinline)) bool load(unsigned long addr, int width, uint32_t *value)
{
	struct lane *lane = lane_now();

	lane->sig = 0;
	if (sigsetjmp(lane->env, 0))
		return false;
	*value = bare_load(addr, width);
	return true;
}

/* Width 1, or 4 at a multiple of 4. */
DIFF_FN __attribute__((noinline)) bool store(unsigned long addr, int width, uint32_t value)
{
	struct lane *lane = lane_now();

	lane->sig = 0;
	if (sigsetjmp(lane->env, 0))
		return false;
	if (width == 4)
		*(volatile uint32_t *)addr = value;
	else
		*(volatile uint8_t *)addr = (uint8_t)value;
	return true;
}

DIFF_FN void emit_fault(unsigned long from)
{
	struct lane *lane = lane_now();

	emit(" %s/%d%+ld", lane->sig == SIGBUS ? "SIGBUS" : "SIGSEGV", lane->code, (long)(lane->at - from));
}

/* A digest of words, going on from `hash`. */
DIFF_FN uint32_t hash_words(uint32_t hash, const volatile uint32_t *word, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ word[i]) * 16777619u + (hash >> 15);
	return hash;
}

/* --- text of /proc --- */

DIFF_FN const char *proc_text(const char *path)
{
	static char text[1 << 18];
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && len < sizeof text - 1 && (n = read(fd, text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = 0;
	return text;
}

/* kB of a line of /proc/self/status; -1 if there is none. */
DIFF_FN long status_kb(const char *name)
{
	const char *line = strstr(proc_text("/proc/self/status"), name);

	return line ? strtol(line + strlen(name) + 1, NULL, 10) : -1;
}
