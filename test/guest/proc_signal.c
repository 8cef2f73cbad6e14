/*
 * Signals: handlers and the masks around them, pending signals, what siginfo says, the alternate
 * stack, stops and continues, interrupted and restarted calls, timers, and the machine context
 * that a handler sees and may change.
 *
 * A call that is to be interrupted is met by a timer that repeats, so that it does not matter
 * whether the first tick comes before the call has begun to wait.
 */
#include "child.h"

#include <limits.h>
#include <poll.h>
#include <sys/time.h>
#include <ucontext.h>

static volatile sig_atomic_t hits, last_signo, order[8], norder;
static volatile siginfo_t last_info;

static void count(int sig)
{
	hits++;
	last_signo = sig;
}

static void keep_info(int sig, siginfo_t *si, void *context)
{
	(void)context;
	hits++;
	last_signo = sig;
	*(siginfo_t *)&last_info = *si;
}

static void set_handler(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	hits = 0;
	if (sigaction(sig, &sa, NULL) != 0)
		bail_out("sigaction of %d: errno %d", sig, errno);
}

static void set_info_handler(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

	hits = 0;
	memset((void *)&last_info, 0xee, sizeof(last_info));
	if (sigaction(sig, &sa, NULL) != 0)
		bail_out("sigaction of %d: errno %d", sig, errno);
}

static void change_mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static bool is_blocked(int sig)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, sig);
}

static bool is_pending(int sig)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, sig);
}

static void set_timer(int which, long first_us, long every_us)
{
	struct itimerval it = {
		.it_value = { first_us / 1000000, first_us % 1000000 },
		.it_interval = { every_us / 1000000, every_us % 1000000 },
	};

	setitimer(which, &it, NULL);
}

/* ---- Handlers and masks ---- */

static void test_handler(void)
{
	set_handler(SIGUSR1, count, 0);
	kill(getpid(), SIGUSR1);
	ok(hits == 1 && last_signo == SIGUSR1,
	   "a signal to oneself is handled before kill returns");
	raise(SIGUSR1);
	ok(hits == 2, "a handler stays for the next signal");
	for (int i = 0; i < 1000; i++)
		kill(getpid(), SIGUSR1);
	ok(hits == 1002, "a thousand signals in turn are each handled");
	signal(SIGUSR1, SIG_IGN);
	kill(getpid(), SIGUSR1);
	ok(hits == 1002, "an ignored signal does nothing");
}

static void test_default_ignored(void)
{
	static const int sigs[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		signal(sigs[i], SIG_DFL);
		kill(getpid(), sigs[i]);
	}
	ok(1, "SIGCHLD, SIGCONT, SIGURG and SIGWINCH do nothing by default");
}

static int take_default(void *sig)
{
	signal((int)(intptr_t)sig, SIG_DFL);
	kill(getpid(), (int)(intptr_t)sig);
	return 0;
}

static void test_default_kills(void)
{
	int bad = 0;

	for (int sig = 1; sig <= 64; sig++) {
		int status;

		if (sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH ||
		    sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU ||
		    sig == 32 || sig == 33)
			continue;
		status = child_status(take_default, (void *)(intptr_t)sig);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != sig) {
			diag("signal %d: status 0x%x", sig, status);
			bad++;
		}
	}
	is(bad, 0, "every other signal kills by default");
}

static volatile bool usr1_blocked, usr2_blocked, term_blocked;

static void look_at_mask(int sig)
{
	(void)sig;
	hits++;
	usr1_blocked = is_blocked(SIGUSR1);
	usr2_blocked = is_blocked(SIGUSR2);
	term_blocked = is_blocked(SIGTERM);
}

static void test_mask_in_handler(void)
{
	struct sigaction sa = { .sa_handler = look_at_mask };

	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	hits = 0;
	change_mask(SIG_BLOCK, SIGTERM);
	kill(getpid(), SIGUSR1);
	ok(hits == 1 && usr1_blocked && usr2_blocked && term_blocked,
	   "in a handler its signal, its mask and the old mask are blocked");
	ok(!is_blocked(SIGUSR1) && !is_blocked(SIGUSR2) && is_blocked(SIGTERM),
	   "after it the old mask is back");
	change_mask(SIG_UNBLOCK, SIGTERM);
	sigemptyset(&sa.sa_mask);
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, NULL);
	kill(getpid(), SIGUSR1);
	ok(!usr1_blocked && !usr2_blocked, "with SA_NODEFER the own signal is not blocked");
}

static void test_pending(void)
{
	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_BLOCK, SIGUSR1);
	for (int i = 0; i < 3; i++)
		kill(getpid(), SIGUSR1);
	ok(hits == 0 && is_pending(SIGUSR1), "a blocked signal stays pending");
	change_mask(SIG_UNBLOCK, SIGUSR1);
	ok(hits == 1 && !is_pending(SIGUSR1), "three of them are handled once, when unblocked");

	set_handler(SIGRTMIN, count, 0);
	change_mask(SIG_BLOCK, SIGRTMIN);
	for (int i = 0; i < 3; i++)
		kill(getpid(), SIGRTMIN);
	change_mask(SIG_UNBLOCK, SIGRTMIN);
	ok(hits == 3, "three pending real-time signals are handled three times");

	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_BLOCK, SIGUSR1);
	kill(getpid(), SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_UNBLOCK, SIGUSR1);
	ok(hits == 0, "to ignore a pending signal discards it");
}

static void test_pending_two(void)
{
	set_handler(SIGUSR1, count, 0);
	set_handler(SIGUSR2, count, 0);
	change_mask(SIG_BLOCK, SIGUSR1);
	change_mask(SIG_BLOCK, SIGUSR2);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	ok(hits == 2, "two pending signals are both handled when the mask is emptied");
}

static void nest(int sig)
{
	order[norder++] = sig;
	if (sig == SIGUSR1)
		kill(getpid(), SIGUSR2);
	order[norder++] = -sig;
}

static void recurse(int sig)
{
	if (++hits < 10)
		kill(getpid(), sig);
}

static void test_nesting(void)
{
	norder = 0;
	set_handler(SIGUSR1, nest, 0);
	set_handler(SIGUSR2, nest, 0);
	kill(getpid(), SIGUSR1);
	ok(norder == 4 && order[0] == SIGUSR1 && order[1] == SIGUSR2 && order[2] == -SIGUSR2 &&
	   order[3] == -SIGUSR1, "a handler is interrupted by another signal's handler");
	set_handler(SIGUSR1, recurse, SA_NODEFER);
	kill(getpid(), SIGUSR1);
	ok(hits == 10, "with SA_NODEFER a handler nests in itself");
}

