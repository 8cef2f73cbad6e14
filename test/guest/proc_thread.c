/*
 * Threads: clone with CLONE_THREAD, and what is the thread's and what the process's. Threads are
 * made by pthread_create, or by clone where its flags are the matter.
 *
 * exec-options: --cpus 4
 */
#include "child.h"

#include <dirent.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/time.h>

#define STACK (16 * PS)
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define MANY 200

static volatile int word, go, calls, called_tid, quit;
static int pipes[2];

static pid_t tid_of_self(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static long futex(volatile int *at, int op, int val, const void *timeout)
{
	return sys(SYS_futex, at, op, val, timeout, NULL, 0);
}

static void wait_word(volatile int *at, int old)
{
	while (*at == old)
		futex(at, FUTEX_WAIT, old, NULL);
}

static pthread_t start(void *(*body)(void *), void *arg)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, body, arg);

	if (err)
		bail_out("pthread_create: error %d", err);
	return t;
}

static long join(pthread_t t)
{
	void *result = (void *)-1;

	pthread_join(t, &result);
	return (long)result;
}

/* ---- clone's flags ---- */

static volatile int raw_tid, raw_word;

static int raw_body(void *arg)
{
	word = getpid();
	raw_tid = tid_of_self(); /* for which the test waits */
	wait_word(&go, 0);
	return (int)(long)arg;
}

static void test_flags(void)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);
	int ptid = 0;
	pid_t tid;

	is(sys(SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, 0, 0), -EINVAL,
		"CLONE-4 CLONE_THREAD without CLONE_SIGHAND is EINVAL");
	is(sys(SYS_clone, CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0), -EINVAL,
		"CLONE-4 CLONE_THREAD and CLONE_SIGHAND without CLONE_VM is EINVAL");
	is(sys(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), -EINVAL,
		"CLONE-4 CLONE_SIGHAND without CLONE_VM is EINVAL");
	go = 0;
	raw_word = -1;
	tid = clone(raw_body, stack + STACK,
		THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
			0x400000 /* CLONE_DETACHED */,
		NULL, &ptid, NULL, &raw_word);
	want(tid > 0 && tid != getpid());
	want_eq(ptid, tid);
	becomes(&raw_tid, tid);
	want_eq(raw_tid, tid);
	want_eq(raw_word, tid);
	want_eq(word, getpid());
	verdict("CLONE-1 a thread has a number of its own and its process's; it is written where "
		"asked");
	go = 1;
	futex(&go, FUTEX_WAKE, 1, NULL);
	for (int left; (left = raw_word) != 0;)
		futex(&raw_word, FUTEX_WAIT, left, NULL);
	is(raw_word, 0, "CLONE_CHILD_CLEARTID clears the word at the end, and wakes");
	want_eq(waitpid(tid, NULL, __WALL), -1);
	want_eq(errno, ECHILD);
	verdict("a thread is nobody's child");
	for (int i = 0; i < LOOKS && sys(SYS_tgkill, getpid(), tid, 0) == 0; i++)
		sleep_ms(1);
	is(sys(SYS_tgkill, getpid(), tid, 0), -ESRCH, "its number is nobody's once it has ended");
	unmap(stack, STACK);
}

/* ---- What is shared ---- */

static unsigned char *area;

static void *change_memory(void *arg)
{
	(void)arg;
	area = must_map(2 * PS, RW, ANON, -1, 0);
	memset(area, 7, 2 * PS);
	protect(area + PS, PS, PROT_READ);
	return (void *)(long)close(pipes[0]);
}

static void *change_process(void *arg)
{
	(void)arg;
	umask(077);
	signal(SIGUSR2, SIG_IGN);
	return (void *)(long)(chdir("/") != 0);
}

