/*
 * Error numbers, Linux's values (asm-generic/errno-base.h and errno.h of its user API; they are
 * the same on riscv64 and i386). Functions return them negated.
 */
#pragma once

#define EPERM 1
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define ENOEXEC 8
#define EBADF 9
#define ECHILD 10
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define ENOTBLK 15
#define EBUSY 16
#define EEXIST 17
#define EXDEV 18
#define ENODEV 19
#define ENOTDIR 20
#define EISDIR 21
#define EINVAL 22
#define ENFILE 23
#define EMFILE 24
#define ENOTTY 25
#define ETXTBSY 26
#define EFBIG 27
#define ENOSPC 28
#define ESPIPE 29
#define EROFS 30
#define EMLINK 31
#define EPIPE 32
#define EDOM 33
#define ERANGE 34
#define EDEADLK 35
#define ENAMETOOLONG 36
#define ENOLCK 37
#define ENOSYS 38
#define ENOTEMPTY 39
#define ELOOP 40
#define EOVERFLOW 75
#define EOPNOTSUPP 95
#define ETIMEDOUT 110

/*
 * Never seen by a program. A system call that a signal interrupted returns one of these; the
 * return path turns them into EINTR or backs the program counter up to run the call again.
 */
#define ERESTARTSYS 512   /* again, unless the handler was installed without SA_RESTART */
#define ERESTARTNOHAND 514 /* again only if no handler ran */
#define ERESTARTNOINTR 513 /* again in any case */
/* as ERESTARTNOHAND; the sleep then ends at the thread's restart_deadline */
#define ERESTART_SLEEP 515
#define ENORESULT 516	   /* the call has set all registers itself */
