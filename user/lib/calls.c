/*
 * System calls whose C form is the kernel's form, and those that are a small step away: the
 * forms without "at" go through the forms with it, which are the only ones on new machines.
 * Calls with 64-bit arguments are in MACHINE/wide.c.
 */
#include "internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Descriptors */

ssize_t read(int fd, void *buf, size_t n)
{
	return CALL(SYS_read, fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return CALL(SYS_write, fd, buf, n);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	return CALL(SYS_readv, fd, iov, count);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return CALL(SYS_writev, fd, iov, count);
}

int close(int fd)
{
	return CALL(SYS_close, fd);
}

int dup(int fd)
{
	return CALL(SYS_dup, fd);
}

int dup3(int from, int to, int flags)
{
	return CALL(SYS_dup3, from, to, flags);
}

int dup2(int from, int to)
{
	/* dup3 refuses equal descriptors; dup2 only asks whether the descriptor is open. */
	if (from == to)
		return fcntl(from, F_GETFD) < 0 ? -1 : to;
	return dup3(from, to, 0);
}

int pipe2(int fds[2], int flags)
{
	return CALL(SYS_pipe2, fds, flags);
}

int pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int fsync(int fd)
{
	return CALL(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return CALL(SYS_fdatasync, fd);
}

void sync(void)
{
	RAW_CALL(SYS_sync);
}

int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return CALL(SYS_fcntl, fd, cmd, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	return CALL(SYS_ioctl, fd, request, arg);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	/* The kernel writes the time that was left into its argument. */
	struct timespec left = { 0, 0 };

	if (timeout)
		left = *timeout;
	return CALL(SYS_ppoll, fds, count, timeout ? &left : NULL, mask, sizeof(sigset_t));
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };

	return ppoll(fds, count, timeout < 0 ? NULL : &ts, NULL);
}

/* Files and directories by name */

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return CALL(SYS_openat, dirfd, path, flags | O_LARGEFILE, mode);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return openat(AT_FDCWD, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return CALL(SYS_fstatat, dirfd, path, st, flags);
}

int stat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return CALL(SYS_fstat, fd, st);
}

int faccessat(int dirfd, const char *path, int mode, int flags)
{
	/*
	 * The kernel's call has no flags: they ask for the effective ids, which here are the real
	 * ones.
	 */
	(void)flags;
	return CALL(SYS_faccessat, dirfd, path, mode);
}