static void test_resethand(void)
{
	struct sigaction now;

	set_handler(SIGUSR1, count, SA_RESETHAND);
	kill(getpid(), SIGUSR1);
	sigaction(SIGUSR1, NULL, &now);
	ok(hits == 1 && now.sa_handler == SIG_DFL,
	   "SA_RESETHAND takes the handler away as it runs");
}

static void test_sigaction(void)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = SA_RESTART | SA_NODEFER }, old;

	sigaddset(&sa.sa_mask, SIGTERM);
	sigaddset(&sa.sa_mask, 64);
	sigaction(SIGUSR1, &sa, NULL);
	ok(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == count &&
	   (old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO)) == (SA_RESTART | SA_NODEFER),
	   "sigaction gives back handler and flags");
	ok(sigismember(&old.sa_mask, SIGTERM) && sigismember(&old.sa_mask, 64) &&
	   !sigismember(&old.sa_mask, SIGUSR2), "and the mask");
	fails(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8), EINVAL,
	   "sigaction of signal 0 fails with EINVAL");
	fails(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL,
	   "sigaction of signal 65 fails with EINVAL");
	fails(syscall(SYS_rt_sigaction, -1, NULL, NULL, 8), EINVAL,
	   "sigaction of signal -1 fails with EINVAL");
	fails(sigaction(SIGKILL, &sa, NULL), EINVAL, "a handler for SIGKILL fails with EINVAL");
	fails(sigaction(SIGSTOP, &sa, NULL), EINVAL, "a handler for SIGSTOP fails with EINVAL");
	sa.sa_handler = SIG_IGN;
	fails(sigaction(SIGKILL, &sa, NULL), EINVAL, "to ignore SIGKILL fails with EINVAL");
	is(sigaction(SIGKILL, NULL, &old), 0, "to ask for SIGKILL's action is allowed");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 4), EINVAL,
	   "sigaction with sets of 4 bytes fails with EINVAL");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, 8L, NULL, 8), EFAULT,
	   "sigaction from a bad pointer fails with EFAULT");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, 8L, 8), EFAULT,
	   "sigaction to a bad pointer fails with EFAULT");
}

static void test_sigprocmask(void)
{
	sigset_t all, now, none;

	sigfillset(&all);
	sigemptyset(&none);
	is(sigprocmask(SIG_SETMASK, &all, NULL), 0, "every signal may be named in a mask");
	sigprocmask(SIG_SETMASK, &none, &now);
	ok(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP) &&
	   sigismember(&now, SIGTERM) &&
	   sigismember(&now, 64), "but SIGKILL and SIGSTOP are not blocked by it");
	fails(syscall(SYS_rt_sigprocmask, 3, &all, NULL, 8), EINVAL,
	   "sigprocmask of an unknown kind fails with EINVAL");
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 4), EINVAL,
	   "sigprocmask with sets of 4 bytes fails with EINVAL");
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8L, NULL, 8), EFAULT,
	   "sigprocmask from a bad pointer fails with EFAULT");
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8L, 8), EFAULT,
	   "sigprocmask to a bad pointer fails with EFAULT");
	is(syscall(SYS_rt_sigprocmask, 3, NULL, &now, 8), 0,
	   "without a new set the kind does not matter");
	fails(syscall(SYS_rt_sigpending, 8L, 8), EFAULT,
	   "sigpending to a bad pointer fails with EFAULT");
	fails(syscall(SYS_rt_sigpending, &now, 16), EINVAL,
	   "sigpending with sets of 16 bytes fails with EINVAL");
}

static void test_fork(void)
{
	int *report = shared_memory(PS);

	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_BLOCK, SIGUSR2);
	set_handler(SIGUSR2, count, 0);
	kill(getpid(), SIGUSR2);
	alarm(100);
	pid_t pid = tap_fork();
	if (pid == 0) {
		report[0] = is_blocked(SIGUSR2);
		report[1] = is_pending(SIGUSR2);
		kill(getpid(), SIGUSR1);
		report[2] = hits;
		report[3] = alarm(0);
		_exit(0);
	}
	end_of(pid);
	ok(report[0] && report[2] == 1, "a child inherits mask and handlers");
	ok(!report[1] && is_pending(SIGUSR2), "but no pending signals");
	ok(report[3] == 0 && alarm(0) > 0, "and no alarm");
	change_mask(SIG_UNBLOCK, SIGUSR2);
	unmap(report, PS);
}

/* ---- kill and tgkill ---- */

static int unkillable(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int i = 1; i < 65; i++)
		signal(i, SIG_IGN);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGSEGV);
	kill(getpid(), SIGKILL);
	return 0;
}

static int signal_own_group(void)
{
	pid_t a, b;

	setpgid(0, 0);
	signal(SIGUSR2, SIG_DFL);
	a = sleeping_child();
	b = sleeping_child();
	set_handler(SIGUSR2, count, 0);
	kill(0, SIGUSR2);
	return end_of(a) == KILLED_BY(SIGUSR2) && end_of(b) == KILLED_BY(SIGUSR2) &&
	   hits == 1 ? 0 : 1;
}

static void test_kill(void)
{
	pid_t a = sleeping_child(), b = sleeping_child(), c = sleeping_child();

	is(kill(getpid(), 0), 0, "kill with signal 0 says that a process exists");
	fails(kill(0x3ffffff, 0), ESRCH, "kill of no process fails with ESRCH");
	fails(kill(getpid(), 65), EINVAL, "kill with signal 65 fails with EINVAL");
	fails(kill(getpid(), -1), EINVAL, "kill with signal -1 fails with EINVAL");
	fails(kill(INT_MIN, 0), ESRCH, "kill of the group -INT_MIN fails with ESRCH");
	fails(kill(-0x3ffffff, SIGTERM), ESRCH, "kill of no group fails with ESRCH");
	setpgid(a, a);
	setpgid(b, a);
	is(kill(-a, SIGTERM), 0, "kill of a group by its negative number");
	ok(end_of(a) == KILLED_BY(SIGTERM) && end_of(b) == KILLED_BY(SIGTERM),
	   "reaches all its members");
	is(kill(c, 0), 0, "and nobody else");
	put_down(c);
	is(in_child(signal_own_group), 0, "kill of 0 reaches the own group and oneself");
	is(in_child(unkillable), KILLED_BY(SIGKILL), "SIGKILL can neither be blocked nor ignored");
}

