/*
 * fork, vfork, exit, wait4 and waitid: who is whose child, what a parent learns of an end, and
 * when. Children that must be seen running are held on a pipe: they read from it and end when
 * the parent closes its end, so that no test depends on how fast anything is.
 */
#include "child.h"

#include <sched.h>

/* A child that waits until it is let go, then exits with the status given to it. */
struct held {
	pid_t pid;
	int rope;
};

static struct held hold_child(int status)
{
	struct held h;
	int p[2];
	char c;

	if (pipe(p) != 0)
		bail_out("pipe: %s", strerror(errno));
	h.pid = tap_fork();
	if (h.pid == 0) {
		close(p[1]);
		while (read(p[0], &c, 1) < 0 && errno == EINTR)
			;
		_exit(status);
	}
	close(p[0]);
	h.rope = p[1];
	return h;
}

static void let_go(struct held *h)
{
	close(h->rope);
}

static pid_t child_exits(int status)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(status);
	return pid;
}

static void test_ids(void)
{
	pid_t me = getpid(), pid;
	pid_t *seen = shared_memory(4096);
	int status;

	pid = fork();
	if (pid == 0) {
		seen[0] = getpid();
		seen[1] = getppid();
		seen[2] = syscall(SYS_gettid);
		seen[3] = getpgrp();
		seen[4] = getsid(0);
		_exit(0);
	}
	ok(pid > 0 && pid != me, "fork returns a new process id to the parent");
	ok(waitpid(pid, &status, 0) == pid && status == 0, "the parent collects the child");
	ok(seen[0] == pid, "the child's getpid is what fork returned to the parent");
	ok(seen[1] == me, "the child's getppid is the parent");
	ok(seen[2] == pid, "the child's gettid is its getpid");
	ok(seen[3] == getpgrp(), "the child inherits the process group");
	ok(seen[4] == getsid(0), "the child inherits the session");
	munmap(seen, 4096);
}

static void test_copied_memory(void)
{
	static int data = 1;
	int stack = 2, status;
	int *heap = malloc(sizeof(*heap));
	pid_t pid;

	*heap = 3;
	pid = fork();
	if (pid == 0) {
		int same = data == 1 && stack == 2 && *heap == 3;

		data = *heap = 10;
		*(volatile int *)&stack = 10;
		_exit(same ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "the child sees data, stack and heap as they were at fork");
	ok(data == 1 && *(volatile int *)&stack == 2 && *heap == 3,
	   "the child's stores do not reach the parent");
	free(heap);
}

static int chain(int depth)
{
	int status;
	pid_t pid;

	if (depth == 0)
		return 0;
	pid = fork();
	if (pid < 0)
		return 255;
	if (pid == 0)
		_exit(chain(depth - 1));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 254;
	return WEXITSTATUS(status) >= 250 ? WEXITSTATUS(status) : WEXITSTATUS(status) + 1;
}

static void test_chain(void)
{
	int n = chain(40);

	is(n, 40, "a chain of 40 forks, each waiting for the next, counts to 40");
}

static void test_exit_codes(void)
{
	int bad = 0, status;

	for (int i = 0; i < 256; i++) {
		pid_t pid = child_exits(i);

		if (waitpid(pid, &status, 0) != pid || status != i << 8)
			bad++;
	}
	is(bad, 0, "every exit code from 0 to 255 arrives");
	waitpid(child_exits(256 + 7), &status, 0);
	ok(status == 7 << 8, "exit codes keep their low eight bits");
	waitpid(child_exits(-1), &status, 0);
	ok(status == 255 << 8, "exit code -1 arrives as 255");
}

static void test_killed_statuses(void)
{
	static const int sigs[] = { SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM,
				    SIGTERM, SIGUSR2, SIGVTALRM, SIGPROF, SIGPOLL };
	int bad = 0, status;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		struct held h = hold_child(0);

		kill(h.pid, sigs[i]);
		if (waitpid(h.pid, &status, 0) != h.pid || !WIFSIGNALED(status) ||
		    WTERMSIG(status) != sigs[i])
			bad++;
		let_go(&h);
	}
	is(bad, 0, "a child killed by a signal reports that signal");
}

