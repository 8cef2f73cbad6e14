/*
 * The beginning and the end of a program: from the kernel's block on the stack to main, and from
 * exit through the registered functions and the streams to exit_group.
 */
#include "internal.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int errno;
char **environ;
char *program_invocation_name = "";
char *program_invocation_short_name = "";

int main(int argc, char **argv, char **envp);

/* Functions to call at exit, the newest first. */
struct exit_entry {
	struct exit_entry *next;
	void (*fn)(void);
};

static struct exit_entry *exit_list;

_Noreturn void lib_start(long *block)
{
	int argc = (int)block[0];
	char **argv = (char **)(block + 1);

	environ = argv + argc + 1;
	if (argc > 0) {
		char *slash = strrchr(argv[0], '/');

		program_invocation_name = argv[0];
		program_invocation_short_name = slash ? slash + 1 : argv[0];
	}
	exit(main(argc, argv, environ));
}

int atexit(void (*fn)(void))
{
	struct exit_entry *e = malloc(sizeof(*e));

	if (!e)
		return -1;
	e->fn = fn;
	e->next = exit_list;
	exit_list = e;
	return 0;
}

_Noreturn void exit(int status)
{
	while (exit_list) {
		struct exit_entry *e = exit_list;

		exit_list = e->next;
		e->fn();
	}
	stdio_exit();
	_exit(status);
}

_Noreturn void _exit(int status)
{
	for (;;)
		RAW_CALL(SYS_exit_group, status);
}

_Noreturn void _Exit(int status)
{
	_exit(status);
}

_Noreturn void abort(void)
{
	sigset_t set;

	raise(SIGABRT);
	/* The program catches or ignores it: take the default action. */
	signal(SIGABRT, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGABRT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	_exit(127);
}

_Noreturn void assert_failed(const char *cond, const char *file, int line, const char *func)
{
	fflush(stdout);
	dprintf(STDERR_FILENO, "%s: %s:%d: %s: assertion failed: %s\n",
		program_invocation_short_name, file, line, func, cond);
	abort();
}

_Noreturn void lib_panic(const char *text)
{
	write(STDERR_FILENO, text, strlen(text));
	abort();
}

long syscall(long number, ...)
{
	va_list ap;
	long a[6];

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return CALL(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
