/*
 * futex(2), robust lists, and the C library's locks that are made of them.
 *
 * exec-options: --cpus 4
 */
#include "child.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#define PRIVATE FUTEX_PRIVATE_FLAG
#define PRIVATE_WAIT (FUTEX_WAIT | PRIVATE)
#define PRIVATE_WAKE (FUTEX_WAKE | PRIVATE)
#define SOON_MS 30000 /* a wait of some milliseconds is over, however busy the host */

typedef volatile int word_t;

/* The kernel's struct timespec of this call: two longs. */
struct ts {
	long sec, nsec;
};

static long futex(word_t *at, int op, int val, const void *timeout, word_t *at2, int val3)
{
	return sys(SYS_futex, at, op, val, timeout, at2, val3);
}

static struct ts in_ms(clockid_t clock, long ms)
{
	struct timespec now;

	clock_gettime(clock, &now);
	ms += now.tv_nsec / 1000000;
	return (struct ts){now.tv_sec + ms / 1000, ms % 1000 * 1000000 + now.tv_nsec % 1000000};
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* ---- Threads that wait ---- */

struct waiter {
	pthread_t thread;
	word_t *at;
	int op, val, bits;
	bool timed;
	struct ts timeout;
	word_t tid, done;
	long result;
};

static void *waiter_body(void *arg)
{
	struct waiter *w = arg;

	w->tid = (int)syscall(SYS_gettid);
	w->result = futex(w->at, w->op, w->val, w->timed ? &w->timeout : NULL, NULL, w->bits);
	w->done = 1;
	return NULL;
}

static void begin(struct waiter *w, word_t *at, int op, int val, int bits)
{
	w->at = at;
	w->op = op;
	w->val = val;
	w->bits = bits;
	w->tid = w->done = 0;
	if (pthread_create(&w->thread, NULL, waiter_body, w) != 0)
		bail_out("pthread_create");
	while (!w->tid)
		sched_yield();
	until_asleep(getpid(), w->tid);
}

static long end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	return w->result;
}

/* ---- Wait and wake ---- */

static word_t words[8];

