/*
 * Policies, priorities, nice and the CPUs of a thread: what is kept, who may change it, and that
 * the scheduler obeys. Whoever has to share a CPU is bound to one for that.
 *
 * exec-options: --cpus 4
 */
#include "priority.h"

#include <pthread.h>

#define NOBODY 0x3ffffff0 /* no process has this number */
#define OTHER_USER 65534

static const int zero;

static long policy_of(pid_t pid)
{
	return sys(SYS_sched_getscheduler, pid);
}

static long level_of(pid_t pid)
{
	int level = -1;
	long err = sys(SYS_sched_getparam, pid, &level);

	return err ? err : level;
}

/* As the kernel tells it: 20 less nice. */
static long nice_shown(int which, id_t who)
{
	return sys(SYS_getpriority, which, who);
}

static pid_t own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* Field n (the process's number is the first) of a stat file whose name has no blanks. */
static long stat_field(const char *path, int n)
{
	char text[1024], *s = text;

	if (slurp(path, text, sizeof text) < 0)
		return -1;
	while (--n > 0 && s)
		s = strchr(s + 1, ' ');
	return s ? strtol(s, NULL, 10) : -1;
}

static long task_field(pid_t tid, int n)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
	return stat_field(path, n);
}

enum { STAT_PRIORITY = 18, STAT_NICE, STAT_CPU = 39, STAT_RT_PRIORITY, STAT_POLICY };

/* ---- CPUs ---- */

static void test_cpus(void)
{
	unsigned long all = cpus_of(0), first = all & -all, mask = first;
	unsigned cpu = 77, node = 77;
	pid_t pid;

	want_eq(bind_to(0, first), 0);
	want_eq(cpus_of(0), first);
	want_eq(task_field(own_tid(), STAT_CPU), __builtin_ctzl(first));
	want_eq(sys(SYS_getcpu, &cpu, &node, NULL), 0);
	want(cpu == (unsigned)__builtin_ctzl(first) && node == 0);
	pid = tap_fork();
	if (!pid)
		_exit(cpus_of(0) == first ? 0 : 1);
	want_eq(end_of(pid), 0);
	want_eq(bind_to(0, all), 0);
	want_eq(cpus_of(getpid()), all);
	verdict("sched_setaffinity binds a thread to a CPU; a child inherits it");

	want_eq(sys(SYS_sched_setaffinity, 0, 0, &mask), -EINVAL);
	want_eq(bind_to(0, 0), -EINVAL);
	want_eq(bind_to(NOBODY, first), -ESRCH);
	want_eq(bind_to(-1, first), -ESRCH);
	want_eq(sys(SYS_sched_setaffinity, 0, sizeof mask, -PS), -EFAULT);
	want_eq(sys(SYS_sched_setaffinity, 0, 1, &all), 0);
	want_eq(bind_to(0, all), 0);
	want_eq(sys(SYS_getcpu, NULL, NULL, NULL), 0);
	want_eq(sys(SYS_getcpu, -PS, NULL, NULL), -EFAULT);
	want_eq(sys(SYS_getcpu, NULL, -PS, NULL), -EFAULT);
	verdict("sched_setaffinity, getcpu: errors");
}

static volatile int spinner_tid, spinner_cpu, spins, stop_spinning;

static void *spin(void *arg)
{
	spinner_tid = own_tid();
	while (!stop_spinning) {
		unsigned cpu = ~0u;

		sys(SYS_getcpu, &cpu, NULL, NULL);
		spinner_cpu = (int)cpu;
		spins++;
	}
	return arg;
}

/* Where the spinner is, as it finds from now on. */
static int spinner_says(void)
{
	int now = spins;

	while (spins - now < 2)
		sched_yield();
	return spinner_cpu;
}

static void test_move(void)
{
	unsigned long all = cpus_of(0), one = all & -all, other = (all & ~one) & -(all & ~one);
	int right = 0;
	pthread_t t;

	spinner_tid = stop_spinning = 0;
	pthread_create(&t, NULL, spin, NULL);
	while (!spinner_tid)
		sched_yield();
	for (int i = 0; i < 50; i++) {
		unsigned long to = i & 1 ? one : other;

		want_eq(bind_to(spinner_tid, to), 0);
		right += spinner_says() == __builtin_ctzl(to);
	}
	stop_spinning = 1;
	pthread_join(t, NULL);
	is(right, 50, "a running thread has left a forbidden CPU when the call returns");
}

