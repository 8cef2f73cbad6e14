/*
 * What the test programs of the course share.
 *
 * A test prints what it finds, and the script compares that with the file NAME.expected beside it.
 * So a test needs no verdict of its own: it says what it saw.
 *
 *   check("the page is zero", p[0] == 0);      prints "the page is zero: yes" (or NO)
 *   show("bytes read", n);                     prints "bytes read: 5"
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define KIB 1024L
#define MIB (1024L * 1024)

#define COURSE_FN static __attribute__((unused))

/* --- saying what was found --- */

COURSE_FN void check(const char *what, bool holds)
{
	printf("%s: %s\n", what, holds ? "yes" : "NO");
	fflush(stdout);
}

COURSE_FN void show(const char *what, long value)
{
	printf("%s: %ld\n", what, value);
	fflush(stdout);
}

/* "EINVAL" for a call that failed so, "no error" for one that did not fail. */
COURSE_FN void show_error(const char *what, bool failed)
{
	printf("%s: %s\n", what, failed ? strerrorname_np(errno) : "no error");
	fflush(stdout);
}

/* The test cannot go on. */
COURSE_FN void need(const char *what, bool holds)
{
	if (holds)
		return;
	printf("cannot go on: %s (%s)\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

/* --- figures of the kernel --- */

/* The number behind `name` at the start of a line of a file such as /proc/meminfo; -1 if none. */
COURSE_FN long figure(const char *file, const char *name)
{
	char line[512];
	long value = -1;
	FILE *f = fopen(file, "r");

	while (f && value < 0 && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return value;
}

/* KiB that are free or can be freed at once. */
COURSE_FN long memory_left(void)
{
	return figure("/proc/meminfo", "MemFree") + figure("/proc/meminfo", "Cached");
}

/*
 * Is the memory that is left what it was, but for `slack` KiB? Processes that just ended may be
 * giving theirs back, so it is looked at for ten seconds.
 */
COURSE_FN bool memory_is_back(long before, long slack)
{
	long left = 0;

	for (int i = 0; i < 500; i++) {
		left = memory_left();
		if (left >= before - slack)
			return true;
		usleep(20000);
	}
	printf("memory left: %ld KiB before, %ld KiB now\n", before, left);
	return false;
}

/* --- children --- */

/* Runs a function in a child; its status as wait tells it. */
COURSE_FN int in_child(void (*function)(void *), void *argument)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	need("fork", pid >= 0);
	if (pid == 0) {
		function(argument);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* "ends well", "ends with 3", "is killed by SIGSEGV" */
COURSE_FN void show_end(const char *what, int status)
{
	if (WIFSIGNALED(status))
		printf("%s: killed by SIG%s\n", what, sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		printf("%s: ends with %d\n", what, WEXITSTATUS(status));
	else
		printf("%s: ends well\n", what);
	fflush(stdout);
}

/* --- touching memory that may not be there --- */

static __thread sigjmp_buf course_back;

COURSE_FN void course_fault(int signo)
{
	siglongjmp(course_back, signo);
}

COURSE_FN void course_catch(void)
{
	struct sigaction action = {.sa_handler = course_fault};

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* Can a byte be read there? 0, or the signal that came instead. */
COURSE_FN int try_read(const volatile void *p)
{
	int signo;

	course_catch();
	signo = sigsetjmp(course_back, 1);
	if (signo == 0)
		(void)*(const volatile char *)p;
	return signo;
}

/* Can this byte be stored there? 0, or the signal that came instead. */
COURSE_FN int try_write(volatile void *p, char byte)
{
	int signo;

	course_catch();
	signo = sigsetjmp(course_back, 1);
	if (signo == 0)
		*(volatile char *)p = byte;
	return signo;
}

/* One letter a page: R readable, . a hole or no right to read, B beyond the file's end. */
COURSE_FN void show_pages(const char *what, const char *p, int pages)
{
	printf("%s: ", what);
	for (int i = 0; i < pages; i++) {
		int signo = try_read(p + (size_t)i * PAGE);

		putchar(signo == 0 ? 'R' : signo == SIGBUS ? 'B' : '.');
	}
	putchar('\n');
	fflush(stdout);
}

/* Are all n bytes this one? */
COURSE_FN bool all_bytes(const char *p, size_t n, char byte)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte)
			return false;
	return true;
}

/* --- mappings and files --- */

COURSE_FN char *map(size_t length, int protection, int flags, int fd, off_t offset)
{
	char *p = mmap(NULL, length, protection, flags, fd, offset);

	need("mmap", p != MAP_FAILED);
	return p;
}

COURSE_FN char *map_anonymous(size_t length)
{
	return map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Memory that children share with this process. */
COURSE_FN void *map_shared(size_t length)
{
	return map(length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A new file of so many pages, open for reading and writing: all 'a', then all 'b' ... */
COURSE_FN int make_file(const char *name, int pages)
{
	char page[PAGE];
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);

	need("a new file", fd >= 0);
	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i, PAGE);
		need("write", write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return fd;
}

/* The byte of the file at `offset`, by read(2). */
COURSE_FN char byte_of(int fd, off_t offset)
{
	char c = 0;

	need("pread", pread(fd, &c, 1, offset) == 1);
	return c;
}
