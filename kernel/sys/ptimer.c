/*
 * POSIX timers: the calls.
 */
#include "proc/ptimer.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

#define TIMER_ABSTIME 1u
#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4

/* struct sigevent */
struct abi_sigevent {
	ulong value;
	s32 signo, notify, tid;
	char room[64 - sizeof(ulong) - 3 * sizeof(s32)];
};
_Static_assert(sizeof(struct abi_sigevent) == 64, "sigevent_t has 64 bytes");

/* Of the forms of notification the C library makes SIGEV_THREAD out of a thread's signal. */
static int event_of(const struct abi_sigevent *u, struct ptimer_event *ev)
{
	*ev = (struct ptimer_event){.value = u->value, .sig = u->signo};
	switch (u->notify) {
	case SIGEV_NONE: ev->silent = true; return 0;
	case SIGEV_THREAD_ID:
		if (u->tid <= 0)
			return -EINVAL;
		ev->tid = u->tid;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: break;
	default: return -EINVAL;
	}
	return u->signo < 1 || u->signo > NSIG ? -EINVAL : 0;
}

SYSCALL(timer_create)
{
	struct ptimer_event ev = {.sig = SIGALRM, .own_value = true};
	struct abi_sigevent u;
	int id, err;

	if (args[1] && COPYIN(&u, args[1]))
		return -EFAULT;
	err = sys_judge_timer_clock((int)args[0]);
	if (!err && args[1])
		err = event_of(&u, &ev);
	if (err)
		return err;
	ev.real = sys_is_real_clock((int)args[0]);
	id = ptimer_create(&ev);
	if (id < 0)
		return id;
	if (COPYOUT(args[2], &id)) {
		ptimer_delete(id);
		return -EFAULT;
	}
	return 0;
}

SYSCALL(timer_delete)
{
	return ptimer_delete((int)args[0]);
}

SYSCALL(timer_getoverrun)
{
	return ptimer_overrun((int)args[0]);
}

/* struct itimerspec: interval, then what is left. */
static int put_value(ulong va, const struct itimer_value *v, enum time_form form)
{
	struct abi_timespec interval = abi_timespec_of(v->interval),
			    left = abi_timespec_of(v->left);

	if (abi_timespec_put(va, &interval, form) ||
		abi_timespec_put(va + abi_timespec_size(form), &left, form))
		return -EFAULT;
	return 0;
}

long sys_timer_gettime_in(const ulong *args, enum time_form form)
{
	struct itimer_value now;
	int err = ptimer_get((int)args[0], &now);

	return err ? err : put_value(args[1], &now, form);
}

SYSCALL(timer_gettime)
{
	return sys_timer_gettime_in(args, TIME_LONG);
}

long sys_timer_settime_in(const ulong *args, enum time_form form)
{
	struct abi_timespec interval, first;
	struct itimer_value set, old;
	int err;

	if (!args[2])
		return -EINVAL;
	if (abi_timespec_get(&interval, args[2], form) ||
		abi_timespec_get(&first, args[2] + abi_timespec_size(form), form))
		return -EFAULT;
	if (abi_timespec_ns(&interval, &set.interval) || abi_timespec_ns(&first, &set.left))
		return -EINVAL;
	err = ptimer_set((int)args[0], &set, (u32)args[1] & TIMER_ABSTIME, &old);
	if (err || !args[3])
		return err;
	return put_value(args[3], &old, form);
}

SYSCALL(timer_settime)
{
	return sys_timer_settime_in(args, TIME_LONG);
}