static void test_tgkill(void)
{
	pid_t pid = getpid();

	set_info_handler(SIGUSR1, keep_info, 0);
	ok(syscall(SYS_tgkill, pid, pid, SIGUSR1) == 0 && hits == 1, "tgkill signals a thread");
	ok(last_info.si_code == SI_TKILL && last_info.si_pid == pid, "its si_code is SI_TKILL");
	is(syscall(SYS_tgkill, pid, pid, 0), 0, "tgkill with signal 0 says that a thread exists");
	fails(syscall(SYS_tgkill, pid, 0x3ffffff, 0), ESRCH,
	   "tgkill of no thread fails with ESRCH");
	fails(syscall(SYS_tgkill, getppid(), pid, 0), ESRCH,
	   "tgkill of a thread in another process fails with ESRCH");
	fails(syscall(SYS_tgkill, pid, 0, 0), EINVAL, "tgkill of thread 0 fails with EINVAL");
	fails(syscall(SYS_tgkill, -1, pid, 0), EINVAL, "tgkill of process -1 fails with EINVAL");
	fails(syscall(SYS_tgkill, pid, pid, 65), EINVAL, "tgkill with signal 65 fails with EINVAL");
}

/* ---- siginfo ---- */

static void test_info_of_kill(void)
{
	pid_t pid;

	set_info_handler(SIGUSR1, keep_info, 0);
	kill(getpid(), SIGUSR1);
	ok(hits == 1 && last_info.si_signo == SIGUSR1 && last_info.si_code == SI_USER &&
	   last_info.si_pid == getpid() && last_info.si_uid == getuid() && last_info.si_errno == 0,
	   "kill's siginfo has SI_USER, the sender and its user");
	hits = 0;
	change_mask(SIG_BLOCK, SIGUSR1);
	pid = tap_fork();
	if (pid == 0)
		_exit(kill(getppid(), SIGUSR1) == 0 ? 0 : 1);
	end_of(pid);
	change_mask(SIG_UNBLOCK, SIGUSR1);
	ok(hits == 1 && last_info.si_pid == pid, "a pending signal keeps its siginfo");
}

static int ends_with_3(void)
{
	return 3;
}

static int ends_by_term(void)
{
	kill(getpid(), SIGTERM);
	return 0;
}

static void test_info_of_child(void)
{
	int (*const bodies[])(void) = { ends_with_3, ends_by_term };
	siginfo_t seen[2];
	pid_t pids[2];

	for (int i = 0; i < 2; i++) {
		set_info_handler(SIGCHLD, keep_info, 0);
		pids[i] = tap_fork();
		if (pids[i] == 0)
			_exit(bodies[i]());
		end_of(pids[i]);
		seen[i] = *(siginfo_t *)&last_info;
	}
	ok(hits == 1, "a child's end raises SIGCHLD once");
	ok(seen[0].si_signo == SIGCHLD && seen[0].si_code == CLD_EXITED &&
	   seen[0].si_pid == pids[0] &&
	   seen[0].si_status == 3 && seen[0].si_uid == getuid(),
	   "SIGCHLD of an exit has CLD_EXITED, the child and its code");
	ok(seen[1].si_code == CLD_KILLED && seen[1].si_pid == pids[1] &&
	   seen[1].si_status == SIGTERM,
	   "SIGCHLD of a killed child has CLD_KILLED and the signal");
	signal(SIGCHLD, SIG_DFL);
}

static void test_info_of_faults(void)
{
	unsigned char *ro = must_map(PS, PROT_READ, ANON, -1, 0), *past, *h;
	int fd = temp_file(100, 1);
	struct fault f;

	past = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);
	h = hole(1);
	f = fault_probe(h + 5, READ);
	ok(f.signo == SIGSEGV && f.code == SEGV_MAPERR && f.addr == h + 5,
	   "a load from a hole raises SIGSEGV with SEGV_MAPERR and the address");
	f = fault_probe(ro + 7, WRITE);
	ok(f.signo == SIGSEGV && f.code == SEGV_ACCERR && f.addr == ro + 7,
	   "a store to a read-only page raises SIGSEGV with SEGV_ACCERR and the address");
	f = fault_probe(past + PS + 9, READ);
	ok(f.signo == SIGBUS && f.code == BUS_ADRERR && f.addr == past + PS + 9,
	   "a load past the end of a mapped file raises SIGBUS with BUS_ADRERR and the address");
	unmap(past, 2 * PS);
	unmap(ro, PS);
	close(fd);
}

static void illegal_instruction(void *arg)
{
	(void)arg;
#if defined(__riscv)
	asm volatile(".half 0");
#else
	asm volatile("ud2");
#endif
}

static void test_info_of_exceptions(void)
{
	struct fault f = fault_catch(illegal_instruction, NULL);
	uintptr_t at = (uintptr_t)f.addr, fn = (uintptr_t)illegal_instruction;

	ok(f.signo == SIGILL && f.code > 0 && at >= fn && at < fn + 64,
	   "an illegal instruction raises SIGILL with its address");
}

static int segv_blocked(void)
{
	set_handler(SIGSEGV, count, 0);
	change_mask(SIG_BLOCK, SIGSEGV);
	*(volatile char *)hole(1) = 1;
	return 0;
}

static int segv_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)hole(1) = 1;
	return 0;
}

static void fault_again(int sig)
{
	(void)sig;
	*(volatile char *)hole(1) = 1;
}

static int segv_in_segv_handler(void)
{
	set_handler(SIGSEGV, fault_again, 0);
	*(volatile char *)hole(1) = 1;
	return 0;
}

static int bad_handler_address(void)
{
	set_handler(SIGUSR1, (void (*)(int))hole(1), 0);
	kill(getpid(), SIGUSR1);
	return 0;
}

static int bad_alternate_stack(void)
{
	stack_t ss = { .ss_sp = hole(16), .ss_size = 16 * PS };

	sigaltstack(&ss, NULL);
	set_handler(SIGUSR1, count, SA_ONSTACK);
	kill(getpid(), SIGUSR1);
	return 0;
}

static void test_forced(void)
{
	is(in_child(segv_blocked), KILLED_BY(SIGSEGV), "a fault with SIGSEGV blocked kills");
	is(in_child(segv_ignored), KILLED_BY(SIGSEGV), "a fault with SIGSEGV ignored kills");
	is(in_child(segv_in_segv_handler), KILLED_BY(SIGSEGV),
	   "a fault in SIGSEGV's handler kills");
	is(in_child(bad_handler_address), KILLED_BY(SIGSEGV),
	   "a handler at a bad address kills by SIGSEGV");
	is(in_child(bad_alternate_stack), KILLED_BY(SIGSEGV),
	   "a signal frame that cannot be written kills by SIGSEGV");
}

