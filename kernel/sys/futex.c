/*
 * futex(2).
 */
#include "lib/errno.h"
#include "arch/clock.h"
#include "proc/futex.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"

enum futex_op {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_LOCK_PI = 6,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_WAIT_REQUEUE_PI = 11,
	FUTEX_LOCK_PI2 = 13,
};
#define FUTEX_PRIVATE_FLAG 128u
#define FUTEX_CLOCK_REALTIME 256u

/* Is the fourth argument a time? It is judged even for the operations that are not there. */
static bool has_timeout(enum futex_op cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI ||
		cmd == FUTEX_LOCK_PI2 || cmd == FUTEX_WAIT_REQUEUE_PI;
}

/*
 * The clock_now() at which to give up. FUTEX_WAIT's time is relative, and a call that a signal
 * interrupted has its deadline already; the others' is absolute.
 */
static u64 deadline_of(enum futex_op cmd, u32 op, u64 ns)
{
	struct thread *t = current_thread();
	u64 now = clock_now(), kept = t->restart_deadline, offset;

	t->restart_deadline = 0;
	if (cmd == FUTEX_WAIT) {
		if (kept)
			return kept;
		return ns < WAIT_FOREVER - now ? now + ns : WAIT_FOREVER;
	}
	offset = op & FUTEX_CLOCK_REALTIME ? clock_realtime_offset() : 0;
	return ns > offset ? ns - offset : 0;
}

static long wait_for(enum futex_op cmd, const ulong *args, u64 deadline)
{
	u32 bits = cmd == FUTEX_WAIT ? FUTEX_ANY : (u32)args[5];
	long result =
		futex_wait(args[0], !(args[1] & FUTEX_PRIVATE_FLAG), (u32)args[2], deadline, bits);

	if (result != -EINTR)
		return result;
	if (deadline == WAIT_FOREVER)
		return -ERESTARTSYS;
	if (cmd != FUTEX_WAIT)
		return -ERESTARTNOHAND;
	current_thread()->restart_deadline = deadline;
	return -ERESTART_SLEEP;
}

long sys_futex_in(const ulong *args, enum time_form form)
{
	enum futex_op cmd = (enum futex_op)(args[1] & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME));
	bool shared = !(args[1] & FUTEX_PRIVATE_FLAG);
	u64 deadline = WAIT_FOREVER, ns;
	u32 expected = (u32)args[5];
	struct abi_timespec ts;

	if (args[3] && has_timeout(cmd)) {
		if (abi_timespec_get(&ts, args[3], form))
			return -EFAULT;
		if (abi_timespec_ns(&ts, &ns))
			return -EINVAL;
		deadline = deadline_of(cmd, (u32)args[1], ns);
	}
	if ((args[1] & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET: return wait_for(cmd, args, deadline);
	case FUTEX_WAKE: return futex_wake(args[0], shared, (int)args[2], FUTEX_ANY);
	case FUTEX_WAKE_BITSET: return futex_wake(args[0], shared, (int)args[2], expected);
	case FUTEX_REQUEUE:
		return futex_requeue(args[0], args[4], shared, (int)args[2], (int)args[3], NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(
			args[0], args[4], shared, (int)args[2], (int)args[3], &expected);
	case FUTEX_WAKE_OP:
		return futex_wake_op(
			args[0], args[4], shared, (int)args[2], (int)args[3], expected);
	default: return -ENOSYS;
	}
}

SYSCALL(futex)
{
	return sys_futex_in(args, TIME_LONG);
}
