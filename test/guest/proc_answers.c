/*
 * What calls about processes answer where a kernel is easily too lax, or says the right thing about
 * the wrong thing first.
 */
#include "child.h"

#include <sys/prctl.h>

#define NOBODY 4194303 /* no process has so great a number */
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

int main(void)
{
	test_name();
	test_robust_list();
	return done();
}
