/*
 * Jobs: the processes of a pipeline, waited for together.
 *
 * With job control (an interactive shell with a terminal) every job is a process group; the one in
 * the foreground has the terminal, and its keys reach it and not the shell. Without job control the
 * children stay in the shell's group.
 *
 * The list `jobs` has the newest first. A job gets its number when the user can see it: in the
 * background or stopped.
 */
#include "sh.h"

#include <commands.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Ended background jobs whose status `wait PID` may still ask for. */
#define REMEMBERED 256

enum proc_state { PROC_RUNNING, PROC_STOPPED, PROC_ENDED };

struct proc {
	struct proc *next;
	pid_t pid;
	enum proc_state state;
	int status;	/* of waitpid, unless it runs */
};

struct job {
	struct job *next, *prev;
	struct proc *procs, **procs_tail;
	pid_t pgrp;		/* 0: in the shell's own group */
	bool controlled;	/* has a group of its own */
	bool background;
	bool told;		/* the user knows its present state */
	int number;		/* 0: none yet */
	char *text;
};

static struct job *jobs;
static int tty = -1;
static pid_t shell_pgrp;
static struct termios tty_modes;

/* Start of job control */

void jobs_init(void)
{
	pid_t owner;

	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0 && isatty(2))
		tty = dup(2);
	if (tty >= 0)
		tty = fd_move_up(tty);
	shell_pgrp = getpgrp();
	/* Started in the background: stop until the terminal is ours. */
	while (tty >= 0 && (owner = tcgetpgrp(tty)) >= 0 && owner != shell_pgrp) {
		kill(0, SIGTTIN);
		shell_pgrp = getpgrp();
	}
	/* A session leader has a group of its own already, and setpgid refuses. */
	if (getsid(0) != getpid() && setpgid(0, 0) == 0)
		shell_pgrp = getpid();
	if (tty < 0 || tcsetpgrp(tty, shell_pgrp) < 0) {
		complain("no terminal to control: jobs cannot be stopped or moved");
		if (tty >= 0)
			close(tty);
		tty = -1;
		return;
	}
	tcgetattr(tty, &tty_modes);
	shell.job_control = true;
}

/* The list */

struct job *job_new(const char *text)
{
	struct job *j = heap_alloc(sizeof(*j));

	memset(j, 0, sizeof(*j));
	j->procs_tail = &j->procs;
	j->controlled = shell.job_control;
	j->text = heap_copy(text);
	j->next = jobs;
	if (jobs)
		jobs->prev = j;
	jobs = j;
	return j;
}

static void job_free(struct job *j)
{
	struct proc *p, *next;

	if (j->next)
		j->next->prev = j->prev;
	if (j->prev)
		j->prev->next = j->next;
	else
		jobs = j->next;
	for (p = j->procs; p; p = next) {
		next = p->next;
		free(p);
	}
	free(j->text);
	free(j);
}

void job_cancel(struct job *j)
{
	job_free(j);
}

static void job_add(struct job *j, pid_t pid)
{
	struct proc *p = heap_alloc(sizeof(*p));

	memset(p, 0, sizeof(*p));
	p->pid = pid;
	*j->procs_tail = p;
	j->procs_tail = &p->next;
	if (!j->controlled)
		return;
	if (j->pgrp == 0)
		j->pgrp = pid;
	/*
	 * The child does the same: whoever comes first. It may have called exec already (EACCES).
	 */
	setpgid(pid, j->pgrp);
}

/* Running when any process runs, else stopped when any is stopped. */
static enum proc_state job_state(const struct job *j)
{
	enum proc_state state = PROC_ENDED;

	for (const struct proc *p = j->procs; p; p = p->next)
		if (p->state < state)
			state = p->state;
	return state;
}

static const struct proc *last_proc(const struct job *j)
{
	const struct proc *p = j->procs;

	while (p && p->next)
		p = p->next;
	return p;
}

int status_of(int wait_status)
{
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status);
	return 128 + (WIFSTOPPED(wait_status) ? WSTOPSIG(wait_status) : WTERMSIG(wait_status));
}

static int job_status(const struct job *j)
{
	const struct proc *p = last_proc(j);

	return p ? status_of(p->status) : 126;
}

static void job_give_number(struct job *j)
{
	int highest = 0;

	if (j->number)
		return;
	for (struct job *k = jobs; k; k = k->next)
		if (k->number > highest)
			highest = k->number;
	j->number = highest + 1;
}

/* Forking */

/* In the child: leaves the parent's state and takes its place in the job. */
static void become_child(struct job *j, bool background, bool control)
{
	shell.subshell = true;
	shell.job_control = false;
	/* The list is the parent's; what it holds goes with this process. */
	jobs = NULL;
	if (j && j->controlled) {
		if (j->pgrp == 0)
			j->pgrp = getpid();
		setpgid(0, j->pgrp);
		if (!background)
			tcsetpgrp(tty, j->pgrp);
	}
	signals_child(background && !control);
	if (background && !control && j && !j->procs) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd > 0) {
			dup2(fd, 0);
			close(fd);
		}
	}
}

