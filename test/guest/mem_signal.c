/*
 * The signals a fault raises (SIGNAL): default action, blocking, handlers, the stack they run on.
 */
#include "tap.h"

static unsigned char *bad_page;   /* PROT_NONE: SIGSEGV */
static unsigned char *past_end;   /* past the end of its file: SIGBUS */

static void touch(int signo)
{
	*(volatile unsigned char *)(signo == SIGSEGV ? bad_page : past_end) = 1;
}

static void handle(int signo, int flags, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act;

	memset(&act, 0, sizeof act);
	act.sa_sigaction = handler;
	act.sa_flags = flags | SA_SIGINFO;
	if (sigaction(signo, &act, NULL) < 0)
		_exit(99);
}

static void exit_0(int signo, siginfo_t *si, void *context)
{
	(void)signo, (void)si, (void)context;
	_exit(0);
}

static void returns(int signo, siginfo_t *si, void *context)
{
	(void)signo, (void)si, (void)context;
}

static const int both[] = {SIGSEGV, SIGBUS};

static int touch_default(void *arg)
{
	signal(*(int *)arg, SIG_DFL);
	touch(*(int *)arg);
	return 0;
}

static void signal_1(void)
{
	for (int i = 0; i < 2; i++) {
		int status = child_status(touch_default, (void *)&both[i]);

		want(WIFSIGNALED(status));
		want_eq(WTERMSIG(status), i == 0 ? 11 : 7);
	}
	verdict("SIGNAL-1 the default action ends the process by the signal");
}

static int touch_ignored(void *arg)
{
	signal(*(int *)arg, SIG_IGN);
	touch(*(int *)arg);
	return 0;
}

static void block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int touch_blocked(void *arg)
{
	block(*(int *)arg);
	touch(*(int *)arg);
	return 0;
}

static int touch_blocked_handled(void *arg)
{
	handle(*(int *)arg, 0, exit_0);
	return touch_blocked(arg);
}

static void signal_2(void)
{
	for (int i = 0; i < 2; i++) {
		void *arg = (void *)&both[i];

		want(killed_by(child_status(touch_ignored, arg), both[i]));
		want(killed_by(child_status(touch_blocked, arg), both[i]));
		want(killed_by(child_status(touch_blocked_handled, arg), both[i]));
	}
	verdict("SIGNAL-2 a fault kills though its signal is ignored or blocked");
}

static int sent_ignored(void *arg)
{
	(void)arg;
	signal(SIGSEGV, SIG_IGN);
	signal(SIGBUS, SIG_IGN);
	if (kill(getpid(), SIGSEGV) != 0 || kill(getpid(), SIGBUS) != 0)
		return 1;
	return 42;
}

static void signal_3(void)
{
	want(exited(child_status(sent_ignored, NULL), 42));
	verdict("SIGNAL-3 an ignored SIGSEGV from kill has no effect");
}

static void touches_again(int signo, siginfo_t *si, void *context)
{
	(void)si, (void)context;
	touch(signo);
	_exit(0);
}

static int nested(void *arg)
{
	handle(*(int *)arg, 0, touches_again);
	touch(*(int *)arg);
	return 0;
}

static int reset(void *arg)
{
	handle(*(int *)arg, SA_RESETHAND, returns); /* the access is repeated, and faults again */
	touch(*(int *)arg);
	return 0;
}

static int depth;

static void nests_once(int signo, siginfo_t *si, void *context)
{
	(void)si, (void)context;
	if (++depth == 2)
		_exit(17);
	touch(signo);
}

static int nodefer(void *arg)
{
	handle(*(int *)arg, SA_NODEFER, nests_once);
	touch(*(int *)arg);
	return 0;
}

static void signal_4(void)
{
	for (int i = 0; i < 2; i++) {
		void *arg = (void *)&both[i];

		want(killed_by(child_status(nested, arg), both[i]));
		want(killed_by(child_status(reset, arg), both[i]));
		want(exited(child_status(nodefer, arg), 17));
	}
	verdict("SIGNAL-4 a fault in its own handler kills, a reset handler works once");
}

static volatile siginfo_t sent;
static volatile int sent_count;

static void keep(int signo, siginfo_t *si, void *context)
{
	(void)signo, (void)context;
	sent.si_signo = si->si_signo;
	sent.si_code = si->si_code;
	sent.si_pid = si->si_pid;
	sent_count++;
}

static void signal_5(void)
{
	unsigned char *h;
	struct fault f = fault_probe(bad_page + 123, READ);

	want(f.signo == 11 && f.err == 0 && f.code == 2 && f.addr == bad_page + 123);
	f = fault_probe(past_end + 5, WRITE);
	want(f.signo == 7 && f.err == 0 && f.code == 2 && f.addr == past_end + 5);
	h = hole(1);
	f = fault_probe(h + 9, WRITE);
	want(f.signo == 11 && f.err == 0 && f.code == 1 && f.addr == h + 9);
	verdict("SIGNAL-5 what the handler is told of a fault");

	handle(SIGSEGV, 0, keep);
	sent_count = 0;
	want_eq(kill(getpid(), SIGSEGV), 0);
	want_eq(sent_count, 1);
	want_eq(sent.si_signo, SIGSEGV);
	want_eq(sent.si_code, 0);
	want_eq(sent.si_pid, getpid());
	signal(SIGSEGV, SIG_DFL);
	verdict("SIGNAL-5 what it is told of a kill");
}

