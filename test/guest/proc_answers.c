/*
 * What calls about processes answer where a kernel is easily too lax, or says the right thing about
 * the wrong thing first.
 */
#include "child.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#define NOBODY 4194303 /* no process has so great a number */
#define NO_SIGNAL 65
#define OTHER_USER 54321

static void test_name(void)
{
	char name[16];
	int left = 0;

	want_eq(sys(SYS_prctl, PR_SET_NAME, "fifteen letters", 0, 0, 0), 0);
	want_eq(sys(SYS_prctl, PR_SET_NAME, "a", 0, 0, 0), 0);
	memset(name, 'x', sizeof name);
	want_eq(sys(SYS_prctl, PR_GET_NAME, name, 0, 0, 0), 0);
	for (size_t i = 1; i < sizeof name; i++)
		left += name[i] != 0;
	want_eq(left, 0);
	verdict("PR_GET_NAME stores nothing but the name and zeros");
}

static int ask_for_robust_list(void)
{
	pid_t parent = getppid();
	size_t len;
	void *list;

	if (setresgid(OTHER_USER, OTHER_USER, OTHER_USER) ||
	    setresuid(OTHER_USER, OTHER_USER, OTHER_USER))
		return 1;
	if (sys(SYS_get_robust_list, parent, &list, &len) != -EPERM)
		return 2;
	if (sys(SYS_get_robust_list, 0, &list, &len) || sys(SYS_get_robust_list, getpid(), &list, &len))
		return 3;
	return sys(SYS_get_robust_list, NOBODY, &list, &len) == -ESRCH ? 0 : 4;
}

static void test_robust_list(void)
{
	if (getuid())
		skip("not the superuser", "get_robust_list of another user's process is EPERM");
	else
		is(in_child(ask_for_robust_list), 0,
		   "get_robust_list of another user's process is EPERM");
}

/* A child that ends at once, or executes this program, which then ends, when it was cloned. */
static pid_t clone_with(int exit_signal, bool exec)
{
	pid_t pid = (pid_t)syscall(SYS_clone, exit_signal, 0, 0, 0, 0);

	if (pid)
		return pid;
	if (exec)
		execl("/proc/self/exe", "proc_answers", "quiet", NULL);
	_exit(exec);
}

static void test_exit_signal(void)
{
	siginfo_t info;
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = clone_with(SIGUSR1, true);
	want_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL), 0);
	want_eq(waitpid(pid, NULL, 0), pid);
	verdict("a child that executed a program is for a plain wait, whatever its exit signal was");
	signal(SIGUSR1, SIG_DFL);
	pid = clone_with(NO_SIGNAL, false);
	want(pid > 0);
	want_eq(waitpid(pid, NULL, __WCLONE), pid);
	verdict("an exit signal that is none is as good as none at all");
}

static void test_kill_order(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	want_eq(sys(SYS_kill, NOBODY, NO_SIGNAL), -ESRCH);
	want_eq(sys(SYS_kill, -NOBODY, NO_SIGNAL), -ESRCH);
	want_eq(sys(SYS_kill, 0, NO_SIGNAL), -EINVAL);
	want_eq(sys(SYS_kill, getpid(), -1), -EINVAL);
	want_eq(sys(SYS_tkill, NOBODY, NO_SIGNAL), -ESRCH);
	want_eq(sys(SYS_tkill, getpid(), NO_SIGNAL), -EINVAL);
	want_eq(sys(SYS_tgkill, getpid(), NOBODY, NO_SIGNAL), -ESRCH);
	want_eq(sys(SYS_tgkill, getpid(), getpid(), NO_SIGNAL), -EINVAL);
	want_eq(sys(SYS_rt_sigqueueinfo, NOBODY, NO_SIGNAL, &info), -ESRCH);
	want_eq(sys(SYS_rt_sigqueueinfo, getpid(), NO_SIGNAL, &info), -EINVAL);
	want_eq(sys(SYS_rt_tgsigqueueinfo, NOBODY, NOBODY, NO_SIGNAL, &info), -ESRCH);
	want_eq(sys(SYS_rt_tgsigqueueinfo, getpid(), getpid(), NO_SIGNAL, &info), -EINVAL);
	verdict("that there is no such process is said before that there is no such signal");
}

static int kill_as_another(void)
{
	if (setresuid(OTHER_USER, OTHER_USER, OTHER_USER))
		return 1;
	if (sys(SYS_kill, 1, NO_SIGNAL) != -EINVAL)
		return 2;
	return sys(SYS_kill, -1, 0) ? 3 : 0;
}

static void test_kill_another(void)
{
	if (getuid())
		skip("not the superuser", "kill of all is no error though nobody may be signalled");
	else
		is(in_child(kill_as_another), 0,
		   "kill of all is no error though nobody may be signalled");
}

static void on_signal(int sig)
{
	(void)sig;
}

/* In a thread that is not the first: what only the kernel says may be said to oneself alone. */
static void *queue_to_itself(void *arg)
{
	siginfo_t info = { .si_code = SI_KERNEL };
	int tid = (int)sys(SYS_gettid);

	(void)arg;
	want_eq(sys(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGUSR2, &info), 0);
	want_eq(sys(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR2, &info), -EPERM);
	want_eq(sys(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &info), -EPERM);
	want_eq(sys(SYS_rt_sigqueueinfo, tid, SIGUSR2, &info), 0);
	want_eq(sys(SYS_setpgid, tid, 0), -EINVAL);
	return NULL;
}

static void test_from_thread(void)
{
	pthread_t thread;

	signal(SIGUSR2, on_signal);
	want_eq(pthread_create(&thread, NULL, queue_to_itself, NULL), 0);
	pthread_join(thread, NULL);
	verdict("a thread's own number counts, for the kernel's codes and for setpgid");
}

static void test_zombie_group(void)
{
	pid_t pid = tap_fork();
	siginfo_t info;

	if (pid == 0)
		_exit(3);
	want_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	want_eq(sys(SYS_setpgid, pid, 0), 0);
	want_eq(getpgid(pid), pid);
	want_eq(sys(SYS_kill, -pid, 0), 0);
	want_eq(waitpid(-pid, NULL, 0), pid);
	want_eq(sys(SYS_kill, -pid, 0), -ESRCH);
	verdict("a child that has ended can be moved to a group until it is waited for");
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0;
	test_name();
	test_robust_list();
	test_exit_signal();
	test_kill_order();
	test_kill_another();
	test_from_thread();
	test_zombie_group();
	return done();
}