static void test_shared(void)
{
	struct sigaction sa;
	char before[4096], after[4096];

	if (pipe(pipes) != 0 || !getcwd(before, sizeof(before)))
		bail_out("pipe or getcwd");
	want_eq(join(start(change_memory, NULL)), 0);
	want_eq(area[PS], 7);
	want_eq(fault_probe(area + PS, WRITE).code, SEGV_ACCERR);
	unmap(area, 2 * PS);
	want_eq(fcntl(pipes[0], F_GETFD), -1);
	close(pipes[1]);
	verdict("CLONE-1 threads share memory, mappings and descriptors");
	umask(022);
	want_eq(join(start(change_process, NULL)), 0);
	want_eq(umask(022), 077);
	want(getcwd(after, sizeof(after)) && strcmp(after, "/") == 0);
	sigaction(SIGUSR2, NULL, &sa);
	want(sa.sa_handler == SIG_IGN);
	signal(SIGUSR2, SIG_DFL);
	want_eq(chdir(before), 0);
	verdict("threads share folder, umask and signal actions");
}

static int share_actions_body(void *arg)
{
	(void)arg;
	signal(SIGUSR2, SIG_IGN);
	return 0;
}

static int exec_keeps_body(void *arg)
{
	char *argv[] = {"proc_thread", "quiet", NULL};

	(void)arg;
	execv("/proc/self/exe", argv);
	return 9;
}

static void count(int sig)
{
	(void)sig;
	called_tid = tid_of_self();
	__atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
}

static void test_sighand(void)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);
	struct sigaction sa;

	end_of(clone(share_actions_body, stack + STACK, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
	sigaction(SIGUSR2, NULL, &sa);
	ok(sa.sa_handler == SIG_IGN,
		"CLONE_SIGHAND without CLONE_THREAD shares the signal actions");
	signal(SIGUSR2, count);
	want_eq(end_of(clone(
			exec_keeps_body, stack + STACK, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL)),
		0);
	sigaction(SIGUSR2, NULL, &sa);
	want(sa.sa_handler == count);
	verdict("exec in such a child resets its own handlers alone");
	signal(SIGUSR2, SIG_DFL);
	unmap(stack, STACK);
}

/* ---- Many ---- */

static void *add_one(void *arg)
{
	__atomic_fetch_add(&word, (int)(long)arg, __ATOMIC_SEQ_CST);
	return arg;
}

static void test_many(void)
{
	pthread_t t[MANY];
	long sum = 0;

	word = 0;
	for (int i = 0; i < MANY; i++)
		t[i] = start(add_one, (void *)(long)i);
	for (int i = 0; i < MANY; i++)
		sum += join(t[i]);
	want_eq(sum, MANY * (MANY - 1) / 2);
	want_eq(word, sum);
	verdict("many threads come and go");
}

/* ---- Ends ---- */

static void *block_in_read(void *arg)
{
	char c;

	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
	return (void *)(long)read(pipes[0], &c, 1) + (arg != NULL);
}

static void *block_in_futex(void *arg)
{
	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
	while (!quit)
		futex(&quit, FUTEX_WAIT, 0, NULL);
	return arg;
}

static void *spin(void *arg)
{
	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
	while (!quit)
		;
	return arg;
}

static void *sleep_long(void *arg)
{
	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
	sleep_ms(1000000);
	return arg;
}

static void *wait_child(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	*(volatile pid_t *)arg = pid;
	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
	waitpid(pid, NULL, 0);
	return arg;
}

/* Threads in all the places where one may be. */
static void fill_with_threads(void)
{
	word = 0;
	if (pipe(pipes) != 0)
		_exit(99);
	start(block_in_read, NULL);
	start(block_in_futex, NULL);
	start(spin, NULL);
	start(spin, NULL);
	start(sleep_long, NULL);
	becomes(&word, 5);
}

static int exit_group_in_main(void)
{
	fill_with_threads();
	return 5;
}

static void *exit_group_body(void *arg)
{
	syscall(SYS_exit_group, (int)(long)arg);
	return NULL;
}

static int exit_group_in_thread(void)
{
	fill_with_threads();
	start(exit_group_body, (void *)6);
	for (;;)
		pause();
	return 99;
}

static void *segv_body(void *arg)
{
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)8 = 1;
	return arg;
}

static int segv_in_thread(void)
{
	fill_with_threads();
	start(segv_body, NULL);
	for (;;)
		pause();
	return 99;
}