static int bad_handler(void *arg)
{
	handle(SIGUSR1, 0, (void (*)(int, siginfo_t *, void *))arg);
	kill(getpid(), SIGUSR1);
	return 0;
}

/* Switches to a stack pointer in a hole and raises SIGUSR1 from there by a system call. */
static int bad_stack_pointer(void *arg)
{
	long pid = getpid(), sp = (long)arg;

	handle(SIGUSR1, 0, exit_0);
#if defined(__riscv)
	register long a0 __asm__("a0") = pid;
	register long a1 __asm__("a1") = SIGUSR1;
	register long a7 __asm__("a7") = SYS_kill;
	__asm__ volatile("mv sp, %0\n\tecall" : : "r"(sp), "r"(a0), "r"(a1), "r"(a7) : "memory");
#elif defined(__x86_64__)
	__asm__ volatile("mov %0, %%rsp\n\tsyscall"
			 :
			 : "r"(sp), "a"((long)SYS_kill), "D"(pid), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory");
#elif defined(__i386__)
	__asm__ volatile("mov %0, %%esp\n\tint $0x80"
			 :
			 : "r"(sp), "a"(SYS_kill), "b"(pid), "c"(SIGUSR1)
			 : "memory");
#endif
	_exit(0);
}

static int bad_alternate_stack(void *arg)
{
	stack_t ss = {.ss_sp = arg, .ss_size = 8 * PS};

	if (sigaltstack(&ss, NULL) < 0)
		return 1;
	handle(SIGUSR1, SA_ONSTACK, exit_0);
	kill(getpid(), SIGUSR1);
	return 0;
}

static volatile int never;

static __attribute__((noinline)) int recurse(int n)
{
	volatile char frame[2000];

	frame[0] = (char)n;
	if (n == never) /* cannot be: n starts at 1 and grows */
		return 0;
	return recurse(n + 1) + frame[0];
}

static unsigned char *good_stack;

static void overflow(int signo, siginfo_t *si, void *context)
{
	unsigned char here;

	(void)context;
	/* On the other stack, told of a SIGSEGV somewhere else. */
	if (signo != SIGSEGV || &here < good_stack || &here >= good_stack + 16 * PS)
		_exit(2);
	_exit((unsigned char *)si->si_addr >= good_stack &&
			(unsigned char *)si->si_addr < good_stack + 16 * PS
		? 3
		: 55);
}

static int caught_overflow(void *arg)
{
	struct rlimit l = {1 << 20, 1 << 20};
	stack_t ss = {.ss_sp = good_stack, .ss_size = 16 * PS};

	(void)arg;
	setrlimit(RLIMIT_STACK, &l); /* where stacks grow, not for long */
	if (sigaltstack(&ss, NULL) < 0)
		return 1;
	handle(SIGSEGV, SA_ONSTACK, overflow);
	return recurse(1);
}

static int uncaught_overflow(void *arg)
{
	struct rlimit l = {1 << 20, 1 << 20};

	(void)arg;
	setrlimit(RLIMIT_STACK, &l);
	handle(SIGSEGV, 0, exit_0); /* has no stack to run on */
	return recurse(1);
}

static void signal_6(void)
{
	good_stack = must_map(16 * PS, RW, ANON, -1, 0);
	unsigned char *h = hole(16);

	want(killed_by(child_status(bad_handler, h), SIGSEGV));
	verdict("SIGNAL-6 a handler in a hole kills");
	want(killed_by(child_status(bad_stack_pointer, h + 8 * PS), SIGSEGV));
	verdict("SIGNAL-6 a stack pointer in a hole kills");
	want(killed_by(child_status(bad_alternate_stack, h), SIGSEGV));
	verdict("SIGNAL-6 an alternate stack in a hole kills");
	want(killed_by(child_status(uncaught_overflow, NULL), SIGSEGV));
	verdict("SIGNAL-6 a stack overflow kills");
	want(exited(child_status(caught_overflow, NULL), 55));
	verdict("SIGNAL-6 a stack overflow is caught on a good alternate stack");
	unmap(good_stack, 16 * PS);
}

int main(void)
{
	int fd = temp_file(0, 0);

	bad_page = must_map(PS, PROT_NONE, ANON, -1, 0);
	past_end = must_map(PS, RW, MAP_SHARED, fd, 0);
	signal_1();
	signal_2();
	signal_3();
	signal_4();
	signal_5();
	signal_6();
	return done();
}
