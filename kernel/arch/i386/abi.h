/*
 * What the files with this machine's own system calls share: the handlers in them, by file.
 * Structures and rules are those of Linux's 32-bit x86 calls; a handler is commented where it does
 * more than to turn its arguments into those of the call in sys/ that it stands for.
 */
#pragma once

#include "fs/path.h"
#include "sys/syscalls.h"

struct thread;
struct trapframe;

#define CWD ((ulong)AT_FDCWD) /* as an argument word */

/* abi_file.c */
SYSCALL(open);
SYSCALL(creat);
SYSCALL(link);
SYSCALL(unlink);
SYSCALL(mkdir);
SYSCALL(rmdir);
SYSCALL(mknod);
SYSCALL(symlink);
SYSCALL(readlink);
SYSCALL(rename);
SYSCALL(renameat);
SYSCALL(access);
SYSCALL(chmod);
SYSCALL(chown32);
SYSCALL(lchown32);
SYSCALL(chown16);
SYSCALL(lchown16);
SYSCALL(fchown16);
SYSCALL(dup2);
SYSCALL(fcntl64);
SYSCALL(pipe);
SYSCALL(poll);
SYSCALL(llseek);
SYSCALL(pread64_pair);
SYSCALL(pwrite64_pair);
SYSCALL(preadv_pair);
SYSCALL(pwritev_pair);
SYSCALL(preadv2_pair);
SYSCALL(pwritev2_pair);
SYSCALL(fadvise64_pair);
SYSCALL(fadvise64_64);
SYSCALL(sync_file_range_pairs);
SYSCALL(truncate64);
SYSCALL(fallocate_pairs);
SYSCALL(ftruncate64);
SYSCALL(sendfile32);
SYSCALL(mmap_struct);
SYSCALL(mmap2);

/* abi_stat.c */
SYSCALL(stat);
SYSCALL(lstat);
SYSCALL(fstat32);
SYSCALL(stat64);
SYSCALL(lstat64);
SYSCALL(statfs32);
SYSCALL(fstatfs32);
SYSCALL(statfs64);
SYSCALL(fstatfs64);

/* abi_time.c */
SYSCALL(time);
SYSCALL(stime);
SYSCALL(alarm);
SYSCALL(select);
SYSCALL(select_struct);
SYSCALL(utime);
SYSCALL(utimes);
SYSCALL(futimesat);
SYSCALL(clock_gettime64);
SYSCALL(clock_getres64);
SYSCALL(clock_settime64);
SYSCALL(clock_nanosleep64);
SYSCALL(ppoll64);
SYSCALL(pselect6_64);
SYSCALL(sched_rr_get_interval64);
SYSCALL(rt_sigtimedwait64);
SYSCALL(timer_gettime64);
SYSCALL(timer_settime64);
SYSCALL(futex64);
SYSCALL(utimensat64);

/* abi_proc.c */
SYSCALL(fork);
SYSCALL(vfork);
SYSCALL(nice);
SYSCALL(waitpid);
SYSCALL(getpgrp);
SYSCALL(setrlimit);
SYSCALL(getrlimit);
SYSCALL(getrlimit_old);
SYSCALL(getuid16);
SYSCALL(geteuid16);
SYSCALL(getgid16);
SYSCALL(getegid16);
SYSCALL(setuid16);
SYSCALL(setgid16);
SYSCALL(setreuid16);
SYSCALL(setregid16);
SYSCALL(setresuid16);
SYSCALL(setresgid16);
SYSCALL(getresuid16);
SYSCALL(getresgid16);

/* abi_signal.c */
SYSCALL(pause);
SYSCALL(signal);
SYSCALL(sigaction);
SYSCALL(sgetmask);
SYSCALL(ssetmask);
SYSCALL(sigprocmask);
SYSCALL(sigpending);
SYSCALL(sigsuspend);
SYSCALL(sigreturn);

/* tls.c */
SYSCALL(set_thread_area);
SYSCALL(get_thread_area);

/*
 * signal.c: as sigframe_pop (arch/signal.h), for the frame of a handler without SA_SIGINFO.
 */
int sigframe_pop_old(struct trapframe *tf, struct thread *t, u64 *mask);

/* A user or group number of 16 bits as one of 32; all ones is -1 in either. */
static inline ulong id_from16(ulong id)
{
	return (u16)id == 0xffff ? ~0ul : (u16)id;
}

#define ID_OVERFLOW 65534 /* stands for every number that 16 bits cannot hold */
static inline u16 id_to16(u32 id)
{
	return id > UINT16_MAX ? ID_OVERFLOW : (u16)id;
}
