/*
 * Structures that programs hand to system calls, where Linux builds them from C's own types: they
 * then have the layout of the machine by themselves. What differs otherwise is in machine/abi.h.
 */
#pragma once

#include "lib/types.h"

/*
 * A timespec as the kernel handles it, whatever form the program's has. Where C's long has 32 bits
 * there are two of each call with one: the first form has longs, that of the calls with "64" in
 * their name has this very layout.
 */
struct abi_timespec {
	s64 sec, nsec;
};
enum time_form { TIME_LONG, TIME_64 };
/*
 * A lock of fcntl, with the two forms that a timespec has: this is the one with "64" in its name.
 */
struct abi_flock {
	s16 type, whence;
	s64 start, len;
	s32 pid;
};
enum flock_form { FLOCK_LONG, FLOCK_64 };
struct abi_timeval {
	long sec, usec;
};
struct abi_itimerval {
	struct abi_timeval interval, value;
};
struct abi_tms {
	long utime, stime, cutime, cstime; /* ticks of 1/100 s */
};
struct abi_rusage {
	struct abi_timeval utime, stime;
	long maxrss; /* KiB */
	long ixrss, idrss, isrss;
	long minflt, majflt;
	long nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};
struct abi_sysinfo {
	long uptime;
	ulong loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	ulong totalhigh, freehigh;
	u32 mem_unit;
	char room[20 - 2 * sizeof(ulong) - sizeof(u32)];
};
struct abi_utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};
/* What uname(2) answers; /proc too. */
void system_name_get(struct abi_utsname *out);
enum system_name_part { SYSTEM_NODE, SYSTEM_DOMAIN };
/* Set one of its parts to n bytes at text: 0, or -EINVAL for more than 64. */
int system_name_set(enum system_name_part part, const char *text, size_t n);
struct abi_stack {
	ulong sp;
	s32 flags;
	ulong size;
};
/* siginfo_t: 128 bytes, of which the union has what follows its alignment. */
struct abi_siginfo {
	s32 signo, err, code;
	union {
		struct {
			s32 pid;
			u32 uid;
			ulong value;
		} kill;
		struct {
			s32 pid;
			u32 uid;
			s32 status;
			long utime, stime;
		} child;
		struct {
			ulong addr;
		} fault;
		ulong room[128 / sizeof(ulong) - (sizeof(ulong) == 4 ? 3 : 2)];
	};
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t has 128 bytes");

struct usage;
/* A process's usage as rusage. */
void abi_fill_rusage(struct abi_rusage *r, const struct usage *u);
/*
 * Read or write one timespec at user address va: 0 or -EFAULT. The longs of the first form hold the
 * seconds' lower bits, as with Linux.
 */
int abi_timespec_get(struct abi_timespec *ts, ulong va, enum time_form form);
int abi_timespec_put(ulong va, const struct abi_timespec *ts, enum time_form form);
size_t abi_timespec_size(enum time_form form);
/*
 * The ns of a timespec into *ns, cut to what 64 bits hold. -EINVAL if it is none (negative, or a
 * whole second of ns).
 */
int abi_timespec_ns(const struct abi_timespec *ts, u64 *ns);
struct abi_timespec abi_timespec_of(u64 ns);
struct abi_timeval abi_timeval_of(u64 ns);
