/*
 * Process groups and sessions: setpgid, getpgid, setsid, getsid and the rules they keep.
 */
#include "child.h"

static int new_session(void)
{
	pid_t me = getpid(), sid = setsid();

	return sid == me && getsid(0) == me && getpgid(0) == me ? 0 : 1;
}

static int session_twice(void)
{
	setsid();
	return setsid() == -1 && errno == EPERM ? 0 : 1;
}

static int leader_moves(void)
{
	setsid();
	return setpgid(0, 0) == -1 && errno == EPERM ? 0 : 1;
}

static int group_leader_session(void)
{
	setpgid(0, 0);
	return setsid() == -1 && errno == EPERM ? 0 : 1;
}

static int own_group(void)
{
	return setpgid(0, 0) == 0 && getpgid(0) == getpid() && getpgrp() == getpid() ? 0 : 1;
}

static int own_group_by_number(void)
{
	return setpgid(getpid(), getpid()) == 0 && getpgrp() == getpid() ? 0 : 1;
}

static int inherited(void)
{
	pid_t sid = setsid(), pid = fork();
	int status;

	if (pid == 0)
		_exit(getsid(0) == sid && getpgrp() == sid ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

static int other_session_group(void)
{
	pid_t group = getpgrp();

	setsid();
	if (fork() == 0)
		_exit(setpgid(0, group) == -1 && errno == EPERM ? 0 : 1);
	int status;
	return wait(&status) > 0 && status == 0 ? 0 : 1;
}

static void test_sessions(void)
{
	ok(in_child(new_session) == 0, "setsid makes the caller leader of a new session and group");
	ok(in_child(session_twice) == 0, "a second setsid fails with EPERM");
	ok(in_child(group_leader_session) == 0, "setsid by a group leader fails with EPERM");
	ok(in_child(leader_moves) == 0, "setpgid of a session leader fails with EPERM");
	ok(in_child(inherited) == 0, "a child inherits a new session and its group");
	ok(in_child(other_session_group) == 0,
	   "setpgid to a group of another session fails with EPERM");
}

static void test_groups(void)
{
	pid_t a = sleeping_child(), b = sleeping_child(), old = getpgrp();

	ok(in_child(own_group) == 0, "setpgid(0, 0) makes the caller leader of its own group");
	ok(in_child(own_group_by_number) == 0, "setpgid takes the caller's own number too");
	ok(setpgid(a, a) == 0 && getpgid(a) == a, "a parent moves its child to a new group");
	ok(setpgid(b, a) == 0 && getpgid(b) == a, "and another child to the same group");
	ok(setpgid(b, old) == 0 && getpgid(b) == old, "and back to its own");
	ok(setpgid(b, 0) == 0 && getpgid(b) == b, "group 0 means the group named by the process");
	ok(setpgid(b, a) == 0, "a group leader may join another group");
	put_down(a);
	ok(getpgid(b) == a, "a group outlives the process it is named by");
	ok(kill(-a, SIGKILL) == 0 && waitpid(b, NULL, 0) == b, "and gets signals after that");
	fails(kill(-a, 0), ESRCH, "kill of an empty group fails with ESRCH");
}

static void test_errors(void)
{
	pid_t a = sleeping_child();

	fails(setpgid(a, -1), EINVAL, "setpgid to a negative group fails with EINVAL");
	fails(setpgid(-1, getpgrp()), ESRCH, "setpgid of a negative process fails with ESRCH");
	fails(setpgid(getppid(), 0), ESRCH,
	   "setpgid of the parent, which is no child, fails with ESRCH");
	fails(setpgid(a, 0x3ffffff), EPERM,
	   "setpgid to a group that does not exist fails with EPERM");
	fails(getpgid(0x3ffffff), ESRCH, "getpgid of no process fails with ESRCH");
	fails(getpgid(-1), ESRCH, "getpgid of a negative number fails with ESRCH");
	fails(getsid(0x3ffffff), ESRCH, "getsid of no process fails with ESRCH");
	fails(getsid(-1), ESRCH, "getsid of a negative number fails with ESRCH");
	ok(getpgid(0) == getpgrp() && getpgid(getpid()) == getpgrp(),
	   "getpgid of 0 and of oneself is getpgrp");
	ok(getsid(0) == getsid(getpid()) && getsid(a) == getsid(0),
	   "a child is in the parent's session");
	put_down(a);
}

static void test_after_exec(void)
{
	int p[2];
	pid_t a;
	char c;

	if (pipe2(p, O_CLOEXEC) != 0)
		bail_out("pipe2: %s", strerror(errno));
	a = fork();
	if (a == 0) {
		execl("/proc/self/exe", "proc_session", "linger", (char *)NULL);
		_exit(127);
	}
	close(p[1]);
	ok(read(p[0], &c, 1) == 0, "the child has called exec");
	fails(setpgid(a, a), EACCES, "setpgid of a child that has called exec fails with EACCES");
	close(p[0]);
	put_down(a);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "linger") == 0)
		for (;;)
			pause();
	test_sessions();
	test_groups();
	test_errors();
	test_after_exec();
	return done();
}