static void test_basics(void)
{
	static struct waiter w[4];
	struct ts short_time = {0, 20000000}, none = {0, 0}, bad = {0, 1000000000}, bad2 = {-1, 0};
	long long before;

	words[0] = 5;
	is(futex(words, PRIVATE_WAIT, 4, NULL, NULL, 0), -EAGAIN,
		"FUTEX_WAIT: another value is EAGAIN");
	before = now_ms();
	want_eq(futex(words, PRIVATE_WAIT, 5, &short_time, NULL, 0), -ETIMEDOUT);
	want(now_ms() - before >= 19 && now_ms() - before < SOON_MS);
	want_eq(futex(words, FUTEX_WAIT, 5, &none, NULL, 0), -ETIMEDOUT);
	verdict("FUTEX_WAIT: the time is relative, ETIMEDOUT at its end");
	want_eq(futex(words, PRIVATE_WAIT, 5, &bad, NULL, 0), -EINVAL);
	want_eq(futex(words, PRIVATE_WAIT, 4, &bad2, NULL, 0), -EINVAL);
	want_eq(futex(words, PRIVATE_WAIT, 4, (void *)8, NULL, 0), -EFAULT);
	verdict("a time that is none is EINVAL, EFAULT if it cannot be read");
	is(futex(words, PRIVATE_WAKE, 1, NULL, NULL, 0), 0, "FUTEX_WAKE: nobody waits");
	for (int i = 0; i < 4; i++)
		begin(&w[i], words, i < 2 ? PRIVATE_WAIT : FUTEX_WAIT, 5, 0);
	want_eq(futex(words, PRIVATE_WAKE, 1, NULL, NULL, 0), 1);
	want_eq(end(&w[0]), 0);
	want_eq(futex(words, PRIVATE_WAKE, 9, NULL, NULL, 0), 1);
	want_eq(end(&w[1]), 0);
	verdict("FUTEX_WAKE wakes in order, at most so many, and those with FUTEX_PRIVATE_FLAG "
		"alone");
	want_eq(futex(words, FUTEX_WAKE, 0, NULL, NULL, 0), 1);
	want_eq(futex(words, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 1);
	want_eq(end(&w[2]), 0);
	want_eq(end(&w[3]), 0);
	verdict("without the flag it wakes those without it; none means one");
}

static void test_arguments(void)
{
	unsigned char *page = must_map(2 * PS, RW, ANON, -1, 0);
	word_t *odd = (word_t *)((char *)words + 2), *gone = (word_t *)(page + PS);
	struct ts t = {0, 1000000};

	unmap(page + PS, PS);
	want_eq(futex(odd, FUTEX_WAIT, 0, &t, NULL, 0), -EINVAL);
	want_eq(futex(odd, PRIVATE_WAKE, 1, NULL, NULL, 0), -EINVAL);
	want_eq(futex(words, FUTEX_REQUEUE, 1, (void *)1, odd, 0), -EINVAL);
	verdict("an address that is no multiple of 4 is EINVAL");
	want_eq(futex(gone, FUTEX_WAIT, 0, &t, NULL, 0), -EFAULT);
	want_eq(futex(gone, PRIVATE_WAIT, 0, &t, NULL, 0), -EFAULT);
	want_eq(futex(gone, FUTEX_WAKE, 1, NULL, NULL, 0), -EFAULT);
	want_eq(futex(gone, PRIVATE_WAKE, 1, NULL, NULL, 0), 0);
	want_eq(futex(gone, FUTEX_WAKE_OP, 1, (void *)1, gone, 0), -EFAULT);
	want_eq(futex(words, FUTEX_WAKE_OP | PRIVATE, 1, (void *)1, gone, 0), -EFAULT);
	want_eq(futex(gone, FUTEX_CMP_REQUEUE | PRIVATE, 1, (void *)1, words, 0), -EFAULT);
	verdict("EFAULT where there is no memory; a private wake does not look");
	protect(page, PS, PROT_READ);
	want_eq(futex((word_t *)page, PRIVATE_WAIT, 1, &t, NULL, 0), -EAGAIN);
	want_eq(futex((word_t *)page, FUTEX_WAKE_OP | PRIVATE, 1, (void *)1, (word_t *)page, 0),
		-EFAULT);
	want_eq(futex((word_t *)page, FUTEX_WAIT, 1, &t, NULL, 0), -EFAULT);
	verdict("memory that can only be read can be waited on, if privately");
	want_eq(futex(words, FUTEX_WAIT_BITSET, 5, &t, NULL, 0), -EINVAL);
	want_eq(futex(words, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), -EINVAL);
	want_eq(futex(words, FUTEX_REQUEUE, -1, (void *)1, words + 1, 0), -EINVAL);
	want_eq(futex(words, FUTEX_CMP_REQUEUE, 1, (void *)-1, words + 1, 5), -EINVAL);
	verdict("no bits, or fewer than none to wake or move, is EINVAL");
	want_eq(futex(words, 99, 0, NULL, NULL, 0), -ENOSYS);
	want_eq(futex(words, 2, 0, NULL, NULL, 0), -ENOSYS);
	want_eq(futex(words, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, &t, NULL, 0), -ENOSYS);
	want_eq(futex(words, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 5, NULL, NULL, 0), -ENOSYS);
	verdict("what is no operation is ENOSYS");
	unmap(page, PS);
}

static void test_bitset(void)
{
	struct waiter a = {.timed = false}, b = a;
	struct ts t;
	long long before = now_ms();

	begin(&a, words, FUTEX_WAIT_BITSET | PRIVATE, 5, 1);
	begin(&b, words, FUTEX_WAIT_BITSET | PRIVATE, 5, 6);
	want_eq(futex(words, FUTEX_WAKE_BITSET | PRIVATE, 9, NULL, NULL, 8), 0);
	want_eq(futex(words, FUTEX_WAKE_BITSET | PRIVATE, 9, NULL, NULL, 4), 1);
	want_eq(end(&b), 0);
	want_eq(futex(words, PRIVATE_WAKE, 9, NULL, NULL, 0), 1);
	want_eq(end(&a), 0);
	verdict("FUTEX_WAKE_BITSET wakes where bits meet, FUTEX_WAKE all");
	t = in_ms(CLOCK_MONOTONIC, 20);
	want_eq(futex(words, FUTEX_WAIT_BITSET | PRIVATE, 5, &t, NULL, -1), -ETIMEDOUT);
	want(now_ms() - before >= 19);
	t = in_ms(CLOCK_MONOTONIC, -20);
	want_eq(futex(words, FUTEX_WAIT_BITSET, 5, &t, NULL, -1), -ETIMEDOUT);
	before = now_ms();
	t = in_ms(CLOCK_REALTIME, 20);
	want_eq(futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &t, NULL, -1),
		-ETIMEDOUT);
	want(now_ms() - before >= 19 && now_ms() - before < SOON_MS);
	verdict("FUTEX_WAIT_BITSET's time is absolute, of either clock");
}

