/*
 * Orphaned process groups: groups in which no member has a parent that could let it go on after a
 * stop. Their stopped members are hung up; stops from the terminal do not reach them.
 */
#include "child.h"

static int report[2];

static void tell(char c)
{
	if (write(report[1], &c, 1) != 1)
		_exit(99);
}

static void on_signal(int sig)
{
	tell(sig == SIGHUP ? 'h' : sig == SIGCONT ? 'c' : 'u');
}

/* The report's next character. */
static int heard(void)
{
	char c;

	return read(report[0], &c, 1) == 1 ? c : -1;
}

/*
 * A process in a group of its own that reports its signals and says 'r' when it is ready; then it
 * stops itself if asked to.
 */
static pid_t reporter(bool stop)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGHUP, on_signal);
		signal(SIGCONT, on_signal);
		signal(SIGUSR1, on_signal);
		tell('r');
		if (stop)
			raise(SIGSTOP);
		for (;;)
			pause();
	}
	return pid;
}

/*
 * Lets a process in the middle make a reporter and end, which orphans the reporter's group. Returns
 * the reporter.
 */
static pid_t orphan(bool stop)
{
	volatile pid_t *pid = shared_memory(PS);
	pid_t middle = tap_fork(), result;
	siginfo_t si;

	if (middle == 0) {
		*pid = reporter(stop);
		if (stop)
			waitid(P_PID, *pid, &si, WSTOPPED);
		_exit(heard() == 'r' ? 0 : 1);
	}
	if (end_of(middle) != 0)
		bail_out("the process in the middle failed");
	result = *pid;
	unmap((void *)pid, PS);
	return result;
}

static void test_orphaned(void)
{
	pid_t pid = orphan(true);
	int first = heard(), second = heard();

	ok((first == 'h' && second == 'c') || (first == 'c' && second == 'h'),
	   "a stopped member of a group that is orphaned gets SIGHUP and SIGCONT");
	kill(pid, SIGKILL);
	pid = orphan(false);
	kill(pid, SIGUSR1);
	is(heard(), 'u', "one that runs gets neither");
	kill(pid, SIGKILL);
}

/* A group that is orphaned from its beginning: a member ends while another is stopped. */
static int member_ends(void)
{
	pid_t stopped, other;
	int first, second;

	setsid();
	stopped = tap_fork();
	if (stopped == 0) {
		signal(SIGHUP, on_signal);
		signal(SIGCONT, on_signal);
		signal(SIGUSR1, on_signal);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	waitpid(stopped, NULL, WUNTRACED);
	other = sleeping_child();
	put_down(other);
	kill(stopped, SIGUSR1);
	kill(stopped, SIGCONT);
	first = heard();
	second = heard();
	put_down(stopped);
	return first != 'h' && second != 'h' ? 0 : 1;
}

static void test_not_orphaned(void)
{
	pid_t pid = reporter(true), other;
	int status;

	is(heard(), 'r', "a group with a parent in this one");
	waitpid(pid, &status, WUNTRACED);
	other = sleeping_child();
	setpgid(other, pid);
	put_down(other);
	kill(pid, SIGUSR1);
	kill(pid, SIGCONT);
	ok(heard() != 'h' && heard() != 'h', "is not orphaned by the end of another member");
	put_down(pid);
	is(in_child(member_ends), 0, "nor is one hung up that was orphaned before, when a member ends");
}

static int stop_in_new_session(void)
{
	setsid();
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
	return 4;
}

static int stop_by_sigstop(void)
{
	setsid();
	raise(SIGSTOP);
	return 4;
}

static void test_terminal_stops(void)
{
	int status;
	pid_t pid;

	is(in_child(stop_in_new_session), 4,
	   "an orphaned group is not stopped by SIGTSTP, SIGTTIN or SIGTTOU");
	pid = tap_fork();
	if (pid == 0)
		_exit(stop_by_sigstop());
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "but by SIGSTOP");
	kill(pid, SIGCONT);
	is(end_of(pid), 4, "and goes on with SIGCONT");
}

int main(void)
{
	if (pipe(report) != 0)
		bail_out("pipe: errno %d", errno);
	test_orphaned();
	test_not_orphaned();
	test_terminal_stops();
	return done();
}