int access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return CALL(SYS_mkdirat, dirfd, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int mknod(const char *path, mode_t mode, dev_t dev)
{
	return CALL(SYS_mknodat, AT_FDCWD, path, mode, (unsigned)dev);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return CALL(SYS_unlinkat, dirfd, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	return errno == EISDIR ? rmdir(path) : -1;
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return CALL(SYS_linkat, from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlink(const char *target, const char *path)
{
	return CALL(SYS_symlinkat, target, AT_FDCWD, path);
}

ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	return CALL(SYS_readlinkat, dirfd, path, buf, size);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
	return readlinkat(AT_FDCWD, path, buf, size);
}

int rename(const char *from, const char *to)
{
	return CALL(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int chmod(const char *path, mode_t mode)
{
	return CALL(SYS_fchmodat, AT_FDCWD, path, mode);
}

int fchmod(int fd, mode_t mode)
{
	return CALL(SYS_fchmod, fd, mode);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
	return CALL(SYS_fchownat, AT_FDCWD, path, uid, gid, 0);
}

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	return CALL(SYS_utimensat, dirfd, path, times, flags);
}

int futimens(int fd, const struct timespec times[2])
{
	return CALL(SYS_utimensat, fd, NULL, times, 0);
}

mode_t umask(mode_t mask)
{
	return RAW_CALL(SYS_umask, mask);
}

int chdir(const char *path)
{
	return CALL(SYS_chdir, path);
}

int fchdir(int fd)
{
	return CALL(SYS_fchdir, fd);
}

char *getcwd(char *buf, size_t size)
{
	if (!buf) {
		char path[PATH_MAX];

		return getcwd(path, sizeof(path)) ? strdup(path) : NULL;
	}
	return CALL(SYS_getcwd, buf, size) < 0 ? NULL : buf;
}

ssize_t getdents64(int fd, void *buf, size_t size)
{
	return CALL(SYS_getdents64, fd, buf, size);
}

/* Memory */

int munmap(void *addr, size_t len)
{
	return CALL(SYS_munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return CALL(SYS_mprotect, addr, len, prot);
}

int msync(void *addr, size_t len, int flags)
{
	return CALL(SYS_msync, addr, len, flags);
}

int madvise(void *addr, size_t len, int advice)
{
	return CALL(SYS_madvise, addr, len, advice);
}

int mincore(void *addr, size_t len, unsigned char *vec)
{
	return CALL(SYS_mincore, addr, len, vec);
}

int mlock(const void *addr, size_t len)
{
	return CALL(SYS_mlock, addr, len);
}

int munlock(const void *addr, size_t len)
{
	return CALL(SYS_munlock, addr, len);
}

void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...)
{
	void *to = NULL;

	if (flags & MREMAP_FIXED) {
		va_list ap;

		va_start(ap, flags);
		to = va_arg(ap, void *);
		va_end(ap);
	}
	return (void *)CALL(SYS_mremap, addr, old_len, new_len, flags, to);
}

/* The kernel answers with the break it has, moved or not. */
int brk(void *end)
{
	if ((void *)RAW_CALL(SYS_brk, end) != end) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void *sbrk(intptr_t delta)
{
	char *end = (char *)RAW_CALL(SYS_brk, 0);

	if (delta != 0 && brk(end + delta) < 0)
		return (void *)-1;
	return end;
}

/* Processes */

pid_t fork(void)
{
	return CALL(SYS_clone, SIGCHLD);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return CALL(SYS_execve, path, argv, envp);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return CALL(SYS_wait4, pid, status, options, usage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
	return waitpid(-1, status, 0);
}

int waitid(int type, id_t id, siginfo_t *info, int options)
{
	return CALL(SYS_waitid, type, id, info, options, NULL);
}

pid_t getpid(void)
{
	return RAW_CALL(SYS_getpid);
}

pid_t getppid(void)
{
	return RAW_CALL(SYS_getppid);
}

pid_t gettid(void)
{
	return RAW_CALL(SYS_gettid);
}

pid_t getpgid(pid_t pid)
{
	return CALL(SYS_getpgid, pid);
}

pid_t getpgrp(void)
{
	return getpgid(0);
}

int setpgid(pid_t pid, pid_t pgrp)
{
	return CALL(SYS_setpgid, pid, pgrp);
}

pid_t getsid(pid_t pid)
{
	return CALL(SYS_getsid, pid);
}

pid_t setsid(void)
{
	return CALL(SYS_setsid);
}

uid_t getuid(void)
{
	return RAW_CALL(SYS_getuid);
}

uid_t geteuid(void)
{
	return RAW_CALL(SYS_geteuid);
}

gid_t getgid(void)
{
	return RAW_CALL(SYS_getgid);
}

gid_t getegid(void)
{
	return RAW_CALL(SYS_getegid);
}

int prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	  unsigned long arg5)
{
	return CALL(SYS_prctl, option, arg2, arg3, arg4, arg5);
}

int prlimit(pid_t pid, int resource, const struct rlimit *limit, struct rlimit *old)
{
	return CALL(SYS_prlimit64, pid, resource, limit, old);
}

int getrlimit(int resource, struct rlimit *limit)
{
	return prlimit(0, resource, NULL, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
	return prlimit(0, resource, limit, NULL);
}

int getrusage(int who, struct rusage *usage)
{
	return CALL(SYS_getrusage, who, usage);
}

/* The system */

int uname(struct utsname *name)
{
	return CALL(SYS_uname, name);
}

int sysinfo(struct sysinfo *info)
{
	return CALL(SYS_sysinfo, info);
}

ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
	return CALL(SYS_getrandom, buf, n, flags);
}

/* The two magic numbers guard against a call by accident (reboot(2)). */
int reboot(unsigned command)
{
	return CALL(SYS_reboot, 0xfee1dead, 672274793, command, NULL);
}

long sysconf(int name)
{
	struct rlimit limit;

	switch (name) {
	case _SC_PAGESIZE:
		return 4096;
	case _SC_CLK_TCK:
		return 100;
	case _SC_OPEN_MAX:
		if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
			return -1;
		return limit.rlim_cur == RLIM_INFINITY ? -1 : (long)limit.rlim_cur;
	default:
		errno = EINVAL;
		return -1;
	}
}

/* Terminals */

int tcgetattr(int fd, struct termios *t)
{
	return ioctl(fd, TCGETS, t);
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	if (when < TCSANOW || when > TCSAFLUSH) {
		errno = EINVAL;
		return -1;
	}
	return ioctl(fd, TCSETS + when, t);
}

pid_t tcgetpgrp(int fd)
{
	pid_t pgrp;

	return ioctl(fd, TIOCGPGRP, &pgrp) < 0 ? -1 : pgrp;
}

int tcsetpgrp(int fd, pid_t pgrp)
{
	return ioctl(fd, TIOCSPGRP, &pgrp);
}

void cfmakeraw(struct termios *t)
{
	t->c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | IXON);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t->c_cflag = (t->c_cflag & ~(tcflag_t)CSIZE) | CS8;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

int isatty(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}
