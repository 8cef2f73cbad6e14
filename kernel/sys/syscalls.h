/*
 * The system calls, one handler each. args are the call's argument words, unchecked. A machine's
 * own table (machine/syscall_table.h) says which number calls what; where a machine passes 64-bit
 * arguments in pairs of words, its own wrappers stand in its folder.
 */
#pragma once

#include "lib/types.h"
#include "proc/trap.h"

#define SYSCALL(name) long sys_##name(const ulong *args)

/* mem.c */
SYSCALL(brk);
SYSCALL(mmap);
SYSCALL(munmap);
SYSCALL(mprotect);
SYSCALL(mremap);
SYSCALL(madvise);
SYSCALL(mincore);
SYSCALL(msync);
SYSCALL(mlock);
SYSCALL(mlock2);
SYSCALL(munlock);
SYSCALL(mlockall);
SYSCALL(munlockall);
/* mmap with the offset in pages: what mmap and the calls of other machines come to. */
long mmap_pages(ulong addr, ulong len, ulong prot, ulong flags, int fd, ulong pgoff);

/* file.c */
SYSCALL(openat);
SYSCALL(close);
SYSCALL(read);
SYSCALL(write);
SYSCALL(readv);
SYSCALL(writev);
SYSCALL(pread64);
SYSCALL(pwrite64);
SYSCALL(preadv);
SYSCALL(pwritev);
SYSCALL(preadv2);
SYSCALL(pwritev2);
SYSCALL(lseek);
SYSCALL(dup);
SYSCALL(dup3);
SYSCALL(pipe2);
SYSCALL(fcntl);
SYSCALL(ioctl);
SYSCALL(ppoll);
SYSCALL(sendfile);
SYSCALL(fsync);
SYSCALL(fdatasync);
SYSCALL(sync);
SYSCALL(ftruncate);

/* lock.c */
SYSCALL(flock);

/* range.c */
SYSCALL(close_range);
SYSCALL(fadvise64);
SYSCALL(sync_file_range);

/* select.c */
SYSCALL(pselect6);

/* memfile.c */
SYSCALL(fallocate);
SYSCALL(memfd_create);

/* path.c */
SYSCALL(fstat);
SYSCALL(newfstatat);
SYSCALL(statx);
SYSCALL(getdents64);
SYSCALL(mkdirat);
SYSCALL(mknodat);
SYSCALL(unlinkat);
SYSCALL(linkat);
SYSCALL(symlinkat);
SYSCALL(readlinkat);
SYSCALL(renameat2);
SYSCALL(faccessat);
SYSCALL(fchmodat);
SYSCALL(fchmod);
SYSCALL(fchownat);
SYSCALL(fchown);
SYSCALL(truncate);
SYSCALL(utimensat);
SYSCALL(statfs);
SYSCALL(fstatfs);
SYSCALL(chdir);
SYSCALL(fchdir);
SYSCALL(getcwd);
SYSCALL(umask);

/* proc.c */
SYSCALL(clone);
SYSCALL(execve);
SYSCALL(exit);
SYSCALL(exit_group);
SYSCALL(wait4);
SYSCALL(waitid);
SYSCALL(getpid);
SYSCALL(getppid);
SYSCALL(gettid);
SYSCALL(getuid);
SYSCALL(geteuid);
SYSCALL(getgid);
SYSCALL(getegid);
SYSCALL(getresuid);
SYSCALL(getresgid);
SYSCALL(getgroups);
SYSCALL(setuid);
SYSCALL(setgid);
SYSCALL(setreuid);
SYSCALL(setregid);
SYSCALL(setresuid);
SYSCALL(setresgid);
SYSCALL(setpgid);
SYSCALL(getpgid);
SYSCALL(setsid);
SYSCALL(getsid);
SYSCALL(set_tid_address);
SYSCALL(set_robust_list);
SYSCALL(get_robust_list);
SYSCALL(prlimit64);
SYSCALL(prctl);
SYSCALL(sched_yield);
SYSCALL(getrusage);
SYSCALL(times);

/* sched.c */
SYSCALL(sched_setscheduler);
SYSCALL(sched_getscheduler);
SYSCALL(sched_setparam);
SYSCALL(sched_getparam);
SYSCALL(sched_get_priority_max);
SYSCALL(sched_get_priority_min);
SYSCALL(sched_rr_get_interval);
SYSCALL(sched_setaffinity);
SYSCALL(sched_getaffinity);
SYSCALL(getcpu);
SYSCALL(setpriority);
SYSCALL(getpriority);

/* signal.c */
SYSCALL(kill);
SYSCALL(tgkill);
SYSCALL(tkill);
SYSCALL(rt_sigaction);
SYSCALL(rt_sigprocmask);
SYSCALL(rt_sigreturn);
SYSCALL(rt_sigpending);
SYSCALL(rt_sigsuspend);
SYSCALL(rt_sigtimedwait);
SYSCALL(rt_sigqueueinfo);
SYSCALL(rt_tgsigqueueinfo);
SYSCALL(sigaltstack);
SYSCALL(setitimer);
SYSCALL(getitimer);

/* ptimer.c */
SYSCALL(timer_create);
SYSCALL(timer_delete);
SYSCALL(timer_getoverrun);
SYSCALL(timer_gettime);
SYSCALL(timer_settime);

/* futex.c */
SYSCALL(futex);

/* time.c */
SYSCALL(clock_gettime);
SYSCALL(clock_getres);
SYSCALL(clock_nanosleep);
SYSCALL(clock_settime);
SYSCALL(nanosleep);
SYSCALL(gettimeofday);
SYSCALL(settimeofday);

/* system.c */
SYSCALL(membarrier);
SYSCALL(personality);
SYSCALL(setdomainname);
SYSCALL(sethostname);
SYSCALL(uname);
SYSCALL(sysinfo);
SYSCALL(getrandom);
SYSCALL(reboot);
