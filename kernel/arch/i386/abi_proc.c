/*
 * Processes: calls that newer machines do not have, user and group numbers of 16 bits, limits
 * of 32.
 */
#include "abi.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "sys/parts.h"
#include "vm/uaccess.h"

SYSCALL(fork)
{
	const struct clone_args a = {.flags = SIGCHLD};

	(void)args;
	return proc_clone(&a);
}

SYSCALL(vfork)
{
	const struct clone_args a = {.flags = CLONE_VFORK | CLONE_VM | SIGCHLD};

	(void)args;
	return proc_clone(&a);
}

SYSCALL(nice)
{
	return sys_nice_by((int)args[0]);
}

SYSCALL(waitpid)
{
	const ulong a[] = {args[0], args[1], args[2], 0};

	return sys_wait4(a);
}

SYSCALL(getpgrp)
{
	(void)args;
	return current_proc()->pgid;
}

/* --- limits --- */

struct rlimit32 {
	u32 cur, max; /* ~0: unlimited */
};

static u64 limit_from32(u32 v)
{
	return v == UINT32_MAX ? RLIM_INFINITY : v;
}

SYSCALL(setrlimit)
{
	struct rlimit_pair new, old;
	struct rlimit32 u;

	if (COPYIN(&u, args[1]))
		return -EFAULT;
	new = (struct rlimit_pair){limit_from32(u.cur), limit_from32(u.max)};
	return sys_limit((unsigned)args[0], &new, &old);
}

/* What is greater than `most` is told as `most`. */
static long get_limit(const ulong *args, u32 most)
{
	struct rlimit_pair now;
	struct rlimit32 u;
	long err = sys_limit((unsigned)args[0], NULL, &now);

	if (err)
		return err;
	u = (struct rlimit32){(u32)MIN(now.cur, (u64)most), (u32)MIN(now.max, (u64)most)};
	return COPYOUT(args[1], &u);
}

SYSCALL(getrlimit)
{
	return get_limit(args, UINT32_MAX);
}

/* Of an age when limits were signed. */
SYSCALL(getrlimit_old)
{
	return get_limit(args, INT32_MAX);
}

/* --- user and group numbers of 16 bits --- */

SYSCALL(getuid16)
{
	(void)args;
	return id_to16(current_proc()->uid);
}

SYSCALL(geteuid16)
{
	(void)args;
	return id_to16(current_proc()->euid);
}

SYSCALL(getgid16)
{
	(void)args;
	return id_to16(current_proc()->gid);
}

SYSCALL(getegid16)
{
	(void)args;
	return id_to16(current_proc()->egid);
}

/* Call the form with 32 bits for n numbers. */
static long with_ids(syscall_fn fn, const ulong *args, unsigned n)
{
	ulong ids[3];

	for (unsigned i = 0; i < n; i++)
		ids[i] = id_from16(args[i]);
	return fn(ids);
}

SYSCALL(setuid16)
{
	return with_ids(sys_setuid, args, 1);
}

SYSCALL(setgid16)
{
	return with_ids(sys_setgid, args, 1);
}

SYSCALL(setreuid16)
{
	return with_ids(sys_setreuid, args, 2);
}

SYSCALL(setregid16)
{
	return with_ids(sys_setregid, args, 2);
}

SYSCALL(setresuid16)
{
	return with_ids(sys_setresuid, args, 3);
}

SYSCALL(setresgid16)
{
	return with_ids(sys_setresgid, args, 3);
}

static long put_ids(const ulong *args, u32 real, u32 effective, u32 saved)
{
	const u16 ids[] = {id_to16(real), id_to16(effective), id_to16(saved)};

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		if (COPYOUT(args[i], &ids[i]))
			return -EFAULT;
	return 0;
}

SYSCALL(getresuid16)
{
	const struct proc *p = current_proc();

	return put_ids(args, p->uid, p->euid, p->suid);
}

SYSCALL(getresgid16)
{
	const struct proc *p = current_proc();

	return put_ids(args, p->gid, p->egid, p->sgid);
}