/* ---- The machine context ---- */

static void *volatile mended;

static void mend(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	hits++;
	mended = si->si_addr;
	mprotect((void *)((uintptr_t)si->si_addr & ~(PS - 1)), PS, RW);
}

static void test_mended_fault(void)
{
	unsigned char *p = must_map(4 * PS, PROT_NONE, ANON, -1, 0);
	int sum = 0;

	set_info_handler(SIGSEGV, mend, 0);
	for (int i = 0; i < 4; i++)
		((volatile unsigned char *)p)[i * PS + i] = i + 1;
	for (int i = 0; i < 4; i++)
		sum += p[i * PS + i];
	ok(hits == 4 && sum == 10 && mended == p + 3 * PS + 3,
	   "a store that faulted is made again after a handler that mends the page");
	signal(SIGSEGV, SIG_DFL);
	unmap(p, 4 * PS);
}

#if defined(__riscv)
#define CONTEXT_PC(uc) ((uc)->uc_mcontext.__gregs[REG_PC])
#elif defined(__i386__)
#define CONTEXT_PC(uc) ((uc)->uc_mcontext.gregs[REG_EIP])
#else
#define CONTEXT_PC(uc) ((uc)->uc_mcontext.gregs[REG_RIP])
#endif

static sigjmp_buf landing_env;
static volatile bool landed_unmasked;

static void landing(void)
{
	landed_unmasked = !is_blocked(SIGSEGV);
	siglongjmp(landing_env, 1);
}

static void divert(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)si;
	CONTEXT_PC(uc) = (uintptr_t)landing;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}

static void test_context(void)
{
	set_info_handler(SIGSEGV, divert, 0);
	landed_unmasked = false;
	if (sigsetjmp(landing_env, 0) == 0)
		*(volatile char *)hole(1) = 1;
	ok(landed_unmasked, "a handler returns to the program counter it puts into its context");
	ok(is_blocked(SIGUSR2), "and with the mask it puts there");
	change_mask(SIG_UNBLOCK, SIGUSR2);
	signal(SIGSEGV, SIG_DFL);
}

static volatile sig_atomic_t clobbered;
static volatile double scratch = 1.5;

static void clobber(int sig)
{
	(void)sig;
	for (int i = 0; i < 50; i++)
		scratch = scratch * 1.0000001 + 0.25;
#if defined(__riscv)
	asm volatile("fcvt.d.l ft0, zero; fcvt.d.l ft11, zero;"
		     "fcvt.d.l fa0, zero; fcvt.d.l fa7, zero;"
		     "li t0, -1; li t3, -1; li t6, -1; li a7, -1; fsflags zero"
		     : : : "ft0", "ft11", "fa0", "fa7", "t0", "t3", "t6", "a7");
#elif defined(__i386__) || defined(__x86_64__)
	asm volatile("pxor %xmm0, %xmm0; pxor %xmm1, %xmm1; pxor %xmm7, %xmm7");
#endif
	clobbered++;
}

/*
 * Fills registers with known values, waits in a loop that touches none of them until a signal was
 * handled, and stores what they hold then. In C the compiler decides what lies in registers, so
 * the loop is the machine's own.
 */