static void *kill_thread_body(void *arg)
{
	syscall(SYS_tgkill, getpid(), tid_of_self(), (int)(long)arg);
	return NULL;
}

static int kill_one_thread(void)
{
	fill_with_threads();
	start(kill_thread_body, (void *)SIGTERM);
	for (;;)
		pause();
	return 99;
}

static void *exit_thread_body(void *arg)
{
	syscall(SYS_exit, 77);
	return arg;
}

static int main_goes_on(void)
{
	join(start(add_one, NULL));
	pthread_t t = start(exit_thread_body, NULL);
	join(t);
	return 3;
}

static int leader_first(void)
{
	quit = 0;
	start(block_in_futex, NULL);
	start(block_in_futex, NULL);
	syscall(SYS_exit, 8);
	return 0;
}

static void *leader_watcher(void *arg)
{
	char path[64], text[512];
	int fd, n, *to = arg;

	for (int i = 0; i < LOOKS; i++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
		fd = open(path, O_RDONLY);
		n = (int)read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		to[0] = strstr(text, ") Z ") != NULL;
		if (to[0])
			break;
		sleep_ms(1);
	}
	to[1] = (int)sys(SYS_tgkill, getpid(), getpid(), 0);
	to[2] = kill(getpid(), 0);
	syscall(SYS_exit, 9);
	return NULL;
}

static void test_leader_first(void)
{
	volatile int *shared = shared_memory(PS);
	pid_t pid = tap_fork();

	if (pid == 0) {
		start(leader_watcher, (void *)shared);
		syscall(SYS_exit, 8);
	}
	want_eq(end_of(pid), 9);
	want_eq(shared[0], 1);
	want_eq(shared[1], 0);
	want_eq(shared[2], 0);
	verdict("a first thread that has ended is a zombie until the others have; the last gives "
		"the status");
	pid = tap_fork();
	if (pid == 0)
		_exit(leader_first());
	sleep_ms(50);
	want_eq(waitpid(pid, NULL, WNOHANG), 0);
	want_eq(kill(pid, SIGTERM), 0);
	want_eq(end_of(pid), KILLED_BY(SIGTERM));
	verdict("such a process is not to be waited for, and can be killed");
	unmap((void *)shared, PS);
}

static void test_ends(void)
{
	pid_t pid, *grandchild = shared_memory(PS);

	is(in_child(main_goes_on), 3, "exit ends one thread");
	is(in_child(exit_group_in_main), 5, "exit_group ends threads wherever they are");
	is(in_child(exit_group_in_thread), 6, "any thread may call it");
	is(in_child(segv_in_thread), KILLED_BY(SIGSEGV), "SIGSEGV in a thread ends all");
	is(in_child(kill_one_thread), KILLED_BY(SIGTERM), "so does a fatal signal to a thread");
	pid = tap_fork();
	if (pid == 0) {
		fill_with_threads();
		start(wait_child, grandchild);
		for (;;)
			pause();
	}
	while (!*(volatile pid_t *)grandchild)
		sleep_ms(1);
	kill(pid, SIGKILL);
	is(end_of(pid), KILLED_BY(SIGKILL), "and SIGKILL to the process");
	kill(*grandchild, SIGKILL);
	unmap(grandchild, PS);
	test_leader_first();
}

/* ---- Signals ---- */

struct listener {
	pthread_t thread;
	volatile int tid;
	bool blocks; /* SIGUSR1 */
};

