/*
 * clone without CLONE_THREAD: what parent and child share and what they do not, and where the
 * child's number is written. The children run on stacks of their own.
 */
#include "child.h"

#include <sched.h>
#include <setjmp.h>
#include <sys/auxv.h>

#define STACK (16 * PS)

static volatile int word, told;
static volatile pid_t seen_pid;
static unsigned char *area;

/* A child that shares what `flags` say and runs `body` on a stack of its own. */
static pid_t clone_child(int (*body)(void *), int flags, pid_t *ptid, pid_t *ctid)
{
	static unsigned char *stack;

	if (!stack)
		stack = must_map(STACK, RW, ANON, -1, 0);
	return clone(body, stack + STACK, flags | SIGCHLD, NULL, ptid, NULL, ctid);
}

static int end_of_clone(int (*body)(void *), int flags)
{
	pid_t pid = clone_child(body, flags, NULL, NULL);

	return pid < 0 ? -errno : end_of(pid);
}

static int store_word(void *arg)
{
	(void)arg;
	word = 7;
	return 3;
}

static void test_memory(void)
{
	word = 1;
	is(end_of_clone(store_word, CLONE_VM), 3, "a child with CLONE_VM runs on the stack it is given");
	is(word, 7, "CLONE-1 its stores are the parent's");
	word = 1;
	is(end_of_clone(store_word, 0), 3, "a child without CLONE_VM may have a stack of its own too");
	is(word, 1, "CLONE-1 its stores are not the parent's");
}

static int change_mappings(void *arg)
{
	(void)arg;
	if (munmap(area, PS) != 0 || mprotect(area + PS, PS, PROT_READ) != 0)
		return 1;
	if (mmap(area + 2 * PS, PS, RW, ANON | MAP_FIXED, -1, 0) != area + 2 * PS)
		return 2;
	area[2 * PS] = 'c';
	return 0;
}

static void test_mappings(void)
{
	area = must_map(3 * PS, RW, ANON, -1, 0);
	memset(area, 'p', 3 * PS);
	is(end_of_clone(change_mappings, CLONE_VM), 0,
	   "CLONE-1 a CLONE_VM child unmaps, protects and maps");
	ok(fault_probe(area, READ).code == SEGV_MAPERR &&
	   fault_probe(area + PS, WRITE).code == SEGV_ACCERR && area[2 * PS] == 'c',
	   "CLONE-1 the parent sees all three");
	munmap(area, 3 * PS);
}

static int die_of_segv(void *arg)
{
	(void)arg;
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)8 = 1;
	return 0;
}

static int exec_self(void *arg)
{
	char *argv[] = { "proc_clone", "quiet", NULL };

	(void)arg;
	execv("/proc/self/exe", argv);
	return 9;
}

static void test_ends(void)
{
	word = 5;
	is(end_of_clone(die_of_segv, CLONE_VM), KILLED_BY(SIGSEGV),
	   "CLONE-2 a CLONE_VM child dies of SIGSEGV alone");
	is(word, 5, "CLONE-2 the memory stays");
	is(end_of_clone(exec_self, CLONE_VM), 0, "CLONE-3 exec in a CLONE_VM child");
	is(word, 5, "CLONE-3 leaves the parent's memory alone");
	is(end_of_clone(exec_self, CLONE_VM | CLONE_VFORK), 0, "CLONE-3 so it does with CLONE_VFORK");
}

static int wait_and_look(void *arg)
{
	(void)arg;
	while (!told)
		sched_yield();
	seen_pid = getpid();
	word++;
	return 0;
}

static void test_vfork_order(void)
{
	word = 0;
	told = 1;
	pid_t pid = clone_child(wait_and_look, CLONE_VM | CLONE_VFORK, NULL, NULL);
	is(word, 1, "CLONE-4 with CLONE_VFORK the parent goes on when the child has ended");
	is(seen_pid, pid, "the child is a process of its own number");
	end_of(pid);
}

static void test_numbers(void)
{
	pid_t *shared = shared_memory(PS);
	pid_t ptid = 0;
	pid_t pid;

	told = 0;
	pid = clone_child(wait_and_look, CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
			  CLONE_CHILD_CLEARTID, &ptid, &shared[0]);
	is(ptid, pid, "CLONE_PARENT_SETTID writes the child's number before clone returns");
	told = 1;
	is(end_of(pid), 0, "the child ends");
	is(shared[0], 0, "CLONE_CHILD_CLEARTID clears the word at its end");

	told = 1;
	shared[1] = -1;
	pid = clone_child(wait_and_look, CLONE_CHILD_SETTID, NULL, &shared[1]);
	end_of(pid);
	is(shared[1], pid, "CLONE_CHILD_SETTID writes it in the child's memory");
	shared[2] = -1;
	pid = clone_child(wait_and_look, CLONE_CHILD_CLEARTID, NULL, &shared[2]);
	end_of(pid);
	is(shared[2], -1, "a child alone in its memory clears nothing");
	unmap(shared, PS);
}

