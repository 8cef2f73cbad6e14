/*
 * What calls about processes answer where a kernel is easily too lax, or says the right thing about
 * the wrong thing first.
 */
#include "child.h"

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

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0;
	test_name();
	test_robust_list();
	test_exit_signal();
	return done();
}