/* ---- Waking ---- */

static volatile int *ready, *go; /* shared */

/*
 * A real-time thread that wakes gets the CPU from an ordinary one at once: on the CPU that both
 * share it has answered before the call that woke it returns. Some misses are allowed: what a busy
 * host takes from the thread counts as the thread's, which for that much has to let others go first.
 */
static void test_wake(void)
{
	unsigned long all = cpus_of(0);
	int to[2], answered = 0, missed = 0;
	char c = 0;
	pid_t pid;

	*ready = *go = 0;
	want_eq(bind_to(0, all & -all), 0);
	want_eq(pipe(to), 0);
	pid = tap_fork();
	if (!pid) {
		want_eq(set_policy(0, SCHED_FIFO, 1), 0);
		close(to[1]);
		*ready = 1;
		while (read(to[0], &c, 1) == 1)
			++*go;
		_exit(tap.bad ? 1 : 0);
	}
	close(to[0]);
	want(becomes(ready, 1));
	for (int i = 1; answered < 50 && missed < 5; i++) {
		want_eq(write(to[1], &c, 1), 1);
		if (*go == i) {
			answered++;
			continue;
		}
		missed++;
		want(becomes(go, i));
		sleep_ms(300);
	}
	close(to[1]);
	want_eq(end_of(pid), 0);
	bind_to(0, all);
	is(answered, 50, "a real-time thread that wakes need not wait for others");
}

/* ---- What is kept ---- */

static void test_policy(void)
{
	struct timespec ts = {7, 7};

	want_eq(set_policy(0, SCHED_FIFO, 20), 0);
	want_eq(policy_of(0), SCHED_FIFO);
	want_eq(level_of(getpid()), 20);
	want_eq(task_field(own_tid(), STAT_POLICY), SCHED_FIFO);
	want_eq(task_field(own_tid(), STAT_RT_PRIORITY), 20);
	want_eq(task_field(own_tid(), STAT_PRIORITY), -21);
	want_eq(sched_rr_get_interval(0, &ts), 0);
	want(ts.tv_sec == 0 && ts.tv_nsec == 0);
	want_eq(sys(SYS_sched_setparam, 0, &(int){30}), 0);
	want_eq(policy_of(0), SCHED_FIFO);
	want_eq(level_of(0), 30);
	want_eq(set_policy(0, SCHED_RR, 1), 0);
	want_eq(policy_of(0), SCHED_RR);
	want_eq(sched_rr_get_interval(0, &ts), 0);
	want(ts.tv_sec == 0 && ts.tv_nsec > 0);
	want_eq(set_policy(0, SCHED_BATCH, 0), 0);
	want_eq(policy_of(0), SCHED_BATCH);
	want_eq(set_policy(0, SCHED_IDLE, 0), 0);
	want_eq(policy_of(0), SCHED_IDLE);
	want_eq(set_policy(0, SCHED_OTHER, 0), 0);
	want_eq(level_of(0), 0);
	want_eq(task_field(own_tid(), STAT_PRIORITY), 20);
	verdict("policies and priorities are kept, and shown in stat");

	want_eq(set_policy(0, -1, 0), -EINVAL);
	want_eq(set_policy(0, 4, 0), -EINVAL);
	want_eq(set_policy(0, 6, 0), -EINVAL);
	want_eq(set_policy(0, 0x101, 1), -EINVAL);
	want_eq(set_policy(0, SCHED_OTHER, 1), -EINVAL);
	want_eq(set_policy(0, SCHED_FIFO, 0), -EINVAL);
	want_eq(set_policy(0, SCHED_FIFO, 100), -EINVAL);
	want_eq(set_policy(0, SCHED_RR, -1), -EINVAL);
	want_eq(set_policy(0, SCHED_FIFO, 257), -EINVAL);
	want_eq(set_policy(NOBODY, SCHED_OTHER, 0), -ESRCH);
	want_eq(set_policy(NOBODY, 4, 0), -ESRCH);
	want_eq(set_policy(-1, SCHED_OTHER, 0), -EINVAL);
	want_eq(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), -EINVAL);
	want_eq(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, -PS), -EFAULT);
	want_eq(sys(SYS_sched_setparam, 0, NULL), -EINVAL);
	want_eq(sys(SYS_sched_setparam, 0, &(int){5}), -EINVAL);
	want_eq(sys(SYS_sched_setparam, 0, &zero), 0);
	verdict("sched_setscheduler, sched_setparam: errors");
}