#if defined(__riscv)
#define NREGS 44
static void registers_through_signal(const uint64_t *in, uint64_t *out)
{
	register const uint64_t *src asm("a0") = in;
	register uint64_t *dst asm("a1") = out;
	register volatile sig_atomic_t *flag asm("a2") = &clobbered;

	asm volatile(
		"fld f0,0(a0); fld f1,8(a0); fld f2,16(a0); fld f3,24(a0);"
		"fld f4,32(a0); fld f5,40(a0); fld f6,48(a0); fld f7,56(a0);"
		"fld f8,64(a0); fld f9,72(a0); fld f10,80(a0); fld f11,88(a0);"
		"fld f12,96(a0); fld f13,104(a0); fld f14,112(a0); fld f15,120(a0);"
		"fld f16,128(a0); fld f17,136(a0); fld f18,144(a0); fld f19,152(a0);"
		"fld f20,160(a0); fld f21,168(a0); fld f22,176(a0); fld f23,184(a0);"
		"fld f24,192(a0); fld f25,200(a0); fld f26,208(a0); fld f27,216(a0);"
		"fld f28,224(a0); fld f29,232(a0); fld f30,240(a0); fld f31,248(a0);"
		"ld a3,256(a0); ld a4,264(a0); ld a5,272(a0); ld a6,280(a0); ld a7,288(a0);"
		"ld t0,296(a0); ld t1,304(a0); ld t2,312(a0); ld t3,320(a0); ld t4,328(a0);"
		"ld t5,336(a0); ld t6,344(a0);"
		"sw zero,0(a2);"
		"1: lw a0,0(a2); beqz a0,1b;"
		"fsd f0,0(a1); fsd f1,8(a1); fsd f2,16(a1); fsd f3,24(a1);"
		"fsd f4,32(a1); fsd f5,40(a1); fsd f6,48(a1); fsd f7,56(a1);"
		"fsd f8,64(a1); fsd f9,72(a1); fsd f10,80(a1); fsd f11,88(a1);"
		"fsd f12,96(a1); fsd f13,104(a1); fsd f14,112(a1); fsd f15,120(a1);"
		"fsd f16,128(a1); fsd f17,136(a1); fsd f18,144(a1); fsd f19,152(a1);"
		"fsd f20,160(a1); fsd f21,168(a1); fsd f22,176(a1); fsd f23,184(a1);"
		"fsd f24,192(a1); fsd f25,200(a1); fsd f26,208(a1); fsd f27,216(a1);"
		"fsd f28,224(a1); fsd f29,232(a1); fsd f30,240(a1); fsd f31,248(a1);"
		"sd a3,256(a1); sd a4,264(a1); sd a5,272(a1); sd a6,280(a1); sd a7,288(a1);"
		"sd t0,296(a1); sd t1,304(a1); sd t2,312(a1); sd t3,320(a1); sd t4,328(a1);"
		"sd t5,336(a1); sd t6,344(a1);"
		: "+r"(src), "+r"(dst), "+r"(flag)
		:
		: "memory", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6",
		  "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
		  "f13", "f14", "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23",
		  "f24",
		  "f25", "f26", "f27", "f28", "f29", "f30", "f31");
}
#elif defined(__x86_64__)
#define NREGS 22
static void registers_through_signal(const uint64_t *in, uint64_t *out)
{
	clobbered = 0;
	asm volatile(
		"movdqu (%[in]),%%xmm0; movdqu 16(%[in]),%%xmm1; movdqu 32(%[in]),%%xmm2;"
		"movdqu 48(%[in]),%%xmm3; movdqu 64(%[in]),%%xmm4; movdqu 80(%[in]),%%xmm5;"
		"movdqu 96(%[in]),%%xmm6; movdqu 112(%[in]),%%xmm7;"
		"movq 128(%[in]),%%r8; movq 136(%[in]),%%r9; movq 144(%[in]),%%r10;"
		"movq 152(%[in]),%%r11; movq 160(%[in]),%%r12; movq 168(%[in]),%%r13;"
		"1: cmpl $0,(%[flag]); je 1b;"
		"movdqu %%xmm0,(%[out]); movdqu %%xmm1,16(%[out]); movdqu %%xmm2,32(%[out]);"
		"movdqu %%xmm3,48(%[out]); movdqu %%xmm4,64(%[out]); movdqu %%xmm5,80(%[out]);"
		"movdqu %%xmm6,96(%[out]); movdqu %%xmm7,112(%[out]);"
		"movq %%r8,128(%[out]); movq %%r9,136(%[out]); movq %%r10,144(%[out]);"
		"movq %%r11,152(%[out]); movq %%r12,160(%[out]); movq %%r13,168(%[out]);"
		:
		: [in] "a"(in), [out] "D"(out), [flag] "S"(&clobbered)
		: "memory", "cc", "r8", "r9", "r10", "r11", "r12", "r13", "xmm0", "xmm1", "xmm2",
		  "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}
#else
#define NREGS 18
static void registers_through_signal(const uint64_t *in, uint64_t *out)
{
	clobbered = 0;
	asm volatile(
		"movdqu (%[in]),%%xmm0; movdqu 16(%[in]),%%xmm1; movdqu 32(%[in]),%%xmm2;"
		"movdqu 48(%[in]),%%xmm3; movdqu 64(%[in]),%%xmm4; movdqu 80(%[in]),%%xmm5;"
		"movdqu 96(%[in]),%%xmm6; movdqu 112(%[in]),%%xmm7;"
		"fldl 128(%[in]); fldl 136(%[in]);"
		"1: cmpl $0,(%[flag]); je 1b;"
		"fstpl 136(%[out]); fstpl 128(%[out]);"
		"movdqu %%xmm0,(%[out]); movdqu %%xmm1,16(%[out]); movdqu %%xmm2,32(%[out]);"
		"movdqu %%xmm3,48(%[out]); movdqu %%xmm4,64(%[out]); movdqu %%xmm5,80(%[out]);"
		"movdqu %%xmm6,96(%[out]); movdqu %%xmm7,112(%[out]);"
		:
		: [in] "a"(in), [out] "D"(out), [flag] "S"(&clobbered)
		: "memory", "cc");
}
#endif

static void test_registers(void)
{
	static uint64_t in[NREGS], out[NREGS];
	volatile double a = 1.0 / 3.0, b = 2.0 / 7.0, want_c, c = 0;
	int bad = 0;

	for (int i = 0; i < NREGS; i++)
		in[i] = 0x3ff0123456789ab0 + i;
	set_handler(SIGALRM, clobber, 0);
	for (int round = 0; round < 5; round++) {
		memset(out, 0, sizeof(out));
		set_timer(ITIMER_REAL, 2000, 2000);
		registers_through_signal(in, out);
		set_timer(ITIMER_REAL, 0, 0);
		bad += memcmp(in, out, sizeof(in)) != 0;
	}
	is(bad, 0, "a handler that uses registers leaves those of the program as they were");

	for (int i = 0; i < 1000; i++)
		c = c * a + b;
	want_c = c;
	set_timer(ITIMER_REAL, 1000, 1000);
	clobbered = 0;
	for (int round = 0; clobbered < 5 && !bad; round++) {
		c = 0;
		for (int i = 0; i < 1000; i++)
			c = c * a + b;
		bad += c != want_c;
	}
	set_timer(ITIMER_REAL, 0, 0);
	is(bad, 0, "a floating-point computation comes out the same under signals");
}

/* ---- sigsuspend and the alternate stack ---- */

static void test_sigsuspend(void)
{
	sigset_t wait_mask;
	int r, err;

	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_BLOCK, SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &wait_mask);
	sigdelset(&wait_mask, SIGUSR1);
	r = sigsuspend(&wait_mask);
	err = errno;
	ok(r == -1 && err == EINTR && hits == 1,
	   "sigsuspend lets a pending signal in and returns EINTR");
	ok(is_blocked(SIGUSR1), "after sigsuspend the old mask is back");
	change_mask(SIG_UNBLOCK, SIGUSR1);
	fails(syscall(SYS_rt_sigsuspend, 8L, 8), EFAULT,
	   "sigsuspend with a bad pointer fails with EFAULT");
	fails(syscall(SYS_rt_sigsuspend, &wait_mask, 4), EINVAL,
	   "sigsuspend with a set of 4 bytes fails with EINVAL");
}

static int answer_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int i = 0; i < 200; i++) {
		while (hits <= i)
			sigsuspend(&none);
		if (kill(getppid(), SIGUSR1) != 0)
			return 1;
	}
	return 0;
}

static void test_ping_pong(void)
{
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_BLOCK, SIGUSR1);
	pid = tap_fork();
	if (pid == 0)
		_exit(answer_signals());
	for (int i = 0; i < 200; i++) {
		kill(pid, SIGUSR1);
		while (hits <= i)
			sigsuspend(&none);
	}
	ok(end_of(pid) == 0 && hits == 200,
	   "200 signals to and fro between two processes are not lost");
	change_mask(SIG_UNBLOCK, SIGUSR1);
}

static char alt_stack[65536];
static volatile bool was_on_alt, said_onstack, change_refused;

static void look_at_stack(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	stack_t ss, other = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };
	char here;

	(void)sig;
	(void)si;
	hits++;
	was_on_alt = &here >= alt_stack && &here < alt_stack + sizeof(alt_stack);
	sigaltstack(NULL, &ss);
	said_onstack = ss.ss_flags == SS_ONSTACK && uc->uc_stack.ss_sp == (void *)alt_stack &&
		       uc->uc_stack.ss_size == sizeof(alt_stack);
	change_refused = sigaltstack(&other, NULL) == -1 && errno == EPERM;
}