static void test_nohang(void)
{
	struct held h = hold_child(5);
	int status = 77;

	ok(wait4(h.pid, &status, WNOHANG, NULL) == 0 && status == 77,
	   "wait4 with WNOHANG returns 0 while the child runs");
	ok(wait4(-1, &status, WNOHANG, NULL) == 0 && status == 77,
	   "wait4 for any child with WNOHANG returns 0 while the child runs");
	let_go(&h);
	ok(wait4(h.pid, &status, 0, NULL) == h.pid && status == 5 << 8,
	   "wait4 without WNOHANG waits for the end");
	fails(wait4(h.pid, &status, WNOHANG, NULL), ECHILD,
	   "a second wait4 for a collected child fails with ECHILD");
}

static void test_echild(void)
{
	siginfo_t si;
	int status;

	fails(wait4(-1, &status, 0, NULL), ECHILD,
	   "wait4 for any child fails with ECHILD when there is none");
	fails(wait4(-1, &status, WNOHANG, NULL), ECHILD,
	   "wait4 with WNOHANG fails with ECHILD when there is no child");
	fails(wait4(getppid(), &status, 0, NULL), ECHILD,
	   "wait4 for the parent fails with ECHILD");
	fails(wait4(getpid(), &status, 0, NULL), ECHILD,
	   "wait4 for oneself fails with ECHILD");
	fails(wait4(0, &status, 0, NULL), ECHILD,
	   "wait4 for the own group fails with ECHILD when there is no child");
	fails(waitid(P_ALL, 0, &si, WEXITED), ECHILD,
	   "waitid for any child fails with ECHILD when there is none");
	fails(waitid((idtype_t)3, 999, &si, WEXITED), EBADF,
	   "waitid by a bad descriptor of a process fails with EBADF");
	fails(waitid((idtype_t)3, (id_t)-1, &si, WEXITED), EINVAL, "by a negative one with EINVAL");
	fails(waitid(P_PID, getpid(), &si, WEXITED), ECHILD,
	   "waitid for oneself fails with ECHILD");
}

static void test_bad_arguments(void)
{
	struct held h = hold_child(0);
	siginfo_t si;
	int status;

	fails(wait4(h.pid, &status, 0x100, NULL), EINVAL,
	   "wait4 with an unknown option fails with EINVAL");
	fails(syscall(SYS_wait4, INT32_MIN, &status, WNOHANG, NULL), ESRCH,
	   "wait4 for the group -INT_MIN fails with ESRCH");
	fails(waitid(P_PID, h.pid, &si, 0), EINVAL,
	   "waitid that asks for no kind of event fails with EINVAL");
	fails(waitid(P_PID, h.pid, &si, WEXITED | 0x100), EINVAL,
	   "waitid with an unknown option fails with EINVAL");
	fails(waitid(77, h.pid, &si, WEXITED), EINVAL,
	   "waitid with an unknown kind of id fails with EINVAL");
	fails(waitid(P_PID, 0, &si, WEXITED), EINVAL,
	   "waitid for process 0 fails with EINVAL");
	let_go(&h);
	fails(syscall(SYS_wait4, h.pid, (void *)8, 0, NULL), EFAULT,
	   "wait4 with a bad status pointer fails with EFAULT");
	fails(wait4(h.pid, &status, 0, NULL), ECHILD,
	   "the child is collected all the same");
}

static void test_null_pointers(void)
{
	pid_t pid = child_exits(1);

	ok(wait4(pid, NULL, 0, NULL) == pid, "wait4 takes a null status pointer");
	pid = child_exits(1);
	ok(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, NULL) == 0,
	   "waitid takes a null information pointer");
	fails(wait4(pid, NULL, 0, NULL), ECHILD, "and collects the child");
}

static void test_by_group(void)
{
	struct held a = hold_child(1), b = hold_child(2);
	siginfo_t si;
	int status;

	setpgid(b.pid, b.pid);
	let_go(&b);
	ok(waitpid(-b.pid, &status, 0) == b.pid && status == 2 << 8,
	   "wait4 for a group collects a member of that group");
	fails(waitpid(-b.pid, &status, 0), ECHILD,
	   "wait4 for a group without children fails with ECHILD");
	ok(waitpid(0, &status, WNOHANG) == 0, "wait4 for group 0 waits for the own group");
	let_go(&a);
	memset(&si, 0, sizeof(si));
	ok(waitid(P_PGID, getpgrp(), &si, WEXITED) == 0 && si.si_pid == a.pid,
	   "waitid for a group collects a member");
	b = hold_child(3);
	setpgid(b.pid, b.pid);
	fails(waitpid(0, &status, WNOHANG), ECHILD,
	   "a child in another group is no child of group 0");
	let_go(&b);
	ok(waitpid(-1, &status, 0) == b.pid, "wait4 for any child collects it");
}