static void *listen_body(void *arg)
{
	struct listener *l = arg;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(l->blocks ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
	l->tid = tid_of_self();
	while (!quit)
		futex(&quit, FUTEX_WAIT, 0, NULL);
	if (l->blocks) {
		sigpending(&set);
		return (void *)(long)sigismember(&set, SIGUSR1);
	}
	return NULL;
}

static void begin_listener(struct listener *l, bool blocks)
{
	l->tid = 0;
	l->blocks = blocks;
	l->thread = start(listen_body, l);
	while (!l->tid)
		sleep_ms(1);
}

static void end_listeners(void)
{
	quit = 1;
	futex(&quit, FUTEX_WAKE, 1000, NULL);
}

static void test_thread_signals(void)
{
	struct listener a, b;
	struct sigaction sa = {.sa_handler = count, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &sa, NULL);
	quit = calls = called_tid = 0;
	begin_listener(&a, false);
	begin_listener(&b, true);
	want_eq(sys(SYS_tgkill, getpid(), a.tid, SIGUSR1), 0);
	becomes(&calls, 1);
	want_eq(calls, 1);
	want_eq(called_tid, a.tid);
	want_eq(sys(SYS_tkill, a.tid, SIGUSR1), 0);
	becomes(&calls, 2);
	want_eq(called_tid, a.tid);
	verdict("tgkill and tkill reach the very thread");
	want_eq(sys(SYS_tgkill, getpid(), b.tid, SIGUSR1), 0);
	sleep_ms(30);
	want_eq(calls, 2);
	verdict("a thread's mask is its own, and what is sent to it stays with it");
	want_eq(sys(SYS_tgkill, getpid() + 1000000, a.tid, 0), -ESRCH);
	want_eq(sys(SYS_tgkill, 0, a.tid, 0), -EINVAL);
	want_eq(sys(SYS_tgkill, getpid(), 0, 0), -EINVAL);
	want_eq(sys(SYS_tkill, 0, 0), -EINVAL);
	want_eq(sys(SYS_tkill, a.tid, 65), -EINVAL);
	want_eq(sys(SYS_tgkill, a.tid, a.tid, 0), -ESRCH);
	want_eq(kill(a.tid, 0), 0);
	verdict("tgkill wants the right process, and judges its arguments");
	end_listeners();
	join(a.thread);
	is(join(b.thread), 1, "it is pending there");
}

static void test_process_signals(void)
{
	struct listener a, b;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	quit = calls = called_tid = 0;
	begin_listener(&a, true);
	begin_listener(&b, false);
	kill(getpid(), SIGUSR1);
	becomes(&calls, 1);
	want_eq(calls, 1);
	want_eq(called_tid, b.tid);
	verdict("a signal to the process is taken by a thread that does not block it");
	end_listeners();
	join(a.thread);
	join(b.thread);
	kill(getpid(), SIGUSR1);
	want_eq(calls, 1);
	sigpending(&set);
	want(sigismember(&set, SIGUSR1));
	quit = 0;
	begin_listener(&a, false);
	becomes(&calls, 2);
	want_eq(calls, 2);
	want_eq(called_tid, a.tid);
	verdict("one that all block waits for a thread that does not");
	end_listeners();
	join(a.thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static volatile int beats[4];

static void *beat(void *arg)
{
	volatile int *mine = &beats[(long)arg];

	while (!quit) {
		++*mine;
		if ((long)arg & 1)
			sleep_ms(1);
	}
	return NULL;
}

static void beating(void)
{
	quit = 0;
	for (long i = 0; i < 4; i++)
		start(beat, (void *)i);
	for (;;)
		pause();
}

static void test_stop(void)
{
	int status;
	pid_t pid;

	pid = tap_fork();
	if (pid == 0)
		beating();
	sleep_ms(30);
	kill(pid, SIGSTOP);
	want_eq(waitpid(pid, &status, WUNTRACED), pid);
	want(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	want_eq(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	kill(pid, SIGCONT);
	want_eq(waitpid(pid, &status, WCONTINUED), pid);
	want(WIFCONTINUED(status));
	want_eq(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	kill(pid, SIGSTOP);
	want_eq(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGKILL);
	want_eq(end_of(pid), KILLED_BY(SIGKILL));
	verdict("a process of many threads stops, continues and is killed as one");
}

static volatile int *shared_beats;

static void *beat_shared(void *arg)
{
	for (;;) {
		shared_beats[(long)arg]++;
		if ((long)arg & 1)
			sleep_ms(1);
	}
	return arg;
}

static void test_all_stop(void)
{
	int before[4], status, still = 0;
	pid_t pid;

	shared_beats = shared_memory(PS);
	pid = tap_fork();
	if (pid == 0) {
		for (long i = 0; i < 4; i++)
			start(beat_shared, (void *)i);
		for (;;)
			pause();
	}
	while (!shared_beats[0] || !shared_beats[1] || !shared_beats[2] || !shared_beats[3])
		sleep_ms(1);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	for (int i = 0; i < 4; i++)
		before[i] = shared_beats[i];
	sleep_ms(50);
	for (int i = 0; i < 4; i++)
		still += shared_beats[i] == before[i];
	is(still, 4, "once a process has stopped none of its threads runs");
	kill(pid, SIGCONT);
	for (int i = 0; i < 4; i++)
		for (int n = 0; n < LOOKS && shared_beats[i] == before[i]; n++)
			sleep_ms(1);
	still = 0;
	for (int i = 0; i < 4; i++)
		still += shared_beats[i] == before[i];
	is(still, 0, "continued, all run again");
	put_down(pid);
	unmap((void *)shared_beats, PS);
}

/* ---- exec and fork ---- */

/* In memory of the thread's own: others may be about to execute a program, too. */
static char *number(int n)
{
	static _Thread_local char text[16];

	snprintf(text, sizeof(text), "%d", n);
	return text;
}

static void *exec_body(void *arg)
{
	char *argv[] = {"proc_thread", arg ? arg : "pid", number(getpid()), NULL};

	if (arg && strcmp(arg, "fail") == 0)
		return (void *)(long)(execv("/does/not/exist", argv) == -1 && errno == ENOENT ? 4
											      : 5);
	execv("/proc/self/exe", argv);
	return NULL;
}

static int exec_in_thread(void)
{
	fill_with_threads();
	start(exec_body, NULL);
	for (;;)
		pause();
	return 99;
}

static int exec_in_main(void)
{
	fill_with_threads();
	exec_body(NULL);
	return 9;
}

static int exec_after_leader(void)
{
	start(exec_body, NULL);
	syscall(SYS_exit, 1);
	return 9;
}

static int exec_fails(void)
{
	fill_with_threads();
	return (int)join(start(exec_body, "fail"));
}

static int exec_in_all(void)
{
	for (int i = 0; i < 6; i++)
		start(exec_body, NULL);
	for (;;)
		pause();
	return 9;
}

static int thread_lines(void)
{
	char text[4096], *at;
	int fd = open("/proc/self/status", O_RDONLY);
	int n = (int)read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "Threads:");
	return at ? atoi(at + 8) : -1;
}

/* What the program says that exec started: 0 if it is alone, with the number it should have. */
static int after_exec(const char *pid)
{
	if (getpid() != atoi(pid) || tid_of_self() != getpid())
		return 1;
	return thread_lines() == 1 ? 0 : 2;
}

static void *fork_body(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0)
		_exit(thread_lines() == 1 && tid_of_self() == getpid() ? 0 : 1);
	return (void *)(long)end_of(pid);
}

static void *vfork_body(void *arg)
{
	char *argv[] = {"proc_thread", "quiet", NULL};
	pid_t pid;

	(void)arg;
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, NULL) != 0)
		return (void *)1;
	return (void *)(long)end_of(pid);
}

static void *fork_only(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0)
		_exit(23);
	return (void *)(long)pid;
}

static void test_exec_fork(void)
{
	pthread_t t;

	is(in_child(exec_in_thread), 0,
		"exec in a thread ends the others and has the process's number");
	is(in_child(exec_in_main), 0, "so does exec in the first thread");
	is(in_child(exec_after_leader), 0, "and exec after the end of the first thread");
	is(in_child(exec_in_all), 0, "of many execs at once one is done");
	is(in_child(exec_fails), 4, "exec that fails ends nobody");
	quit = 0;
	t = start(block_in_futex, NULL);
	is(join(start(fork_body, NULL)), 0, "a thread's fork has that thread alone");
	is(join(start(vfork_body, NULL)), 0, "a thread spawns a program");
	is(end_of((pid_t)join(start(fork_only, NULL))), 23,
		"a child of one thread is for all to wait for");
	end_listeners();
	join(t);
}

/* ---- /proc and times ---- */

static void *look_at_proc(void *arg)
{
	char text[256], expected[64], path[64];
	int n = (int)readlink("/proc/thread-self", text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	snprintf(expected, sizeof(expected), "%d/task/%d", getpid(), tid_of_self());
	pthread_setname_np(pthread_self(), "a thread");
	*(volatile int *)arg = strcmp(text, expected) == 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid_of_self());
	int fd = open(path, O_RDONLY);
	n = (int)read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return (void *)(long)(strcmp(text, "a thread\n") == 0);
}

static int count_tasks(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void test_proc(void)
{
	struct listener a, b;
	volatile int right = 0;
	char path[64];

	quit = 0;
	begin_listener(&a, false);
	begin_listener(&b, false);
	/* A thread that was joined may still be on its way out. */
	for (int i = 0; i < LOOKS && (thread_lines() > 3 || count_tasks() > 3); i++)
		sleep_ms(1);
	is(count_tasks(), 3, "/proc/self/task has the threads");
	is(thread_lines(), 3, "Threads: in status counts them");
	is(join(start(look_at_proc, (void *)&right)), 1, "comm below task is the thread's name");
	is(right, 1, "/proc/thread-self leads there");
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", a.tid);
	want_eq(access(path, F_OK), 0);
	end_listeners();
	join(a.thread);
	join(b.thread);
	for (int i = 0; i < LOOKS && access(path, F_OK) == 0; i++)
		sleep_ms(1);
	want_eq(access(path, F_OK), -1);
	verdict("a thread's directory is there as long as it lives");
}

static long long cpu_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long ms_of(const struct rusage *ru)
{
	return (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000 +
		(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) / 1000;
}

static void *burn(void *arg)
{
	long long until = cpu_ns(CLOCK_THREAD_CPUTIME_ID) + 30000000;
	struct rusage own;
	clockid_t mine;

	while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		;
	pthread_getcpuclockid(pthread_self(), &mine);
	if (cpu_ns(mine) < until)
		return (void *)100;
	getrusage(RUSAGE_THREAD, &own);
	return (void *)(long)((ms_of(&own) >= 20) + (arg != NULL));
}

static void *burn_for_prof(void *arg)
{
	while (!calls && cpu_ns(CLOCK_THREAD_CPUTIME_ID) < 30000000000ll)
		;
	return arg;
}

static void test_times(void)
{
	struct itimerval it = {.it_value = {0, 20000}}, off = {.it_value = {0, 0}};
	long long before = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), own = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	long long mine;
	clockid_t clock;
	pthread_t t[3];
	long good = 0;

	for (int i = 0; i < 3; i++)
		t[i] = start(burn, NULL);
	for (int i = 0; i < 3; i++)
		good += join(t[i]);
	want_eq(good, 3);
	/* This thread's part in it may be anything: a busy host takes its CPU away. */
	mine = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - own;
	want(mine >= 0 && cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - before - mine >= 85000000);
	want_eq(pthread_getcpuclockid(pthread_self(), &clock), 0);
	want(cpu_ns(clock) >= own && clock_getcpuclockid(getpid(), &clock) == 0);
	want(cpu_ns(clock) - before >= 85000000);
	want_eq(sys(SYS_clock_gettime, ~getppid() * 8 | 6, &clock), -EINVAL);
	verdict("the process's CPU time is the sum of the threads', ended ones included");
	calls = 0;
	signal(SIGPROF, count);
	t[0] = start(burn_for_prof, NULL);
	sleep_ms(20);
	setitimer(ITIMER_PROF, &it, NULL);
	join(t[0]);
	setitimer(ITIMER_PROF, &off, NULL);
	ok(calls > 0, "ITIMER_PROF counts the time of threads on other CPUs");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		return 0;
	if (argc > 2 && strcmp(argv[1], "pid") == 0)
		return after_exec(argv[2]);
	test_flags();
	test_shared();
	test_sighand();
	test_many();
	test_ends();
	test_thread_signals();
	test_process_signals();
	test_stop();
	test_all_stop();
	test_exec_fork();
	test_proc();
	test_times();
	return done();
}