static void test_sigaltstack(void)
{
	stack_t ss = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) }, old;

	ok(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE,
	   "there is no alternate stack at first");
	is(sigaltstack(&ss, NULL), 0, "an alternate stack can be set");
	ok(sigaltstack(NULL, &old) == 0 && old.ss_flags == 0 && old.ss_sp == (void *)alt_stack &&
	   old.ss_size == sizeof(alt_stack), "and is given back");
	set_info_handler(SIGUSR1, look_at_stack, SA_ONSTACK);
	kill(getpid(), SIGUSR1);
	ok(was_on_alt, "a handler with SA_ONSTACK runs on it");
	ok(said_onstack, "sigaltstack says SS_ONSTACK there, and the context describes the stack");
	ok(change_refused, "to change the stack while on it fails with EPERM");
	set_info_handler(SIGUSR1, look_at_stack, 0);
	kill(getpid(), SIGUSR1);
	ok(hits == 1 && !was_on_alt, "a handler without SA_ONSTACK does not");
	ss.ss_size = 1024;
	fails(sigaltstack(&ss, NULL), ENOMEM, "an alternate stack of 1024 bytes fails with ENOMEM");
	ss.ss_size = sizeof(alt_stack);
	ss.ss_flags = 0x40;
	fails(sigaltstack(&ss, NULL), EINVAL,
	   "an alternate stack with an unknown flag fails with EINVAL");
	fails(syscall(SYS_sigaltstack, 8L, NULL), EFAULT,
	   "sigaltstack from a bad pointer fails with EFAULT");
	fails(syscall(SYS_sigaltstack, NULL, 8L), EFAULT,
	   "sigaltstack to a bad pointer fails with EFAULT");
	ss.ss_flags = SS_DISABLE;
	ok(sigaltstack(&ss, NULL) == 0 && sigaltstack(NULL, &old) == 0 &&
	   old.ss_flags == SS_DISABLE,
	   "SS_DISABLE takes it away");
}

static void overflowed(int sig)
{
	(void)sig;
	_exit(33);
}

/* As deep as `depth` says, a page of stack each time. */
static int __attribute__((noinline)) eat_stack(int depth)
{
	volatile char page[PS];

	page[0] = depth;
	return depth ? eat_stack(depth - 1) + page[0] : 0;
}

static int overflow_stack(void)
{
	stack_t ss = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };

	sigaltstack(&ss, NULL);
	set_handler(SIGSEGV, overflowed, SA_ONSTACK);
	return eat_stack(INT_MAX) & 1;
}

static int overflow_stack_plain(void)
{
	set_handler(SIGSEGV, overflowed, 0);
	return eat_stack(INT_MAX) & 1;
}

static void test_stack_overflow(void)
{
	is(in_child(overflow_stack), 33, "a stack overflow is handled on the alternate stack");
	is(in_child(overflow_stack_plain), KILLED_BY(SIGSEGV),
	   "without one it kills, handler or not");
}

/* ---- SIGPIPE ---- */

static int broken_pipe(void)
{
	int p[2];

	if (pipe(p) != 0)
		return 1;
	close(p[0]);
	return write(p[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
}

static int broken_pipe_default(void)
{
	signal(SIGPIPE, SIG_DFL);
	return broken_pipe();
}

static void test_sigpipe(void)
{
	is(in_child(broken_pipe_default), KILLED_BY(SIGPIPE),
	   "a write to a pipe without readers kills by SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	is(in_child(broken_pipe), 0, "with SIGPIPE ignored it fails with EPIPE");
	set_handler(SIGPIPE, count, 0);
	ok(broken_pipe() == 0 && hits == 1,
	   "with a handler it runs and the write fails with EPIPE");
	signal(SIGPIPE, SIG_DFL);
}

/* ---- Stop and continue ---- */

static void test_stop(void)
{
	pid_t pid = sleeping_child();
	siginfo_t si;
	int status;

	kill(pid, SIGSTOP);
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	   WSTOPSIG(status) == SIGSTOP,
	   "wait4 with WUNTRACED reports a stop and its signal");
	is(waitpid(pid, &status, WUNTRACED | WNOHANG), 0, "a stop is reported once");
	is(waitpid(pid, &status, WNOHANG), 0,
	   "wait4 without WUNTRACED does not see a stopped child");
	kill(pid, SIGCONT);
	ok(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status),
	   "wait4 with WCONTINUED reports that the child goes on");
	is(waitpid(pid, &status, WCONTINUED | WNOHANG), 0, "and reports that once too");

	kill(pid, SIGSTOP);
	memset(&si, 0, sizeof(si));
	ok(waitid(P_PID, pid, &si, WSTOPPED | WNOWAIT) == 0 && si.si_code == CLD_STOPPED &&
	   si.si_status == SIGSTOP && si.si_pid == pid, "waitid reports a stop as CLD_STOPPED");
	ok(waitid(P_PID, pid, &si, WSTOPPED) == 0 && si.si_pid == pid,
	   "WNOWAIT leaves it to be reported again");
	kill(pid, SIGCONT);
	memset(&si, 0, sizeof(si));
	ok(waitid(P_PID, pid, &si, WCONTINUED) == 0 && si.si_code == CLD_CONTINUED &&
	   si.si_status == SIGCONT, "waitid reports the going on as CLD_CONTINUED");

	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGTERM);
	is(waitpid(pid, &status, WNOHANG), 0, "a signal to a stopped process waits");
	kill(pid, SIGCONT);
	is(end_of(pid), KILLED_BY(SIGTERM), "until it goes on");

	pid = sleeping_child();
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	is(end_of(pid), KILLED_BY(SIGKILL), "SIGKILL ends a stopped process at once");
}

static void test_terminal_stops(void)
{
	static const int sigs[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	int status, bad = 0;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		pid_t pid = sleeping_child();

		/* A group in its parent's session is no orphaned one, which would not stop. */
		setpgid(pid, pid);
		kill(pid, sigs[i]);
		if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) ||
		    WSTOPSIG(status) != sigs[i])
			bad++;
		put_down(pid);
	}
	is(bad, 0, "SIGTSTP, SIGTTIN and SIGTTOU stop by default");
}

static void test_stop_and_continue_cancel(void)
{
	int status;
	struct gate g;
	pid_t pid;

	gate_init(&g);
	pid = tap_fork();
	if (pid == 0) {
		set_handler(SIGCONT, count, 0);
		change_mask(SIG_BLOCK, SIGTSTP);
		change_mask(SIG_BLOCK, SIGCONT);
		gate_wait(&g);
		kill(getpid(), SIGTSTP);
		kill(getpid(), SIGCONT);
		status = is_pending(SIGTSTP) ? 1 : 0;
		kill(getpid(), SIGTSTP);
		status |= is_pending(SIGCONT) ? 2 : 0;
		_exit(status);
	}
	setpgid(pid, pid);
	gate_open(&g);
	is(end_of(pid), 0, "SIGCONT takes back a pending stop, and a stop a pending SIGCONT");
	gate_free(&g);
}