static int child_is_ordinary(void)
{
	return policy_of(0) == SCHED_OTHER && level_of(0) == 0 && nice_shown(0, 0) == 20 ? 0 : 1;
}

static int child_is_fifo(void)
{
	return policy_of(0) == SCHED_FIFO && level_of(0) == 9 ? 0 : 1;
}

static int child_has_nice_7(void)
{
	return policy_of(0) == SCHED_BATCH && nice_shown(PRIO_PROCESS, 0) == 13 ? 0 : 1;
}

static void test_inherit(void)
{
	want_eq(set_policy(0, SCHED_FIFO, 9), 0);
	want_eq(in_child(child_is_fifo), 0);
	want_eq(set_policy(0, SCHED_FIFO | SCHED_RESET_ON_FORK, 9), 0);
	want_eq(policy_of(0), SCHED_FIFO | SCHED_RESET_ON_FORK);
	want_eq(in_child(child_is_ordinary), 0);
	want_eq(set_policy(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0), 0);
	want_eq(renice(PRIO_PROCESS, 0, -3), 0);
	want_eq(in_child(child_is_ordinary), 0);
	want_eq(set_policy(0, SCHED_BATCH, 0), 0);
	want_eq(renice(PRIO_PROCESS, 0, 7), 0);
	want_eq(in_child(child_has_nice_7), 0);
	want_eq(set_policy(0, SCHED_OTHER, 0), 0);
	want_eq(renice(PRIO_PROCESS, 0, 0), 0);
	verdict("a child inherits policy, priority and nice, unless SCHED_RESET_ON_FORK");
}

/* ---- Nice ---- */

static volatile int thread_tid, thread_nice, thread_go;

static void *tell_nice(void *arg)
{
	thread_tid = own_tid();
	while (!thread_go)
		sched_yield();
	thread_nice = (int)nice_shown(PRIO_PROCESS, 0);
	return arg;
}

static void nice_of_a_group(void *arg)
{
	pid_t child;

	(void)arg;
	setpgid(0, 0);
	child = sleeping_child();
	want_eq(renice(PRIO_PROCESS, child, 3), 0);
	want_eq(nice_shown(PRIO_PGRP, 0), 20);
	want_eq(renice(PRIO_PGRP, getpgrp(), 11), 0);
	want_eq(nice_shown(PRIO_PROCESS, child), 9);
	want_eq(nice_shown(PRIO_PROCESS, 0), 9);
	put_down(child);
}

static void nice_of_a_user(void *arg)
{
	pid_t child;

	(void)arg;
	want_eq(setuid(54321), 0);
	child = sleeping_child();
	want_eq(renice(PRIO_USER, 54321, 6), 0);
	want_eq(nice_shown(PRIO_PROCESS, child), 14);
	want_eq(nice_shown(PRIO_USER, 0), 14);
	put_down(child);
}

static void test_nice(void)
{
	pthread_t t;

	want_eq(renice(PRIO_PROCESS, 0, 4), 0);
	want_eq(nice_shown(PRIO_PROCESS, 0), 16);
	want_eq(task_field(own_tid(), STAT_NICE), 4);
	want_eq(task_field(own_tid(), STAT_PRIORITY), 24);
	want_eq(renice(PRIO_PROCESS, getpid(), -100), 0);
	want_eq(nice_shown(PRIO_PROCESS, 0), 40);
	want_eq(renice(PRIO_PROCESS, 0, 100), 0);
	want_eq(nice_shown(PRIO_PROCESS, 0), 1);
	want_eq(renice(PRIO_PROCESS, 0, 0), 0);
	want_eq(renice(PRIO_PROCESS, NOBODY, 0), -ESRCH);
	want_eq(renice(PRIO_PGRP, NOBODY, 0), -ESRCH);
	want_eq(renice(PRIO_USER, NOBODY, 0), -ESRCH);
	want_eq(renice(3, 0, 0), -EINVAL);
	want_eq(renice(-1, 0, 0), -EINVAL);
	verdict("setpriority: cut down to -20 to 19; errors");

	pthread_create(&t, NULL, tell_nice, NULL);
	while (!thread_tid)
		sched_yield();
	want_eq(renice(PRIO_PROCESS, thread_tid, 5), 0);
	want_eq(nice_shown(PRIO_PROCESS, getpid()), 20);
	want_eq(nice_shown(PRIO_PROCESS, thread_tid), 15);
	thread_go = 1;
	pthread_join(t, NULL);
	want_eq(thread_nice, 15);
	verdict("nice is a thread's");
	want_child(nice_of_a_group, NULL);
	want_child(nice_of_a_user, NULL);
	verdict("setpriority of a group and of a user");
#ifdef SYS_nice
	want_eq(sys(SYS_nice, 3), 0);
	want_eq(sys(SYS_nice, 100), 0);
	want_eq(nice_shown(PRIO_PROCESS, 0), 1);
	want_eq(sys(SYS_nice, -19), 0);
#endif
	want_eq(nice_shown(PRIO_PROCESS, 0), 20);
	verdict("nice");
}

