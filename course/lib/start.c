/*
 * The beginning and the end of a program. What the kernel gives to a program (a stack that grows, at
 * the top of the addresses) is exchanged for what flavours promise: image, a page of memory that
 * belongs to nobody, a page that is no memory, a stack of fixed size, the arguments, and from there
 * upwards the heap:
 *
 *	+-------+-------+-------+-------+------------+------------- - -
 *	| image | spare | hole  | stack | arguments, | heap
 *	|       |       |       |       | environ    |
 *	+-------+-------+-------+-------+------------+------------- - -
 *	       _end                                  sbrk(0)
 *
 * There are programs that write beyond their last variable and never knew, for on their own system the
 * rest of the page is there. The variables of the library lie before the program's (tools/xv6cc).
 *
 * All of it lies below 2 GiB, so that an address survives being an int.
 */
#include "flavour.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The program that ./mv6 xv6 runs is this process, a child of the kernel's reaper, and the machine ends
 * with it.
 */
#define JOB 2
#define REAPER 1
#define LINGER_MS 5000 /* how long it stays for others */
#define LINGER_STEP_MS 10

extern char _end[];

static int program_argc;
static char **program_argv;

/* Bytes of the strings, and their number without the NULL. */
static size_t measure(char **strings, size_t *count)
{
	size_t bytes = 0;

	for (*count = 0; strings[*count]; ++*count)
		bytes += strlen(strings[*count]) + 1;
	return bytes;
}

/* Copies strings to *text and on, and their addresses to a new array at *slots. */
static char **copy_strings(char **strings, char ***slots, char **text)
{
	char **first = *slots;

	for (; *strings; strings++) {
		*(*slots)++ = *text;
		*text = stpcpy(*text, *strings) + 1;
	}
	*(*slots)++ = NULL;
	return first;
}

static void limit(int resource, uint64_t most)
{
	struct rlimit now, lower = {most, most};

	if (getrlimit(resource, &now) == 0 && now.rlim_cur > most)
		setrlimit(resource, &lower);
}

void ignore_signals(bool ignore)
{
	signal(SIGPIPE, ignore ? SIG_IGN : SIG_DFL);
	signal(SIGXFSZ, ignore ? SIG_IGN : SIG_DFL);
}

/* On the new stack; the old one may go. */
static void run_program(void)
{
	if (shape.clear_to > shape.clear_from)
		munmap((void *)shape.clear_from, shape.clear_to - shape.clear_from);
	ignore_signals(true);
	limit(RLIMIT_NOFILE, (uint64_t)shape.files);
	limit(RLIMIT_FSIZE, shape.file_size);
	leave(program_main(program_argc, program_argv));
}

static bool get_memory(uintptr_t from, size_t size)
{
	return mmap((void *)from, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* The C library's idea of the program. */
int main(int argc, char **argv, char **envp)
{
	size_t args, variables;
	size_t bytes = measure(argv, &args) + measure(envp, &variables);
	uintptr_t spare = UP(_end), bottom = spare + 2 * PAGE, top = bottom + shape.stack, heap;
	char **slots = (char **)top, *text;

	bytes += (args + variables + 2) * sizeof(char *);
	heap = UP(top + bytes);
	if (!get_memory(spare, PAGE) || !get_memory(bottom, heap - bottom)) {
		complain("there is no memory for the program's stack");
		_exit(1);
	}
	text = (char *)(slots + args + variables + 2);
	program_argc = argc;
	program_argv = copy_strings(argv, &slots, &text);
	environ = copy_strings(envp, &slots, &text);
	heap_begin(heap);
	run_on_stack(top, run_program);
}

/*
 * On their own systems processes go on when the program that a user called has ended; here the machine
 * would be gone. So it stays, with nothing open, until there is nobody else, or for a while.
 */
static void let_others_end(void)
{
	struct sysinfo info;

	for (int fd = 0; fd < shape.files; fd++)
		close(fd);
	for (int ms = 0; ms < LINGER_MS; ms += LINGER_STEP_MS) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (sysinfo(&info) < 0 || info.procs <= JOB)
			return;
		usleep(LINGER_STEP_MS * 1000);
	}
}

/*
 * A parent on Linux learns eight bits, and so does whoever called ./mv6 xv6. A number that does not
 * fit is left where a parent of a flavour can still find it when the process has ended: in its name.
 * 255 says that there is one, or that it is -1 (see wait_child).
 */
void leave(int status)
{
	char name[16];

	if (getpid() == JOB && getppid() == REAPER) {
		let_others_end();
		_exit(status);
	}
	if (status < 0 || status > 254) {
		snprintf(name, sizeof(name), "exit %d", status);
		prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
		status = 255;
	}
	_exit(status);
}