static void test_waitid_fields(void)
{
	siginfo_t si;
	struct held h;
	pid_t pid = child_exits(42);

	memset(&si, 0xaa, sizeof(si));
	ok(waitid(P_PID, pid, &si, WEXITED | WNOWAIT) == 0 && si.si_pid == pid,
	   "waitid with WNOWAIT reports the child");
	ok(si.si_signo == SIGCHLD && si.si_code == CLD_EXITED && si.si_status == 42 &&
	   si.si_errno == 0 && si.si_uid == getuid(),
	   "its information says SIGCHLD, CLD_EXITED, the code and the user");
	memset(&si, 0, sizeof(si));
	ok(waitid(P_ALL, 0, &si, WEXITED | WNOWAIT) == 0 && si.si_pid == pid,
	   "WNOWAIT leaves it to be reported again");
	ok(waitid(P_PID, pid, &si, WEXITED) == 0, "waitid without WNOWAIT collects it");
	fails(waitid(P_PID, pid, &si, WEXITED | WNOHANG), ECHILD,
	   "after that it is gone");

	h = hold_child(0);
	memset(&si, 0xaa, sizeof(si));
	ok(waitid(P_PID, h.pid, &si, WEXITED | WNOHANG) == 0 && si.si_pid == 0 && si.si_signo == 0,
	   "waitid with WNOHANG while the child runs returns 0 with an empty report");
	kill(h.pid, SIGKILL);
	ok(waitid(P_PID, h.pid, &si, WEXITED) == 0 && si.si_code == CLD_KILLED &&
	   si.si_status == SIGKILL,
	   "waitid reports a killed child with CLD_KILLED and the signal");
	let_go(&h);
}

static void test_any_order(void)
{
	enum { n = 5 };
	struct held h[n];
	int status, bad = 0;

	for (int i = 0; i < n; i++)
		h[i] = hold_child(i);
	/* Ropes are inherited by later children, so the last child is let go first. */
	for (int i = n - 1; i >= 0; i--) {
		let_go(&h[i]);
		if (wait(&status) != h[i].pid || status != i << 8)
			bad++;
	}
	ok(bad == 0, "wait returns whichever child ended, in the order they end");
}

static void test_many(void)
{
	enum { n = 200 };
	static pid_t pids[n];
	static char seen[n];
	int p[2], made = 0, got = 0, bad = 0, status;
	pid_t pid;
	char c;

	if (pipe(p) != 0)
		bail_out("pipe: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(p[1]);
			_exit(read(p[0], &c, 1) == 0 ? i : 255);
		}
		made += pids[i] > 0;
	}
	is(made, n, "200 children live at once");
	close(p[0]);
	close(p[1]);
	while ((pid = wait(&status)) > 0) {
		int i = WEXITSTATUS(status);

		if (!WIFEXITED(status) || i >= n || pids[i] != pid || seen[i]++)
			bad++;
		got++;
	}
	ok(got == made && bad == 0 && errno == ECHILD,
	   "each of them is collected once, with its own code");
}

/* Waits until the parent is another than `old`, and returns who it is. */
static pid_t next_parent(pid_t old)
{
	for (int i = 0; i < LOOKS && getppid() == old; i++)
		sleep_ms(1);
	return getppid();
}

static void test_orphan(void)
{
	int p[2], status;
	pid_t middle, parent = -1;

	if (pipe(p) != 0)
		bail_out("pipe: %s", strerror(errno));
	middle = fork();
	if (middle == 0) {
		middle = getpid();
		if (fork() == 0) {
			parent = next_parent(middle);
			_exit(write(p[1], &parent, sizeof(parent)) == sizeof(parent) ? 0 : 1);
		}
		_exit(9);
	}
	close(p[1]);
	ok(waitpid(middle, &status, 0) == middle && status == 9 << 8,
	   "a parent may end before its child");
	ok(read(p[0], &parent, sizeof(parent)) == sizeof(parent) && parent != middle,
	   "the orphan is adopted: its getppid changes");
	ok(parent >= 0 && parent != getpid(), "the grandparent does not adopt it");
	fails(waitpid(-1, &status, 0), ECHILD, "nor can the grandparent wait for it");
	close(p[0]);
}

