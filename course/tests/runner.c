/*
 * Runs the test programs of a course inside the machine, one after the other: runner TEST...
 *
 * A TEST is NUMBER:SECONDS:PROGRAM, the program's name being one in the runner's own folder.
 * Each runs as a process of its own, in a new folder of its own (the same one in every boot of
 * a disk), with no input. What is told of it, a line at a time:
 *
 *   test NUMBER begins
 *   | a line of its output                         what is not printable as \xNN
 *   test NUMBER ends: exit 0                       or: signal 11, time-out
 *
 * The script outside reads that. A test that stops the kernel has begun and does not end.
 *
 * Nothing of a test outlives it: on mv6 every process but the first and this one is killed when it
 * ends, on Linux its process group.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX 32768 /* bytes of a test's output that are told */
#define LINE_MAX_TOLD 1000

struct test {
	const char *number, *program;
	double seconds;
	pid_t pid;
	int output; /* where its output is read, -1: it has ended */
	size_t told; /* bytes of it */
	bool cut; /* there was more */
	bool timed_out;
};

static bool alone; /* all processes here are a test's */
static char home[4096];
static char line[4 * LINE_MAX_TOLD + 8];
static size_t line_length;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In one piece, so that no message of the kernel's comes in between. */
static void tell(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(1, text, n);

		if (done < 0 && errno != EINTR)
			exit(3);
		if (done > 0) {
			text += done;
			n -= (size_t)done;
		}
	}
}

static void end_line(void)
{
	line[line_length++] = '\n';
	tell(line, line_length);
	line_length = 0;
}

static void tell_byte(unsigned char c)
{
	if (line_length == 0) {
		memcpy(line, "| ", 2);
		line_length = 2;
	}
	if (c == '\n') {
		end_line();
		return;
	}
	if ((c >= ' ' && c <= '~') || c == '\t')
		line[line_length++] = (char)c;
	else
		line_length += (size_t)sprintf(line + line_length, "\\x%02x", c);
	if (line_length > 4 * LINE_MAX_TOLD)
		end_line();
}

static void tell_output(struct test *t, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && !t->cut; i++) {
		if (t->told++ < OUTPUT_MAX) {
			tell_byte((unsigned char)bytes[i]);
			continue;
		}
		if (line_length)
			end_line();
		t->cut = true;
	}
}

static void on_child(int signo)
{
	(void)signo;
}

static void become_test(const struct test *t, int output)
{
	char program[4200];
	sigset_t none;
	int input;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	snprintf(program, sizeof program, "%s/%s", home, t->program);
	mkdir(t->number, 0777);
	if (chdir(t->number) < 0)
		dprintf(output, "runner: cannot enter folder %s: %s\n", t->number, strerror(errno));
	input = open("/dev/null", O_RDONLY);
	dup2(input, 0);
	dup2(output, 1);
	dup2(output, 2);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	execl(program, t->program, NULL);
	dprintf(2, "runner: cannot run %s: %s\n", program, strerror(errno));
	_exit(127);
}

/* What the test before it took may be on its way back: a fork that fails is tried again. */
static void start(struct test *t)
{
	int ends[2];

	if (pipe(ends) < 0)
		exit(3);
	for (int tries = 0; (t->pid = fork()) < 0 && tries < 50; tries++)
		usleep(100000);
	if (t->pid == 0) {
		close(ends[0]);
		become_test(t, ends[1]);
	}
	close(ends[1]);
	t->output = ends[0];
	fcntl(t->output, F_SETFL, O_NONBLOCK);
	if (t->pid < 0)
		dprintf(1, "| runner: cannot fork: %s\n", strerror(errno));
}

/* Reads what is there; forgets the pipe at its end. */
static void read_output(struct test *t)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(t->output, bytes, sizeof bytes)) > 0)
		tell_output(t, bytes, (size_t)n);
	if (n == 0 || errno != EAGAIN) {
		close(t->output);
		t->output = -1;
	}
}

/* Until the test has ended or its time is over. Its status; SIGCHLD is blocked except in ppoll. */
static int watch(struct test *t)
{
	double end = now() + t->seconds;
	sigset_t none;
	int status = 0;

	sigemptyset(&none);
	while (waitpid(t->pid, &status, WNOHANG) == 0) {
		double left = end - now();
		struct timespec patience;
		struct pollfd p = {.fd = t->output, .events = POLLIN};

		if (left <= 0) {
			t->timed_out = true;
			kill(t->pid, SIGKILL);
			waitpid(t->pid, &status, 0);
			break;
		}
		patience.tv_sec = (time_t)left;
		patience.tv_nsec = (long)((left - (double)patience.tv_sec) * 1e9);
		if (ppoll(&p, 1, &patience, &none) > 0)
			read_output(t);
	}
	return status;
}

static void kill_rest(const struct test *t)
{
	if (!alone) {
		kill(-t->pid, SIGKILL);
		return;
	}
	for (int i = 0; i < 1000 && kill(-1, SIGKILL) == 0; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(1000);
	}
}

static void run(struct test *t)
{
	int status;

	dprintf(1, "test %s begins\n", t->number);
	start(t);
	if (t->pid < 0) {
		close(t->output);
		dprintf(1, "test %s ends: exit 127\n", t->number);
		return;
	}
	status = watch(t);
	kill_rest(t);
	if (t->output >= 0)
		read_output(t);
	if (t->output >= 0)
		close(t->output);
	if (line_length)
		end_line();
	if (t->cut)
		dprintf(1, "| (there was more output than %d bytes)\n", OUTPUT_MAX);
	if (t->timed_out)
		dprintf(1, "test %s ends: time-out\n", t->number);
	else if (WIFSIGNALED(status))
		dprintf(1, "test %s ends: signal %d\n", t->number, WTERMSIG(status));
	else
		dprintf(1, "test %s ends: exit %d\n", t->number, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_child};
	struct utsname system;
	sigset_t child;
	char *slash;

	uname(&system);
	alone = strcmp(system.sysname, "mv6") == 0;
	if (readlink("/proc/self/exe", home, sizeof home - 1) < 0)
		return 3;
	slash = strrchr(home, '/');
	*slash = 0;
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (int i = 1; i < argc; i++) {
		struct test t = {.number = strtok(argv[i], ":")};

		t.seconds = atof(strtok(NULL, ":"));
		t.program = strtok(NULL, ":");
		run(&t);
	}
	return 0;
}