static void test_continue_when_blocked(void)
{
	int status;
	pid_t pid;

	change_mask(SIG_BLOCK, SIGCONT);
	pid = tap_fork();
	if (pid == 0) {
		kill(getpid(), SIGSTOP);
		_exit(5);
	}
	change_mask(SIG_UNBLOCK, SIGCONT);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	is(end_of(pid), 5, "SIGCONT makes a process go on even where it is blocked");
}

static void test_sigchld_of_stop(void)
{
	int status;
	pid_t pid = sleeping_child();

	set_info_handler(SIGCHLD, keep_info, 0);
	kill(pid, SIGSTOP);
	while (waitpid(pid, &status, WUNTRACED) < 0)
		;
	ok(becomes(&hits, 1) && last_info.si_code == CLD_STOPPED &&
	   last_info.si_status == SIGSTOP &&
	   last_info.si_pid == pid, "a stop raises SIGCHLD with CLD_STOPPED");
	set_info_handler(SIGCHLD, keep_info, SA_NOCLDSTOP);
	kill(pid, SIGCONT);
	while (waitpid(pid, &status, WCONTINUED) < 0)
		;
	kill(pid, SIGSTOP);
	while (waitpid(pid, &status, WUNTRACED) < 0)
		;
	ok(hits == 0, "but not with SA_NOCLDSTOP");
	put_down(pid);
	ok(hits == 1, "which does not concern the end");
	signal(SIGCHLD, SIG_DFL);
}

/* ---- Interrupted and restarted calls ---- */

static int rope[2];
static volatile int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void tick_and_write(int sig)
{
	(void)sig;
	if (++ticks == 3 && write(rope[1], "t", 1) != 1)
		_exit(1);
}

static void tick_and_close(int sig)
{
	(void)sig;
	if (++ticks == 3)
		close(rope[1]);
}

static void start_ticks(void (*handler)(int), int flags)
{
	ticks = 0;
	set_handler(SIGALRM, handler, flags);
	set_timer(ITIMER_REAL, 10000, 10000);
}

static void stop_ticks(void)
{
	set_timer(ITIMER_REAL, 0, 0);
	signal(SIGALRM, SIG_DFL);
}

static void test_interrupted_read(void)
{
	char c;
	ssize_t n;
	int err;

	if (pipe(rope) != 0)
		bail_out("pipe: errno %d", errno);
	start_ticks(tick, 0);
	n = read(rope[0], &c, 1);
	err = errno;
	stop_ticks();
	ok(n == -1 && err == EINTR && ticks >= 1, "a handler interrupts a read with EINTR");
	start_ticks(tick_and_write, SA_RESTART);
	n = read(rope[0], &c, 1);
	stop_ticks();
	ok(n == 1 && c == 't' && ticks >= 3, "with SA_RESTART the read goes on");
	close(rope[0]);
	close(rope[1]);
}

static void test_interrupted_write(void)
{
	static char big[200000];
	ssize_t n;
	int err;

	if (pipe(rope) != 0)
		bail_out("pipe: errno %d", errno);
	start_ticks(tick, 0);
	n = write(rope[1], big, sizeof(big));
	stop_ticks();
	ok(n > 0 && n < (ssize_t)sizeof(big), "an interrupted write says how much it wrote");
	start_ticks(tick, 0);
	n = write(rope[1], big, 1);
	err = errno;
	stop_ticks();
	ok(n == -1 && err == EINTR, "one that wrote nothing fails with EINTR");
	close(rope[0]);
	close(rope[1]);
}

static pid_t child_on_rope(void)
{
	pid_t pid;
	char c;

	if (pipe(rope) != 0)
		bail_out("pipe: errno %d", errno);
	pid = tap_fork();
	if (pid == 0) {
		close(rope[1]);
		_exit(read(rope[0], &c, 1) == 0 ? 8 : 9);
	}
	return pid;
}

static void test_interrupted_wait(void)
{
	pid_t pid = child_on_rope(), r;
	int status, err;

	start_ticks(tick, 0);
	r = waitpid(pid, &status, 0);
	err = errno;
	stop_ticks();
	ok(r == -1 && err == EINTR, "a handler interrupts wait4 with EINTR");
	start_ticks(tick_and_close, SA_RESTART);
	r = waitpid(pid, &status, 0);
	stop_ticks();
	ok(r == pid && status == 8 << 8 && ticks >= 3, "with SA_RESTART it goes on waiting");
	close(rope[0]);

	pid = child_on_rope();
	siginfo_t si = { 0 };
	start_ticks(tick_and_close, SA_RESTART);
	r = waitid(P_PID, pid, &si, WEXITED);
	stop_ticks();
	ok(r == 0 && si.si_pid == pid && ticks >= 3, "so does waitid");
	close(rope[0]);
}

static void test_interrupted_sleep(void)
{
	struct timespec ask = { 1000, 0 }, rem = { -1, -1 };
	int r, err;

	start_ticks(tick, 0);
	r = nanosleep(&ask, &rem);
	err = errno;
	stop_ticks();
	ok(r == -1 && err == EINTR, "a handler interrupts nanosleep with EINTR");
	ok(rem.tv_sec > 0 && rem.tv_sec < 1000 && rem.tv_nsec >= 0 && rem.tv_nsec < 1000000000,
	   "which says how much time was left");
	start_ticks(tick, SA_RESTART);
	r = nanosleep(&ask, &rem);
	err = errno;
	stop_ticks();
	ok(r == -1 && err == EINTR, "with SA_RESTART as well");
	rem.tv_sec = rem.tv_nsec = -1;
	start_ticks(tick, 0);
	r = clock_nanosleep(CLOCK_MONOTONIC, 0, &ask, &rem);
	stop_ticks();
	ok(r == EINTR && rem.tv_sec > 0 && rem.tv_sec < 1000,
	   "clock_nanosleep is interrupted the same way");
	clock_gettime(CLOCK_MONOTONIC, &ask);
	ask.tv_sec += 1000;
	rem.tv_sec = -7;
	start_ticks(tick, 0);
	r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ask, &rem);
	stop_ticks();
	ok(r == EINTR && rem.tv_sec == -7, "with an absolute time it leaves the remainder alone");
}