static int close_nine(void *arg)
{
	(void)arg;
	return close(9) == 0 ? 0 : 1;
}

static int exec_with_cloexec(void *arg)
{
	fcntl(9, F_SETFD, FD_CLOEXEC);
	return exec_self(arg);
}

static void test_files(void)
{
	dup2(1, 9);
	is(end_of_clone(close_nine, CLONE_VM), 0, "a child without CLONE_FILES closes a descriptor");
	ok(fcntl(9, F_GETFD) == 0, "it stays open in the parent");
	is(end_of_clone(exec_with_cloexec, CLONE_FILES), 0, "exec in a child with CLONE_FILES");
	ok(fcntl(9, F_GETFD) == FD_CLOEXEC, "closes close-on-exec descriptors in the child alone");
	is(end_of_clone(close_nine, CLONE_FILES), 0, "a child with CLONE_FILES closes a descriptor");
	fails(fcntl(9, F_GETFD), EBADF, "it is closed in the parent");
}

static int change_folder(void *arg)
{
	(void)arg;
	umask(033);
	return chdir("/") == 0 ? 0 : 1;
}

static void test_fs(void)
{
	char before[4096], after[4096];

	umask(022);
	ok(getcwd(before, sizeof(before)) != NULL, "there is a working directory");
	is(end_of_clone(change_folder, CLONE_VM), 0,
	   "a child without CLONE_FS changes directory and umask");
	ok(getcwd(after, sizeof(after)) && strcmp(before, after) == 0 && umask(022) == 022,
	   "the parent's stay");
	is(end_of_clone(change_folder, CLONE_FS), 0, "a child with CLONE_FS does so");
	ok(getcwd(after, sizeof(after)) && strcmp(after, "/") == 0 && umask(022) == 033,
	   "and the parent's change");
	if (chdir(before) != 0)
		bail_out("cannot go back to %s", before);
}

static int handler_calls;

static void count(int sig)
{
	(void)sig;
	handler_calls++;
}

static int reset_handler(void *arg)
{
	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	return 0;
}

static void test_signals(void)
{
	signal(SIGUSR1, count);
	end_of_clone(reset_handler, CLONE_VM);
	raise(SIGUSR1);
	is(handler_calls, 1, "signal actions are not shared without CLONE_SIGHAND");
	signal(SIGUSR1, SIG_DFL);
}

static int make_sibling(void *arg)
{
	pid_t pid;

	(void)arg;
	told = 1;
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(getppid() == *(pid_t *)area ? 0 : 1);
	seen_pid = pid;
	return pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == ECHILD ? 0 : 1;
}

static void test_parent(void)
{
	area = shared_memory(PS);
	*(pid_t *)area = getpid();
	is(end_of_clone(make_sibling, CLONE_VM), 0, "with CLONE_PARENT the caller has no new child");
	is(end_of(seen_pid), 0, "its parent has");
	unmap(area, PS);
}

static void test_exit_signal(void)
{
	static unsigned char *stack;
	pid_t pid;

	stack = must_map(STACK, RW, ANON, -1, 0);
	pid = clone(store_word, stack + STACK, CLONE_VM, NULL);
	fails(waitpid(pid, NULL, 0), ECHILD, "a child without exit signal is not for a plain wait");
	ok(waitpid(pid, NULL, __WCLONE) == pid, "it is for one with __WCLONE");
	pid = clone(store_word, stack + STACK, CLONE_VM, NULL);
	ok(waitpid(pid, NULL, __WALL) == pid, "and for one with __WALL");
	unmap(stack, STACK);
}

static void test_refused(void)
{
	fails(syscall(SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, 0, 0), EINVAL,
	      "CLONE-4 CLONE_THREAD without CLONE_SIGHAND fails with EINVAL");
	fails(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL,
	      "CLONE-4 CLONE_SIGHAND without CLONE_VM fails with EINVAL");
	fails(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL,
	      "CLONE_NEWNS with CLONE_FS fails with EINVAL");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		return 0;
	test_memory();
	test_mappings();
	test_ends();
	test_vfork_order();
	test_numbers();
	test_files();
	test_fs();
	test_signals();
	test_parent();
	test_exit_signal();
	test_refused();
	return done();
}
