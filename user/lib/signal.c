/* Signals: sets, actions, names. */
#include "internal.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <machine/ksigaction.h>
#include <unistd.h>

#define SET_BITS (8 * sizeof(long))

static const struct {
	const char *name;
	const char *text;
} signals[] = {
	[SIGHUP] = { "HUP", "Hangup" },
	[SIGINT] = { "INT", "Interrupt" },
	[SIGQUIT] = { "QUIT", "Quit" },
	[SIGILL] = { "ILL", "Illegal instruction" },
	[SIGTRAP] = { "TRAP", "Trace/breakpoint trap" },
	[SIGABRT] = { "ABRT", "Aborted" },
	[SIGBUS] = { "BUS", "Bus error" },
	[SIGFPE] = { "FPE", "Arithmetic exception" },
	[SIGKILL] = { "KILL", "Killed" },
	[SIGUSR1] = { "USR1", "User signal 1" },
	[SIGSEGV] = { "SEGV", "Segmentation fault" },
	[SIGUSR2] = { "USR2", "User signal 2" },
	[SIGPIPE] = { "PIPE", "Broken pipe" },
	[SIGALRM] = { "ALRM", "Alarm clock" },
	[SIGTERM] = { "TERM", "Terminated" },
	[SIGSTKFLT] = { "STKFLT", "Stack fault" },
	[SIGCHLD] = { "CHLD", "Child status changed" },
	[SIGCONT] = { "CONT", "Continued" },
	[SIGSTOP] = { "STOP", "Stopped (signal)" },
	[SIGTSTP] = { "TSTP", "Stopped" },
	[SIGTTIN] = { "TTIN", "Stopped (terminal input)" },
	[SIGTTOU] = { "TTOU", "Stopped (terminal output)" },
	[SIGURG] = { "URG", "Urgent data" },
	[SIGXCPU] = { "XCPU", "Processor time limit exceeded" },
	[SIGXFSZ] = { "XFSZ", "File size limit exceeded" },
	[SIGVTALRM] = { "VTALRM", "Virtual timer expired" },
	[SIGPROF] = { "PROF", "Profiling timer expired" },
	[SIGWINCH] = { "WINCH", "Window changed" },
	[SIGIO] = { "IO", "Input or output possible" },
	[SIGPWR] = { "PWR", "Power failure" },
	[SIGSYS] = { "SYS", "Bad system call" },
};

#define NAMED (int)(sizeof(signals) / sizeof(signals[0]))

const char *signal_name(int sig)
{
	return sig > 0 && sig < NAMED ? signals[sig].name : NULL;
}

int signal_number(const char *name)
{
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int sig = 1; sig < NAMED; sig++)
		if (strcasecmp(name, signals[sig].name) == 0)
			return sig;
	return -1;
}

char *strsignal(int sig)
{
	return (char *)(sig > 0 && sig < NAMED ? signals[sig].text : "Real-time or unknown signal");
}

static bool is_signal(int sig)
{
	if (sig > 0 && sig < NSIG)
		return true;
	errno = EINVAL;
	return false;
}

int sigemptyset(sigset_t *set)
{
	memset(set, 0, sizeof(*set));
	return 0;
}

int sigfillset(sigset_t *set)
{
	memset(set, 0xff, sizeof(*set));
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	if (!is_signal(sig))
		return -1;
	set->bits[(sig - 1) / SET_BITS] |= 1UL << (sig - 1) % SET_BITS;
	return 0;
}

int sigdelset(sigset_t *set, int sig)
{
	if (!is_signal(sig))
		return -1;
	set->bits[(sig - 1) / SET_BITS] &= ~(1UL << (sig - 1) % SET_BITS);
	return 0;
}

int sigismember(const sigset_t *set, int sig)
{
	if (!is_signal(sig))
		return -1;
	return set->bits[(sig - 1) / SET_BITS] >> (sig - 1) % SET_BITS & 1;
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct ksigaction kact = { 0 }, kold = { 0 };

	if (act) {
		kact.handler = act->sa_handler;
		kact.flags = act->sa_flags;
		kact.mask = act->sa_mask;
	}
	if (CALL(SYS_rt_sigaction, sig, act ? &kact : NULL, old ? &kold : NULL, sizeof(sigset_t)) <
	    0)
		return -1;
	if (old) {
		old->sa_handler = kold.handler;
		old->sa_flags = (unsigned)kold.flags;
		old->sa_mask = kold.mask;
	}
	return 0;
}

/* The BSD meaning: the handler stays, and interrupted calls go on. */
void (*signal(int sig, void (*handler)(int)))(int)
{
	struct sigaction act = { .sa_target.handler = handler, .sa_flags = SA_RESTART }, old;

	return sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return CALL(SYS_rt_sigprocmask, how, set, old, sizeof(sigset_t));
}

int sigpending(sigset_t *set)
{
	return CALL(SYS_rt_sigpending, set, sizeof(sigset_t));
}

int sigsuspend(const sigset_t *mask)
{
	return CALL(SYS_rt_sigsuspend, mask, sizeof(sigset_t));
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	return CALL(SYS_rt_sigtimedwait, set, info, timeout, sizeof(sigset_t));
}

int sigaltstack(const stack_t *stack, stack_t *old)
{
	return CALL(SYS_sigaltstack, stack, old);
}

int kill(pid_t pid, int sig)
{
	return CALL(SYS_kill, pid, sig);
}

int killpg(pid_t pgrp, int sig)
{
	if (pgrp < 0) {
		errno = EINVAL;
		return -1;
	}
	return kill(-pgrp, sig);
}

int raise(int sig)
{
	return CALL(SYS_tgkill, getpid(), gettid(), sig);
}

int pause(void)
{
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	return sigsuspend(&now);
}