static void test_interrupted_poll(void)
{
	struct pollfd pfd = { .events = POLLIN };
	struct timespec limit = { 1000, 0 };
	int r, err;

	if (pipe(rope) != 0)
		bail_out("pipe: errno %d", errno);
	pfd.fd = rope[0];
	start_ticks(tick, SA_RESTART);
	r = ppoll(&pfd, 1, &limit, NULL);
	err = errno;
	stop_ticks();
	ok(r == -1 && err == EINTR, "ppoll is interrupted, SA_RESTART or not");
	start_ticks(tick, SA_RESTART);
	r = pause();
	err = errno;
	stop_ticks();
	ok(r == -1 && err == EINTR, "so is pause");

	sigset_t mask;
	set_handler(SIGUSR1, count, 0);
	change_mask(SIG_BLOCK, SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigdelset(&mask, SIGUSR1);
	r = ppoll(&pfd, 1, &limit, &mask);
	err = errno;
	ok(r == -1 && err == EINTR && hits == 1 && is_blocked(SIGUSR1),
	   "ppoll waits with the mask it is given, and gives the old one back");
	change_mask(SIG_UNBLOCK, SIGUSR1);
	close(rope[0]);
	close(rope[1]);
}

/* Ignored signals, and stops that are over, interrupt nothing. */
static void test_not_interrupted(void)
{
	struct gate g;
	bool ended = false;
	int status;
	pid_t pid;

	gate_init(&g);
	signal(SIGUSR1, SIG_IGN); /* for the child, from its beginning */
	pid = tap_fork();
	if (pid == 0) {
		struct timespec t = { 0, 100000000 };
		char c;

		if (read(g.fd[0], &c, 1) != 1)
			_exit(1);
		_exit(nanosleep(&t, NULL) == 0 ? 0 : 2);
	}
	signal(SIGUSR1, SIG_DFL);
	for (int i = 0; i < 5; i++) {
		sleep_ms(2);
		kill(pid, SIGWINCH);
		kill(pid, SIGSTOP);
		waitpid(pid, &status, WUNTRACED);
		kill(pid, SIGCONT);
	}
	gate_open(&g);
	for (int i = 0; i < 5 && !ended; i++) {
		sleep_ms(5);
		kill(pid, SIGUSR1);
		kill(pid, SIGSTOP);
		ended = waitpid(pid, &status, WUNTRACED) == pid && !WIFSTOPPED(status);
		if (!ended)
			kill(pid, SIGCONT);
	}
	/* On a slow host the child may be through before the last stop. */
	is(ended ? status : end_of(pid), 0,
	   "ignored signals and a stop that is over interrupt neither read nor nanosleep");
	gate_free(&g);
}

/* ---- Timers ---- */

static void test_alarm(void)
{
	struct itimerval it, old;
	sigset_t none;

	sigemptyset(&none);
	set_info_handler(SIGALRM, keep_info, 0);
	alarm(1000);
	unsigned left = alarm(500);
	ok(left > 0 && left <= 1000, "alarm says how much was left of the one before");
	left = alarm(0);
	ok(left > 0 && left <= 500 && alarm(0) == 0, "alarm of 0 takes it back");
	change_mask(SIG_BLOCK, SIGALRM); /* or it might come before the wait for it */
	set_timer(ITIMER_REAL, 5000, 0);
	while (!hits)
		sigsuspend(&none);
	change_mask(SIG_UNBLOCK, SIGALRM);
	ok(last_signo == SIGALRM && last_info.si_code == SI_KERNEL,
	   "an interval timer raises SIGALRM from the kernel");
	memset(&it, 0, sizeof(it));
	ok(setitimer(ITIMER_REAL, &it, &old) == 0 && old.it_value.tv_sec == 0 &&
	   old.it_value.tv_usec == 0,
	   "one without interval stops after that");
}

static void test_alarm_kills(void)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		set_timer(ITIMER_REAL, 1000, 0);
		for (;;)
			;
	}
	is(end_of(pid), KILLED_BY(SIGALRM), "SIGALRM ends a process that only computes");
}

static void test_repetition(void)
{
	sigset_t none;

	sigemptyset(&none);
	set_handler(SIGALRM, count, 0);
	change_mask(SIG_BLOCK, SIGALRM);
	set_timer(ITIMER_REAL, 1000, 2000);
	while (hits < 10)
		sigsuspend(&none);
	set_timer(ITIMER_REAL, 0, 0);
	change_mask(SIG_UNBLOCK, SIGALRM);
	int after = hits;
	sleep_ms(10);
	ok(after >= 10 && hits == after, "an interval timer repeats until it is taken back");
	signal(SIGALRM, SIG_DFL);
}

static void test_storm(void)
{
	pid_t pid;

	set_handler(SIGUSR1, count, 0);
	pid = tap_fork();
	if (pid == 0) {
		for (int i = 0; i < 500; i++)
			kill(getppid(), SIGUSR1);
		_exit(0);
	}
	ok(end_of(pid) == 0 && hits >= 1 && hits <= 500, "a storm of signals is survived");
}

static int killed_while_computing(void)
{
	pid_t pids[8];
	int bad = 0;

	for (int i = 0; i < 8; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			for (volatile int n = 0;; n++)
				;
	}
	sleep_ms(20);
	for (int i = 0; i < 8; i++)
		kill(pids[i], i % 2 ? SIGKILL : SIGTERM);
	for (int i = 0; i < 8; i++)
		bad += end_of(pids[i]) != KILLED_BY(i % 2 ? SIGKILL : SIGTERM);
	return bad;
}

int main(void)
{
	test_handler();
	test_default_ignored();
	test_default_kills();
	test_mask_in_handler();
	test_pending();
	test_pending_two();
	test_nesting();
	test_resethand();
	test_sigaction();
	test_sigprocmask();
	test_fork();
	test_kill();
	test_tgkill();
	test_info_of_kill();
	test_info_of_child();
	test_info_of_faults();
	test_info_of_exceptions();
	test_forced();
	test_mended_fault();
	test_context();
	test_registers();
	test_sigsuspend();
	test_ping_pong();
	test_sigaltstack();
	test_stack_overflow();
	test_sigpipe();
	test_stop();
	test_terminal_stops();
	test_stop_and_continue_cancel();
	test_continue_when_blocked();
	test_sigchld_of_stop();
	test_interrupted_read();
	test_interrupted_write();
	test_interrupted_wait();
	test_interrupted_sleep();
	test_interrupted_poll();
	test_not_interrupted();
	test_alarm();
	test_alarm_kills();
	test_repetition();
	test_storm();
	is(killed_while_computing(), 0, "eight processes that only compute are killed");
	return done();
}
