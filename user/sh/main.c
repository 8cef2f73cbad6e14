/* The shell's start and end, and the loop that reads commands and runs them. */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shell shell = { .name = "sh" };

extern char **environ;

void complain(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	if (shell.script)
		fprintf(stderr, "%s: line %d: %s\n", shell.script, shell.line, text);
	else
		fprintf(stderr, "%s: %s\n", shell.name, text);
}

_Noreturn void shell_exit(int status)
{
	static bool exiting;

	shell.status = status;
	if (!exiting) {
		exiting = true;
		trap_run_exit();
	}
	fflush(stdout);
	_exit(shell.status);
}

/* At the prompt, after a command line that was given up. */
static void recover(struct source *src)
{
	if (shell.interrupted) {
		fputc('\n', stderr);
		shell.status = 128 + SIGINT;
	}
	shell.interrupted = 0;
	shell.flow = FLOW_NONE;
	shell.condition = shell.loop_depth = 0;
	source_skip_line(src);
}

/* The next command of a source, run; false when there is none, or the source must be left. */
static bool run_one(struct source *src, bool at_prompt)
{
	struct arena *a = arena_new();
	struct node *n;
	enum parse_result result = parse_command(src, a, &n);

	if (result == PARSE_OK && n && !shell.opt_noexec) {
		source_sync(src);
		exec_tree(n, a);
	}
	arena_drop(a);
	if (result == PARSE_ERROR) {
		shell.status = 2;
		shell.flow = FLOW_ABORT;
	}
	traps_run();
	if (at_prompt && must_unwind())
		recover(src);
	return result != PARSE_EOF && !must_unwind();
}

void run_source(struct source *src)
{
	while (run_one(src, false))
		;
}

static void run_prompt(struct source *src)
{
	bool warned = false;

	for (;;) {
		while (run_one(src, true))
			warned = false;
		fputc('\n', stderr);
		if (warned || !jobs_stopped())
			return;
		fprintf(stderr, "sh: there are stopped jobs\n");
		warned = true;
		source_skip_line(src);
	}
}

static void run_file_if_there(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct source *src;

	if (fd < 0)
		return;
	src = source_fd(fd_move_up(fd), path, false);
	shell.script = path;
	run_source(src);
	source_close(src);
	shell.script = NULL;
	if (shell.flow == FLOW_RETURN || shell.flow == FLOW_ABORT)
		shell.flow = FLOW_NONE;
}

/* The arguments before the script: options, and the command of -c. */
struct options {
	const char *command;
	bool interactive;
	int next;	/* index of what follows them */
};

static _Noreturn void usage(const char *what)
{
	fprintf(stderr,
		"sh: %s\nusage: sh [-efilnux] [-c COMMAND [NAME [ARG...]] | FILE [ARG...]]\n",
		what);
	_exit(2);
}

static struct options parse_options(int argc, char **argv)
{
	struct options o = { .next = 1 };
	bool want_command = false;

	for (; o.next < argc && argv[o.next][0] == '-' && argv[o.next][1]; o.next++) {
		if (strcmp(argv[o.next], "--") == 0) {
			o.next++;
			break;
		}
		for (const char *p = argv[o.next] + 1; *p; p++) {
			switch (*p) {
			case 'c': want_command = true; break;
			case 'e': shell.opt_errexit = true; break;
			case 'f': shell.opt_noglob = true; break;
			case 'i': o.interactive = true; break;
			case 'l': shell.login = true; break;
			case 'n': shell.opt_noexec = true; break;
			case 's': break;
			case 'u': shell.opt_nounset = true; break;
			case 'x': shell.opt_trace = true; break;
			default: usage("unknown option");
			}
		}
	}
	if (want_command) {
		if (o.next == argc)
			usage("-c needs a command");
		o.command = argv[o.next++];
	}
	return o;
}

static struct source *open_script(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		fd = fd_move_up(fd);
	if (fd < 0) {
		complain("%s: %s", path, strerror(errno));
		_exit(127);
	}
	return source_fd(fd, path, false);
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	struct source *src;
	bool prompt = false;

	shell.pid = getpid();
	if (argc > 0 && argv[0][0] == '-')
		shell.login = true;
	var_init(environ);
	if (o.command) {
		if (o.next < argc)
			shell.name = argv[o.next++];
		src = source_string(o.command, strlen(o.command), 1);
	} else if (o.next < argc) {
		src = open_script(argv[o.next]);
		shell.name = shell.script = argv[o.next++];
	} else {
		prompt = o.interactive || (isatty(0) && isatty(2));
		src = source_fd(0, NULL, prompt);
	}
	shell.interactive = prompt || o.interactive;
	params_set(argv + o.next, argc > o.next ? argc - o.next : 0);
	if (shell.interactive) {
		signals_init_interactive();
		jobs_init();
	}
	if (shell.login)
		run_file_if_there("/etc/profile");
	if (prompt)
		run_prompt(src);
	else
		run_source(src);
	source_close(src);
	shell_exit(shell.status);
}