/* ---- Requeue ---- */

static void test_requeue(void)
{
	static struct waiter w[5];
	long result;

	words[0] = 5;
	for (int i = 0; i < 5; i++)
		begin(&w[i], words, PRIVATE_WAIT, 5, 0);
	want_eq(futex(words, FUTEX_CMP_REQUEUE | PRIVATE, 1, (void *)2, words + 1, 6), -EAGAIN);
	want_eq(futex(words, FUTEX_CMP_REQUEUE | PRIVATE, 1, (void *)2, words + 1, 5), 3);
	want_eq(end(&w[0]), 0);
	verdict("FUTEX_CMP_REQUEUE wakes and moves, if the word is as told");
	want_eq(futex(words + 1, PRIVATE_WAKE, 1, NULL, NULL, 0), 1);
	want_eq(end(&w[1]), 0);
	want_eq(futex(words, FUTEX_REQUEUE | PRIVATE, 0, (void *)INT_MAX, words + 1, 0), 2);
	want_eq(futex(words, PRIVATE_WAKE, 9, NULL, NULL, 0), 0);
	want_eq(futex(words + 1, FUTEX_REQUEUE | PRIVATE, 0, (void *)1, words + 1, 0), 1);
	verdict("who was moved waits for the other word");
	result = futex(words + 1, PRIVATE_WAKE, 9, NULL, NULL, 0);
	want_eq(result, 3);
	for (int i = 2; i < 5; i++)
		want_eq(end(&w[i]), 0);
	verdict("and is woken there");
}

/* ---- Wake-op ---- */

static long wake_op(int op, int arg, int cmp, int cmparg)
{
	return futex(words, FUTEX_WAKE_OP | PRIVATE, 1, (void *)1, words + 1,
		FUTEX_OP(op, arg, cmp, cmparg));
}

static void test_wake_op(void)
{
	static const struct {
		int op, arg, before, after;
	} ops[] = {
		{FUTEX_OP_SET, 7, 1, 7},
		{FUTEX_OP_SET, -3, 1, -3},
		{FUTEX_OP_ADD, 4, -2, 2},
		{FUTEX_OP_OR, 6, 1, 7},
		{FUTEX_OP_ANDN, 6, 7, 1},
		{FUTEX_OP_XOR, 5, 6, 3},
		{FUTEX_OP_SET | 8, 31, 0, INT_MIN},
		{FUTEX_OP_OR | 8, 4, 1, 17},
	};
	static const struct {
		int cmp, arg;
		bool passes; /* for an old word of -1 */
	} cmps[] = {
		{FUTEX_OP_CMP_EQ, -1, true},
		{FUTEX_OP_CMP_EQ, 1, false},
		{FUTEX_OP_CMP_NE, -1, false},
		{FUTEX_OP_CMP_NE, 1, true},
		{FUTEX_OP_CMP_LT, 0, true},
		{FUTEX_OP_CMP_LT, -1, false},
		{FUTEX_OP_CMP_GE, -1, true},
		{FUTEX_OP_CMP_GE, 0, false},
		{FUTEX_OP_CMP_LE, -1, true},
		{FUTEX_OP_CMP_LE, -2, false},
		{FUTEX_OP_CMP_GT, -2, true},
		{FUTEX_OP_CMP_GT, -1, false},
	};
	struct waiter a = {.timed = false}, b = a;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		words[1] = ops[i].before;
		want_eq(wake_op(ops[i].op, ops[i].arg, FUTEX_OP_CMP_EQ, 0), 0);
		want_eq(words[1], ops[i].after);
	}
	verdict("FUTEX_WAKE_OP sets, adds, ors, clears and flips bits");
	for (size_t i = 0; i < sizeof(cmps) / sizeof(cmps[0]); i++) {
		words[0] = 5;
		words[1] = -1;
		begin(&b, words + 1, PRIVATE_WAIT, -1, 0);
		want_eq(wake_op(FUTEX_OP_ADD, 0, cmps[i].cmp, cmps[i].arg), cmps[i].passes);
		if (!cmps[i].passes)
			futex(words + 1, PRIVATE_WAKE, 1, NULL, NULL, 0);
		want_eq(end(&b), 0);
	}
	verdict("its six comparisons decide about the second word's waiters");
	words[1] = 0;
	begin(&a, words, PRIVATE_WAIT, 5, 0);
	begin(&b, words + 1, PRIVATE_WAIT, 0, 0);
	want_eq(wake_op(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0), 2);
	want_eq(end(&a), 0);
	want_eq(end(&b), 0);
	want_eq(wake_op(6, 1, FUTEX_OP_CMP_EQ, 0), -ENOSYS);
	want_eq(words[1], 1);
	want_eq(wake_op(FUTEX_OP_ADD, 1, 6, 0), -ENOSYS);
	want_eq(words[1], 2);
	verdict("it wakes both words' waiters; an operation or comparison that is none is ENOSYS");
}

