/*
 * Signals and traps. A handler only notes the signal; traps_run runs the commands between two
 * commands. Number 0 is the end of the shell.
 */
#include "sh.h"

#include <commands.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *traps[NSIG];	/* the command; "": ignored; NULL: as the shell was started */
static volatile sig_atomic_t pending[NSIG];
static volatile sig_atomic_t any_pending;
static bool interactive_signals;

/* What an interactive shell must not die or stop from; its children get the default back. */
static const int guarded[] = { SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU };

static void note_trap(int sig)
{
	pending[sig] = 1;
	any_pending = 1;
}

static void note_interrupt(int sig)
{
	(void)sig;
	shell.interrupted = 1;
}

/* Without SA_RESTART: a read at the prompt and a wait end with EINTR. */
static void set_handler(int sig, void (*handler)(int))
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	sigemptyset(&act.sa_mask);
	sigaction(sig, &act, NULL);
}

void signals_init_interactive(void)
{
	interactive_signals = true;
	set_handler(SIGINT, note_interrupt);
	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++)
		set_handler(guarded[i], SIG_IGN);
}

void signals_child(bool background)
{
	for (int sig = 0; sig < NSIG; sig++) {
		pending[sig] = 0;
		/* What is ignored stays ignored (POSIX, trap). */
		if (!traps[sig] || !traps[sig][0])
			continue;
		if (sig > 0)
			set_handler(sig, SIG_DFL);
		free(traps[sig]);
		traps[sig] = NULL;
	}
	any_pending = 0;
	if (interactive_signals) {
		interactive_signals = false;
		if (!traps[SIGINT])
			set_handler(SIGINT, SIG_DFL);
		for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++)
			if (!traps[guarded[i]])
				set_handler(guarded[i], SIG_DFL);
	}
	if (background) {
		/* Without job control the keys would reach it with the foreground. */
		set_handler(SIGINT, SIG_IGN);
		set_handler(SIGQUIT, SIG_IGN);
	}
}

static void run_trap(int sig)
{
	int status = shell.status;
	enum flow flow = shell.flow;
	/* The command may set another trap while it runs. */
	char *command = heap_copy(traps[sig]);
	struct source *src = source_string(command, strlen(command), shell.line);

	shell.flow = FLOW_NONE;
	run_source(src);
	source_close(src);
	free(command);
	if (shell.flow == FLOW_NONE) {
		shell.flow = flow;
		shell.status = status;
	}
}

void traps_run(void)
{
	while (any_pending) {
		any_pending = 0;
		for (int sig = 1; sig < NSIG; sig++) {
			if (!pending[sig])
				continue;
			pending[sig] = 0;
			if (traps[sig] && traps[sig][0])
				run_trap(sig);
		}
	}
}

bool trap_is_set(void)
{
	for (int sig = 0; sig < NSIG; sig++)
		if (traps[sig] && traps[sig][0])
			return true;
	return false;
}

void trap_run_exit(void)
{
	char *command = traps[0];
	struct source *src;

	if (!command)
		return;
	traps[0] = NULL;
	src = source_string(command, strlen(command), shell.line);
	shell.flow = FLOW_NONE;
	shell.interrupted = 0;
	run_source(src);
	source_close(src);
	free(command);
}

static int parse_signal(const char *s)
{
	char *end;
	long n;

	if (strcmp(s, "EXIT") == 0)
		return 0;
	if (isdigit((unsigned char)*s)) {
		n = strtol(s, &end, 10);
		return *end || n >= NSIG ? -1 : (int)n;
	}
	return signal_number(s);
}

static void set_trap(int sig, const char *command)
{
	char *old = traps[sig];

	traps[sig] = command ? heap_copy(command) : NULL;
	free(old);
	if (sig == 0)
		return;
	if (command)
		set_handler(sig, *command ? note_trap : SIG_IGN);
	else if (interactive_signals && sig == SIGINT)
		set_handler(sig, note_interrupt);
	else
		set_handler(sig, SIG_DFL);
}

static void print_traps(void)
{
	for (int sig = 0; sig < NSIG; sig++) {
		const char *name = sig ? signal_name(sig) : "EXIT";

		if (traps[sig] && name)
			printf("trap -- '%s' %s\n", traps[sig], name);
		else if (traps[sig])
			printf("trap -- '%s' %d\n", traps[sig], sig);
	}
}

int builtin_trap(int argc, char **argv)
{
	const char *command = NULL;
	int i = 1, status = 0;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		i++;
	if (i == argc) {
		print_traps();
		return 0;
	}
	/* "trap - SIG" and "trap SIG" both reset. */
	if (strcmp(argv[i], "-") == 0)
		i++;
	else if (argc - i > 1)
		command = argv[i++];
	for (; i < argc; i++) {
		int sig = parse_signal(argv[i]);

		if (sig < 0 || sig == SIGKILL || sig == SIGSTOP) {
			complain("trap: %s: not a signal that can be trapped", argv[i]);
			status = 1;
		} else {
			set_trap(sig, command);
		}
	}
	return status;
}