pid_t fork_child(struct job *j, bool background)
{
	sigset_t all, old;
	pid_t pid;

	fflush(stdout);
	/* A key that comes before the child has its own signal actions waits until it has. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		become_child(j, background, shell.job_control);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid > 0 && j)
		job_add(j, pid);
	return pid;
}

/* Waiting */

/* Notes what waitpid said about a process of any job. */
static void record(pid_t pid, int status)
{
	for (struct job *j = jobs; j; j = j->next) {
		for (struct proc *p = j->procs; p; p = p->next) {
			if (p->pid != pid || p->state == PROC_ENDED)
				continue;
			p->status = status;
			p->state = WIFSTOPPED(status) ? PROC_STOPPED
				 : WIFCONTINUED(status) ? PROC_RUNNING : PROC_ENDED;
			j->told = false;
			return;
		}
	}
}

/* Waits for one change of any child; false when there is none to wait for. */
static bool wait_one(int options)
{
	int status;
	pid_t pid = waitpid(-1, &status, options | (shell.job_control ? WUNTRACED : 0));

	if (pid > 0)
		record(pid, status);
	return pid > 0 || (pid < 0 && errno == EINTR);
}

/* Somebody else reaped them, or there never were any: nothing more will be heard. */
static void job_give_up(struct job *j)
{
	for (struct proc *p = j->procs; p; p = p->next) {
		if (p->state != PROC_ENDED) {
			p->state = PROC_ENDED;
			p->status = 127 << 8;
		}
	}
}

static void take_terminal(void)
{
	tcsetpgrp(tty, shell_pgrp);
	tcsetattr(tty, TCSADRAIN, &tty_modes);
}

static void show_job(const struct job *j, bool with_pid)
{
	enum proc_state state = job_state(j);
	const struct proc *p = last_proc(j);
	char what[64];

	if (state == PROC_RUNNING)
		snprintf(what, sizeof(what), "Running");
	else if (!WIFEXITED(p->status))
		snprintf(what, sizeof(what), "%s",
			 strsignal(WIFSTOPPED(p->status) ? WSTOPSIG(p->status)
							 : WTERMSIG(p->status)));
	else if (WEXITSTATUS(p->status) == 0)
		snprintf(what, sizeof(what), "Done");
	else
		snprintf(what, sizeof(what), "Exit %d", WEXITSTATUS(p->status));
	if (with_pid)
		printf("[%d] %d %-24s %s\n", j->number, (int)j->procs->pid, what, j->text);
	else
		printf("[%d] %-24s %s\n", j->number, what, j->text);
}

/* How a foreground job died, if the user should know. */
static void tell_death(const struct job *j)
{
	const struct proc *p = last_proc(j);
	int sig;

	if (!p || !WIFSIGNALED(p->status))
		return;
	sig = WTERMSIG(p->status);
	if (sig == SIGINT) {
		/* The key meant the whole command line; the shell itself did not see it. */
		if (shell.interactive && !shell.subshell)
			shell.interrupted = 1;
	} else if (sig != SIGPIPE) {
		complain("%s: %s", j->text, strsignal(sig));
	}
}

int job_wait_foreground(struct job *j)
{
	bool forwarded = false;
	int status;

	/* The child does it too: neither may run before the terminal is the job's. */
	if (j->controlled && shell.job_control)
		tcsetpgrp(tty, j->pgrp);
	while (job_state(j) == PROC_RUNNING) {
		/* The key came while the terminal was still the shell's. */
		if (shell.interrupted && j->controlled && !forwarded) {
			forwarded = true;
			kill(-j->pgrp, SIGINT);
		}
		if (!wait_one(0))
			job_give_up(j);
	}
	status = job_status(j);
	if (j->controlled && shell.job_control)
		take_terminal();
	if (job_state(j) == PROC_STOPPED) {
		job_give_number(j);
		j->background = true;
		j->told = true;
		putchar('\n');
		show_job(j, false);
		fflush(stdout);
		return status;
	}
	tell_death(j);
	job_free(j);
	return status;
}

/* Drops the oldest ended jobs of a shell that never asks for them. */
static void limit_ended(void)
{
	struct job *j, *next;
	int ended = 0;

	for (j = jobs; j; j = next) {
		next = j->next;
		if (job_state(j) == PROC_ENDED && ++ended > REMEMBERED)
			job_free(j);
	}
}

void job_run_background(struct job *j)
{
	const struct proc *p = last_proc(j);

	if (!p) {
		job_free(j);
		return;
	}
	shell.last_background = p->pid;
	j->background = true;
	j->told = true;
	job_give_number(j);
	if (shell.interactive && !shell.subshell)
		fprintf(stderr, "[%d] %d\n", j->number, (int)p->pid);
	while (wait_one(WNOHANG))
		;
	if (!shell.interactive)
		limit_ended();
}

static void tell_and_forget(struct job *j)
{
	if (!j->told)
		show_job(j, false);
	j->told = true;
	if (job_state(j) == PROC_ENDED)
		job_free(j);
}

void jobs_notify(void)
{
	struct job *j, *next;

	while (wait_one(WNOHANG))
		;
	for (j = jobs; j; j = next) {
		next = j->next;
		if (!j->told)
			tell_and_forget(j);
	}
	fflush(stdout);
}

bool jobs_stopped(void)
{
	for (struct job *j = jobs; j; j = j->next)
		if (job_state(j) == PROC_STOPPED)
			return true;
	return false;
}

/* Builtins */

/* The job that %N, %%, %+, %string or a process number names; NULL if there is none. */
static struct job *job_find(const char *spec)
{
	const char *name = spec + 1;
	char *end;
	long n;

	if (spec[0] != '%') {
		n = strtol(spec, &end, 10);
		for (struct job *j = jobs; j && end != spec && !*end; j = j->next)
			for (struct proc *p = j->procs; p; p = p->next)
				if (p->pid == n)
					return j;
		return NULL;
	}
	n = strtol(name, &end, 10);
	for (struct job *j = jobs; j; j = j->next) {
		if (!j->number)
			continue;
		if (!*name || strcmp(name, "%") == 0 || strcmp(name, "+") == 0)
			return j;
		if (end != name ? !*end && j->number == n
				: strncmp(j->text, name, strlen(name)) == 0)
			return j;
	}
	return NULL;
}

int builtin_jobs(int argc, char **argv)
{
	bool pids = argc > 1 && strcmp(argv[1], "-l") == 0;
	struct job *j = jobs, *prev;

	while (wait_one(WNOHANG))
		;
	while (j && j->next)
		j = j->next;
	for (; j; j = prev) {
		prev = j->prev;
		if (!j->number)
			continue;
		show_job(j, pids);
		j->told = true;
		if (job_state(j) == PROC_ENDED)
			job_free(j);
	}
	return 0;
}

/* Lets a stopped job go on. */
static void job_continue(struct job *j)
{
	for (struct proc *p = j->procs; p; p = p->next)
		if (p->state == PROC_STOPPED)
			p->state = PROC_RUNNING;
	kill(j->pgrp ? -j->pgrp : j->procs->pid, SIGCONT);
}

/* Both fg and bg. */
int builtin_fg(int argc, char **argv)
{
	bool foreground = argv[0][0] == 'f';
	struct job *j = job_find(argc > 1 ? argv[1] : "%");

	if (!shell.job_control) {
		complain("%s: no job control", argv[0]);
		return 1;
	}
	if (!j || job_state(j) == PROC_ENDED) {
		complain("%s: %s: no such job", argv[0], argc > 1 ? argv[1] : "%");
		return 1;
	}
	if (foreground)
		printf("%s\n", j->text);
	else
		printf("[%d] %s\n", j->number, j->text);
	fflush(stdout);
	j->background = !foreground;
	if (foreground)
		tcsetpgrp(tty, j->pgrp);
	job_continue(j);
	return foreground ? job_wait_foreground(j) : 0;
}

static int wait_for(struct job *j)
{
	int status;

	while (job_state(j) == PROC_RUNNING && !shell.interrupted) {
		if (!wait_one(0))
			job_give_up(j);
		traps_run();
	}
	if (shell.interrupted)
		return 128 + SIGINT;
	status = job_status(j);
	if (job_state(j) == PROC_ENDED)
		job_free(j);
	return status;
}

int builtin_wait(int argc, char **argv)
{
	int status = 0;

	if (argc == 1) {
		struct job *j = jobs;

		while (j && !shell.interrupted) {
			if (j->background && job_state(j) != PROC_STOPPED) {
				wait_for(j);
				j = jobs;
			} else {
				j = j->next;
			}
		}
		return shell.interrupted ? 128 + SIGINT : 0;
	}
	for (int i = 1; i < argc; i++) {
		struct job *j = job_find(argv[i]);

		/*
		 * POSIX: a process that is not a child of this shell counts as having exited with
		 * 127.
		 */
		status = j ? wait_for(j) : 127;
	}
	return status;
}

int builtin_kill(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct strlist args = { 0 };
	bool option = argc > 1 && argv[1][0] == '-';
	int first = !option ? 1 : strcmp(argv[1], "-s") == 0 ? 3 : 2;
	int status = 0;

	/*
	 * Jobs become process groups, which are negative: "--" ends the options. The rest is the
	 * program's work.
	 */
	for (int i = 0; i < argc; i++) {
		char *arg = argv[i], target[32];
		struct job *j;
		int len;

		if (i == first && strcmp(argv[1], "--") != 0)
			strlist_add(&args, a, "--");
		if (arg[0] == '%') {
			j = job_find(arg);
			if (!j) {
				complain("kill: %s: no such job", arg);
				status = 1;
				break;
			}
			len = snprintf(target, sizeof(target), "%d",
				       (int)(j->pgrp ? -j->pgrp : j->procs->pid));
			arg = arena_copy(a, target, (size_t)len);
		}
		strlist_add(&args, a, arg);
	}
	if (status == 0)
		status = kill_command((int)args.count, args.items);
	arena_drop(a);
	return status;
}