/* ---- Between processes ---- */

/* A child that waits on the word at `at`, and ends with 0 once it is woken. */
static pid_t waiting_child(word_t *at, int op)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		_exit(futex(at, op, 0, NULL, NULL, 0) == 0 ? 0 : 1);
	until_asleep(pid, pid);
	return pid;
}

static void test_shared(void)
{
	char name[] = "futex.XXXXXX";
	int fd = mkstemp(name);
	unsigned char *a = must_map(PS, RW, SHANON, -1, 0), *b, *c;
	pid_t pid = waiting_child((word_t *)a + 3, FUTEX_WAIT);
	struct ts t = {0, 20000000};

	want_eq(futex((word_t *)a, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	want_eq(futex((word_t *)a + 3, PRIVATE_WAKE, 1, NULL, NULL, 0), 0);
	want_eq(futex((word_t *)a + 3, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	want_eq(end_of(pid), 0);
	unmap(a, PS);
	verdict("processes meet in shared anonymous memory, without FUTEX_PRIVATE_FLAG");

	if (fd < 0 || ftruncate(fd, 3 * PS) != 0)
		bail_out("no file");
	unlink(name);
	a = must_map(3 * PS, RW, MAP_SHARED, fd, 0);
	b = must_map(PS, RW, MAP_SHARED, fd, PS);
	c = must_map(PS, PROT_READ, MAP_SHARED, fd, PS);
	pid = waiting_child((word_t *)(a + PS + 8), FUTEX_WAIT);
	unmap(a, 3 * PS);
	want_eq(futex((word_t *)(b + 8), FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	want_eq(end_of(pid), 0);
	pid = waiting_child((word_t *)(b + 8), FUTEX_WAIT);
	want_eq(futex((word_t *)(c + 8), FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	want_eq(end_of(pid), 0);
	verdict("and in a file, mapped at different addresses");

	pid = waiting_child((word_t *)b, FUTEX_WAIT);
	want_eq(ftruncate(fd, 0), 0);
	want_eq(futex((word_t *)b, FUTEX_WAKE, 1, NULL, NULL, 0), -EFAULT);
	want_eq(futex((word_t *)b, FUTEX_WAIT, 0, &t, NULL, 0), -EFAULT);
	want_eq(ftruncate(fd, 3 * PS), 0);
	put_down(pid);
	verdict("a file that is cut off under a waiter is EFAULT for others");
	unmap(b, PS);
	unmap(c, PS);
	close(fd);

	a = must_map(PS, RW, ANON, -1, 0);
	pid = waiting_child((word_t *)a, FUTEX_WAIT);
	want_eq(futex((word_t *)a, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	put_down(pid);
	verdict("parent and child do not meet in private memory");
	unmap(a, PS);
}

static void test_unmapped(void)
{
	unsigned char *a = must_map(PS, RW, ANON, -1, 0);
	struct waiter w = {.timed = false};

	begin(&w, (word_t *)a, PRIVATE_WAIT, 0, 0);
	unmap(a, PS);
	sleep_ms(10);
	want_eq(w.done, 0);
	want_eq(futex((word_t *)a, PRIVATE_WAKE, 1, NULL, NULL, 0), 1);
	want_eq(end(&w), 0);
	verdict("who waits is not disturbed by an unmapping, and can be woken");
}

/* ---- Signals ---- */

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

/* What a waiter gets that SIGUSR1 finds. */
static long interrupted(int flags, int op, struct ts *timeout)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
	struct waiter w = {.timed = timeout};

	if (timeout)
		w.timeout = *timeout;
	sigaction(SIGUSR1, &sa, NULL);
	handled = 0;
	begin(&w, words, op, 5, -1);
	pthread_kill(w.thread, SIGUSR1);
	becomes(&handled, 1);
	if (!becomes(&w.done, 1))
		want_eq(w.done, 1);
	return end(&w);
}

static long restarted(void)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct waiter w = {.timed = false};

	sigaction(SIGUSR1, &sa, NULL);
	handled = 0;
	begin(&w, words, PRIVATE_WAIT, 5, 0);
	pthread_kill(w.thread, SIGUSR1);
	becomes(&handled, 1);
	until_asleep(getpid(), w.tid);
	want_eq(w.done, 0);
	want_eq(futex(words, PRIVATE_WAKE, 1, NULL, NULL, 0), 1);
	return end(&w);
}

/*
 * Milliseconds from the going on of a waiter to its end that was stopped until its time of `ms` was
 * over: next to nothing, if the stop did not make the time begin anew.
 */
static long long late_after_stop(long ms)
{
	struct ts t = {ms / 1000, ms % 1000 * 1000000};
	long long before = now_ms(), continued;
	int status;
	pid_t pid = tap_fork();

	if (pid == 0)
		_exit(futex(words, FUTEX_WAIT, 5, &t, NULL, 0) == -ETIMEDOUT ? 0 : 1);
	while (!is_asleep(pid, pid) && now_ms() - before < ms)
		sleep_ms(1);
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) == pid && !WIFSTOPPED(status))
		return ms; /* it was over before the stop */
	while (now_ms() - before < ms + 10)
		sleep_ms(10);
	continued = now_ms();
	kill(pid, SIGCONT);
	want_eq(end_of(pid), 0);
	want(now_ms() - before >= ms - 1);
	return now_ms() - continued;
}

/* A host that is busy in the wrong moment can make it late by some time, not by any. */
static void test_stopped(void)
{
	long ms = 200;

	while (late_after_stop(ms) > ms / 2 && ms < 8000)
		ms *= 3;
	want(ms < 8000);
	verdict("stopped and continued it keeps its deadline");
}

static void test_signals(void)
{
	struct ts long_time = {100, 0}, absolute = in_ms(CLOCK_MONOTONIC, 100000);

	words[0] = 5;
	is(interrupted(0, PRIVATE_WAIT, NULL), -EINTR, "a handler ends the wait: EINTR");
	is(restarted(), 0, "with SA_RESTART it begins again");
	is(interrupted(SA_RESTART, PRIVATE_WAIT, &long_time), -EINTR, "not if it has a time");
	is(interrupted(SA_RESTART, FUTEX_WAIT_BITSET | PRIVATE, &absolute), -EINTR,
		"be it absolute");
	test_stopped();
}

/* ---- Robust lists ---- */

struct robust_node {
	struct robust_node *next;
	word_t word;
};

static struct {
	struct robust_list_head head;
	struct robust_node nodes[3];
} * robust;

static void put_nodes(int n)
{
	robust->head.futex_offset = offsetof(struct robust_node, word);
	robust->head.list_op_pending = NULL;
	robust->head.list.next = n ? (void *)&robust->nodes[0] : &robust->head.list;
	for (int i = 0; i < n; i++)
		robust->nodes[i].next =
			i + 1 < n ? &robust->nodes[i + 1] : (void *)&robust->head.list;
}

static void *owner_body(void *arg)
{
	int tid = (int)syscall(SYS_gettid);

	syscall(SYS_set_robust_list, &robust->head, sizeof(robust->head));
	robust->nodes[0].word = tid;
	robust->nodes[1].word = (int)(tid | FUTEX_WAITERS);
	robust->nodes[2].word = tid + 1;
	if (arg)
		((void (*)(void))arg)();
	return NULL;
}

static void run_owner(void (*then)(void))
{
	pthread_t t;

	pthread_create(&t, NULL, owner_body, (void *)then);
	pthread_join(t, NULL);
}

static void make_circle(void)
{
	robust->nodes[2].next = &robust->nodes[0];
}

static void make_wild(void)
{
	robust->nodes[1].next = (void *)8;
}

static void make_pending(void)
{
	put_nodes(0);
	robust->head.list_op_pending = (void *)&robust->nodes[1];
}

static void make_pending_free(void)
{
	make_pending();
	robust->nodes[1].word = 0;
}

static void test_robust(void)
{
	struct robust_list_head *head;
	struct waiter w = {.timed = false};
	size_t len;

	robust = (void *)must_map(PS, RW, SHANON, -1, 0);
	put_nodes(3);
	robust->nodes[1].word = 77;
	begin(&w, &robust->nodes[1].word, FUTEX_WAIT, 77, 0);
	run_owner(NULL);
	want_eq(robust->nodes[0].word, FUTEX_OWNER_DIED);
	want_eq(robust->nodes[1].word, (int)(FUTEX_OWNER_DIED | FUTEX_WAITERS));
	want((robust->nodes[2].word & FUTEX_OWNER_DIED) == 0);
	want_eq(end(&w), 0);
	verdict("words on a dead thread's robust list say so, and a waiter is woken; others' are "
		"left");
	put_nodes(3);
	run_owner(make_circle);
	want_eq(robust->nodes[1].word, (int)(FUTEX_OWNER_DIED | FUTEX_WAITERS));
	put_nodes(3);
	run_owner(make_wild);
	want_eq(robust->nodes[1].word, (int)(FUTEX_OWNER_DIED | FUTEX_WAITERS));
	verdict("a list that is a circle, or leads nowhere, hurts nobody");
	run_owner(make_pending);
	want_eq(robust->nodes[1].word, (int)(FUTEX_OWNER_DIED | FUTEX_WAITERS));
	robust->nodes[1].word = 78;
	begin(&w, &robust->nodes[1].word, FUTEX_WAIT, 78, 0);
	run_owner(make_pending_free);
	want_eq(robust->nodes[1].word, 0);
	want_eq(end(&w), 0);
	verdict("one that is about to be taken or let go counts too");
	want_eq(sys(SYS_set_robust_list, robust, 1), -EINVAL);
	want_eq(sys(SYS_get_robust_list, 0, &head, &len), 0);
	want_eq(len, sizeof(*head));
	want(head != NULL && head != &robust->head);
	want_eq(sys(SYS_get_robust_list, 0x3fffff, &head, &len), -ESRCH);
	want_eq(sys(SYS_get_robust_list, 0, 8, &len), -EFAULT);
	verdict("set_robust_list and get_robust_list judge their arguments");
	unmap(robust, PS);
}

/* ---- The C library's ---- */

static struct {
	pthread_mutex_t mutex, robust;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	pthread_rwlock_t rwlock;
	sem_t sem;
	volatile int count, turn, held, inside, worst;
} * locks;

static void make_locks(bool pshared)
{
	int how = pshared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	pthread_rwlockattr_t ra;

	memset(locks, 0, sizeof(*locks));
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, how);
	pthread_mutex_init(&locks->mutex, &ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&locks->robust, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, how);
	pthread_cond_init(&locks->cond, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, how);
	pthread_barrier_init(&locks->barrier, &ba, 4);
	pthread_rwlockattr_init(&ra);
	pthread_rwlockattr_setpshared(&ra, how);
	pthread_rwlock_init(&locks->rwlock, &ra);
	sem_init(&locks->sem, pshared, 2);
}

static void use_locks(int me)
{
	int inside;

	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&locks->mutex);
		locks->count++;
		pthread_mutex_unlock(&locks->mutex);
		if (i % 50 == 0)
			pthread_barrier_wait(&locks->barrier);
		if (i % 4 == me) {
			pthread_rwlock_wrlock(&locks->rwlock);
			locks->inside++;
			locks->inside--;
			pthread_rwlock_unlock(&locks->rwlock);
		} else {
			pthread_rwlock_rdlock(&locks->rwlock);
			if (locks->inside)
				locks->worst = 100;
			pthread_rwlock_unlock(&locks->rwlock);
		}
		sem_wait(&locks->sem);
		inside = __atomic_add_fetch(&locks->held, 1, __ATOMIC_SEQ_CST);
		if (inside > 2)
			locks->worst = inside;
		__atomic_sub_fetch(&locks->held, 1, __ATOMIC_SEQ_CST);
		sem_post(&locks->sem);
	}
	/* Each in turn. */
	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&locks->mutex);
		while (locks->turn % 4 != me)
			pthread_cond_wait(&locks->cond, &locks->mutex);
		locks->turn++;
		pthread_cond_broadcast(&locks->cond);
		pthread_mutex_unlock(&locks->mutex);
	}
}

static void *use_body(void *arg)
{
	use_locks((int)(long)arg);
	return NULL;
}

static void *hold_and_die(void *arg)
{
	pthread_mutex_lock(&locks->robust);
	return arg;
}

static void *cancelled(void *arg)
{
	pthread_mutex_lock(&locks->mutex);
	pthread_cleanup_push((void (*)(void *))(void (*)(void))pthread_mutex_unlock, &locks->mutex);
	locks->inside = 1;
	for (;;)
		pthread_cond_wait(&locks->cond, &locks->mutex);
	pthread_cleanup_pop(1);
	return arg;
}

static void *cancelled_in_read(void *arg)
{
	int fds[2];
	char c;

	if (pipe(fds) == 0) {
		locks->held = 1;
		if (read(fds[0], &c, 1) == 1)
			return NULL;
	}
	return arg;
}

static void test_pthreads(void)
{
	struct timespec until;
	pthread_t t[4];
	void *result;

	make_locks(false);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, use_body, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	want_eq(locks->count, 2000);
	want_eq(locks->turn, 200);
	want_eq(locks->worst, 0);
	verdict("mutex, condition, barrier, rwlock and semaphore of the C library");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000)
		until.tv_nsec -= 1000000000, until.tv_sec++;
	pthread_mutex_lock(&locks->mutex);
	want_eq(pthread_cond_timedwait(&locks->cond, &locks->mutex, &until), ETIMEDOUT);
	pthread_mutex_unlock(&locks->mutex);
	verdict("a condition's wait ends in time");
	pthread_create(&t[0], NULL, hold_and_die, NULL);
	pthread_join(t[0], NULL);
	want_eq(pthread_mutex_lock(&locks->robust), EOWNERDEAD);
	pthread_mutex_consistent(&locks->robust);
	want_eq(pthread_mutex_unlock(&locks->robust), 0);
	verdict("a robust mutex tells of its owner's death");
	pthread_create(&t[0], NULL, cancelled, NULL);
	pthread_create(&t[1], NULL, cancelled_in_read, NULL);
	becomes(&locks->inside, 1);
	becomes(&locks->held, 1);
	for (int i = 0; i < 2; i++) {
		pthread_cancel(t[i]);
		pthread_join(t[i], &result);
		want(result == PTHREAD_CANCELED);
	}
	want_eq(pthread_mutex_trylock(&locks->mutex), 0);
	pthread_mutex_unlock(&locks->mutex);
	verdict("threads are cancelled in a condition's wait and in read");
}