static void test_orphan_zombie(void)
{
	int p[2], status;
	pid_t middle, zombie = -1;
	int gone = 0;

	if (pipe(p) != 0)
		bail_out("pipe: %s", strerror(errno));
	middle = fork();
	if (middle == 0) {
		pid_t pid = child_exits(0);
		siginfo_t si;

		waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
		_exit(write(p[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : 1);
	}
	close(p[1]);
	ok(read(p[0], &zombie, sizeof(zombie)) == sizeof(zombie) &&
	   waitpid(middle, &status, 0) == middle && status == 0,
	   "a parent may end without collecting its ended child");
	for (int i = 0; i < LOOKS && !gone; i++) {
		gone = kill(zombie, 0) == -1 && errno == ESRCH;
		sleep_ms(1);
	}
	ok(gone, "such a child is collected by its new parent");
	close(p[0]);
}

static void test_zombie(void)
{
	pid_t pid = child_exits(3);
	siginfo_t si;
	int status;

	waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
	ok(kill(pid, 0) == 0, "an ended child that nobody collected still has its process id");
	ok(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && status == 3 << 8,
	   "killing it changes nothing of its status");
	fails(kill(pid, 0), ESRCH, "once collected its process id is gone");
}

static void test_vfork(void)
{
	volatile int shared = 0;
	int status;
	pid_t pid;

	pid = vfork();
	if (pid == 0) {
		shared = 7;
		_exit(4);
	}
	ok(pid > 0 && shared == 7,
	   "a vfork child runs in its parent's memory, before the parent goes on");
	ok(waitpid(pid, &status, 0) == pid && status == 4 << 8,
	   "a vfork child is collected like others");
}

static void test_ignored_sigchld(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN }, old;
	int status;
	pid_t pid;

	sigaction(SIGCHLD, &sa, &old);
	pid = child_exits(1);
	fails(waitpid(pid, &status, 0), ECHILD,
	   "with SIGCHLD ignored a wait lasts until the child is gone and fails with ECHILD");
	/* Linux tells the waiter a moment before the number is free. */
	for (int i = 0; i < LOOKS && kill(pid, 0) == 0; i++)
		sleep_ms(1);
	fails(kill(pid, 0), ESRCH, "and the child leaves nothing to collect");
	sa.sa_handler = SIG_DFL;
	sa.sa_flags = SA_NOCLDWAIT;
	sigaction(SIGCHLD, &sa, NULL);
	pid = child_exits(1);
	fails(waitpid(pid, &status, 0), ECHILD, "SA_NOCLDWAIT does the same");
	sigaction(SIGCHLD, &old, NULL);
}

static void test_rusage(void)
{
	struct rusage ru;
	pid_t pid = child_exits(0);
	int status;

	memset(&ru, 0xff, sizeof(ru));
	ok(wait4(pid, &status, 0, &ru) == pid && ru.ru_utime.tv_sec >= 0 &&
	   ru.ru_stime.tv_sec >= 0 &&
	   ru.ru_utime.tv_usec >= 0 && ru.ru_utime.tv_usec < 1000000,
	   "wait4 fills in the child's resource usage");
}

static void test_clone_flags(void)
{
	fails(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0), EINVAL,
	   "clone of a thread that shares no signal handlers fails with EINVAL");
	fails(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL,
	   "clone that shares signal handlers but no memory fails with EINVAL");
}

int main(void)
{
	test_echild();
	test_ids();
	test_copied_memory();
	test_chain();
	test_exit_codes();
	test_killed_statuses();
	test_nohang();
	test_bad_arguments();
	test_null_pointers();
	test_by_group();
	test_waitid_fields();
	test_any_order();
	test_many();
	test_orphan();
	test_orphan_zombie();
	test_zombie();
	test_vfork();
	test_ignored_sigchld();
	test_rusage();
	test_clone_flags();
	return done();
}