/* ---- Rights ---- */

static bool set_limit(int which, rlim_t value)
{
	struct rlimit r = {value, value};

	return setrlimit(which, &r) == 0;
}

static void rights_of_others(void *arg)
{
	(void)arg;
	want(set_limit(RLIMIT_NICE, 0));
	want(set_limit(RLIMIT_RTPRIO, 0));
	want_eq(setuid(OTHER_USER), 0);
	want_eq(renice(PRIO_PROCESS, 0, 10), 0);
	want_eq(renice(PRIO_PROCESS, 0, 10), 0);
	want_eq(renice(PRIO_PROCESS, 0, 9), -EACCES);
#ifdef SYS_nice
	want_eq(sys(SYS_nice, -1), -EPERM);
#endif
	want_eq(renice(PRIO_PROCESS, getppid(), 10), -EPERM);
	want_eq(bind_to(getppid(), 1), -EPERM);
	want_eq(set_policy(getppid(), SCHED_OTHER, 0), -EPERM);
	want_eq(set_policy(0, SCHED_FIFO, 1), -EPERM);
	want_eq(set_policy(0, SCHED_BATCH, 0), 0);
	want_eq(set_policy(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0), 0);
	want_eq(set_policy(0, SCHED_OTHER, 0), -EPERM);
}

/* Within limits that are not 0; Linux's superuser may not raise them everywhere. */
static void rights_within_limits(void *arg)
{
	(void)arg;
	if (!set_limit(RLIMIT_NICE, 15) || !set_limit(RLIMIT_RTPRIO, 5))
		return;
	want_eq(setuid(OTHER_USER), 0);
	want_eq(renice(PRIO_PROCESS, 0, 10), 0);
	want_eq(renice(PRIO_PROCESS, 0, 5), 0);
	want_eq(renice(PRIO_PROCESS, 0, 4), -EACCES);
	want_eq(set_policy(0, SCHED_IDLE, 0), 0);
	want_eq(set_policy(0, SCHED_OTHER, 0), 0);
	want_eq(set_policy(0, SCHED_FIFO, 6), -EPERM);
	want_eq(set_policy(0, SCHED_FIFO, 5), 0);
	want_eq(set_policy(0, SCHED_FIFO, 6), -EPERM);
	want_eq(set_policy(0, SCHED_FIFO | SCHED_RESET_ON_FORK, 2), 0);
	want_eq(set_policy(0, SCHED_FIFO, 1), -EPERM);
	want_eq(set_policy(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0), 0);
	want(set_limit(RLIMIT_RTPRIO, 0));
	want_eq(set_policy(0, SCHED_RR | SCHED_RESET_ON_FORK, 1), -EPERM);
}

static void back_from_idle(void *arg)
{
	(void)arg;
	want(set_limit(RLIMIT_NICE, 0));
	want_eq(setuid(OTHER_USER), 0);
	want_eq(set_policy(0, SCHED_IDLE, 0), 0);
	want_eq(set_policy(0, SCHED_OTHER, 0), -EPERM);
	want_eq(policy_of(0), SCHED_IDLE);
}

static void test_rights(void)
{
	want_child(rights_of_others, NULL);
	want_child(rights_within_limits, NULL);
	verdict("who is not the superuser is held by RLIMIT_NICE, RLIMIT_RTPRIO and ownership");
	want_child(back_from_idle, NULL);
	verdict("and does not come back from SCHED_IDLE without RLIMIT_NICE");
}

int main(void)
{
	ready = shared_memory(PS);
	go = ready + 1;
	test_cpus();
	test_move();
	test_wake();
	test_policy();
	test_inherit();
	test_nice();
	test_rights();
	return done();
}