static void test_pshared(void)
{
	pid_t pid[4];

	make_locks(true);
	for (int i = 0; i < 4; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0) {
			use_locks(i);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		want_eq(end_of(pid[i]), 0);
	want_eq(locks->count, 2000);
	want_eq(locks->turn, 200);
	want_eq(locks->worst, 0);
	verdict("the same between processes");
	pid[0] = tap_fork();
	if (pid[0] == 0) {
		pthread_mutex_lock(&locks->robust);
		locks->inside = 1;
		for (;;)
			pause();
	}
	becomes(&locks->inside, 1);
	want_eq(pthread_mutex_trylock(&locks->robust), EBUSY);
	kill(pid[0], SIGKILL);
	want_eq(pthread_mutex_lock(&locks->robust), EOWNERDEAD);
	end_of(pid[0]);
	pthread_mutex_unlock(&locks->robust);
	want_eq(pthread_mutex_lock(&locks->robust), ENOTRECOVERABLE);
	verdict("a robust mutex survives a process that is killed");
}

int main(void)
{
	locks = shared_memory(PS);
	test_basics();
	test_arguments();
	test_bitset();
	test_requeue();
	test_wake_op();
	test_shared();
	test_unmapped();
	test_signals();
	test_robust();
	test_pthreads();
	test_pshared();
	return done();
}
