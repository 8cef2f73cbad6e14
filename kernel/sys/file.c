/*
 * Calls on descriptors: open, close, read and write in all their forms, seek, dup, pipe, fcntl,
 * ioctl, poll, sync.
 *
 * Judged here, in Linux's order: the descriptor, how it was opened, the buffer's range, the
 * numbers. What the file then says is its own affair.
 */
#include "sys/parts.h"

#include "fs/path.h"
#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/syscalls.h"
#include "vm/kmalloc.h"
#include "vm/obj.h"
#include "vm/page.h"
#include "vm/uaccess.h"
#include "fs/inode.h"

#define RW_MAX 0x7ffff000ul /* bytes of one call: Linux's MAX_RW_COUNT */
#define IOV_MAX 1024u
#define IOV_INLINE 8u

static struct files *current_files(void)
{
	return current_thread()->files;
}

static struct file *get_file(ulong fd)
{
	return files_get_own((int)fd);
}

SYSCALL(openat)
{
	u32 flags = (u32)args[2];
	struct file *f;
	char *path;
	int err = path_copyin(args[1], &path), fd;

	if (err)
		return err;
	if (sizeof(long) == 8)
		flags |= O_LARGEFILE;
	/* Before a file is made or cut off, or a FIFO waited for. */
	fd = files_reserve(current_files());
	err = fd < 0 ? fd : fs_open((int)args[0], path, flags, (u32)args[3] & 07777, &f);
	path_free(path);
	if (!err)
		files_fill_reserved(current_files(), fd, f, flags & O_CLOEXEC);
	else if (fd >= 0)
		files_release(current_files(), fd);
	return err ? err : fd;
}

SYSCALL(close)
{
	return files_close(current_files(), (int)args[0]);
}

/* --- read and write --- */

/* One transfer at *pos, which must not end beyond the largest offset. */
static inline ssize_t transfer_at(struct file *f, struct uio *u, bool write, off_t *pos)
{
	if ((u64)*pos + u->left > INT64_MAX)
		return -EINVAL;
	return write ? f->ops->write(f, u, pos) : f->ops->read(f, u, pos);
}

/* One at the file's own position, which moves. Out of line: pipes and terminals have none. */
static NOINLINE ssize_t transfer_on(struct file *f, struct uio *u, bool write)
{
	ssize_t n;

	mutex_lock(&f->pos_lock);
	n = transfer_at(f, u, write, &f->pos);
	mutex_unlock(&f->pos_lock);
	return n;
}

/* Hand the uio to the file. With pos NULL the file's own position is used and moved. */
static ssize_t transfer(struct file *f, struct uio *u, bool write, off_t *pos)
{
	if (!(write ? f->ops->write : f->ops->read))
		return -EINVAL;
	if (pos || !f->ops->seek)
		return transfer_at(f, u, write, pos ? pos : &f->pos);
	return transfer_on(f, u, write);
}

/*
 * The open file for a transfer: -EBADF if it is not open for that; with `at` first -ESPIPE if it
 * has no positions.
 */
static int get_for(ulong fd, bool write, bool at, struct file **out)
{
	struct file *f = get_file(fd);
	int err = 0;

	if (!f)
		return -EBADF;
	if (at && !f->ops->seek && !(f->flags & O_PATH))
		err = -ESPIPE;
	else if (!(write ? file_writable(f) : file_readable(f)))
		err = -EBADF;
	if (err)
		file_drop(f);
	else
		*out = f;
	return err;
}

static long rw(const ulong *args, bool write, off_t *pos)
{
	struct file *f;
	struct iovec iov;
	struct uio u;
	long n = get_for(args[0], write, pos != NULL, &f);

	if (n)
		return n;
	if (!uaccess_ok(args[1], args[2])) {
		n = -EFAULT;
	} else {
		uio_init(&u, &iov, args[1], MIN(args[2], RW_MAX), false);
		n = transfer(f, &u, write, pos);
	}
	file_drop(f);
	return n;
}

SYSCALL(read)
{
	return rw(args, false, NULL);
}

SYSCALL(write)
{
	return rw(args, true, NULL);
}

long sys_pread_at(const ulong *args, off_t pos)
{
	return pos < 0 ? -EINVAL : rw(args, false, &pos);
}

long sys_pwrite_at(const ulong *args, off_t pos)
{
	return pos < 0 ? -EINVAL : rw(args, true, &pos);
}

SYSCALL(pread64)
{
	return sys_pread_at(args, (off_t)(long)args[3]);
}

SYSCALL(pwrite64)
{
	return sys_pwrite_at(args, (off_t)(long)args[3]);
}

/* The flags of preadv2 and pwritev2. HIPRI asks for haste where a device can be asked. */
#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u
#define RWF_KNOWN (RWF_HIPRI | RWF_DSYNC | RWF_SYNC)

/*
 * n bytes were written and shall be on the disk, if they belong there. n, or why they are not.
 */
static ssize_t sync_written(struct file *f, bool all, ssize_t n)
{
	bool stored = f->inode && inode_is_reg(f->inode) && f->ops->sync;
	int err = stored ? f->ops->sync(f, !all) : 0;

	return err ? err : n;
}

/* Copy a program's vector in and judge it: the sum of the lengths, or -errno. */
static ssize_t iov_copyin(struct iovec *iov, ulong from, u32 n)
{
	ulong total = 0;

	if (copyin(iov, from, n * sizeof(*iov)))
		return -EFAULT;
	for (u32 i = 0; i < n; i++) {
		if ((ssize_t)iov[i].len < 0)
			return -EINVAL;
		if (!uaccess_ok(iov[i].base, iov[i].len))
			return -EFAULT;
		iov[i].len = MIN(iov[i].len, RW_MAX - total);
		total += iov[i].len;
	}
	return (ssize_t)total;
}

static long rw_vector(const ulong *args, bool write, off_t *pos, u32 flags)
{
	struct iovec few[IOV_INLINE], *iov = few;
	struct uio u = {0};
	struct file *f;
	ssize_t n = get_for(args[0], write, pos != NULL, &f);

	if (n)
		return n;
	if (args[2] > IOV_MAX)
		n = -EINVAL;
	else if (args[2] > IOV_INLINE && !(iov = kmalloc(args[2] * sizeof(*iov), ALLOC_WAIT)))
		n = -ENOMEM;
	else
		n = iov_copyin(iov, args[1], (u32)args[2]);
	if (n > 0) {
		u.iov = iov;
		u.left = (size_t)n;
		n = flags & ~RWF_KNOWN ? -EOPNOTSUPP : transfer(f, &u, write, pos);
		if (n > 0 && write && (flags & (RWF_DSYNC | RWF_SYNC)))
			n = sync_written(f, flags & RWF_SYNC, n);
	}
	if (iov != few)
		kmfree(iov);
	file_drop(f);
	return n;
}

SYSCALL(readv)
{
	return rw_vector(args, false, NULL, 0);
}

SYSCALL(writev)
{
	return rw_vector(args, true, NULL, 0);
}

long sys_preadv_at(const ulong *args, off_t pos, u32 flags)
{
	return pos < 0 ? -EINVAL : rw_vector(args, false, &pos, flags);
}

long sys_pwritev_at(const ulong *args, off_t pos, u32 flags)
{
	return pos < 0 ? -EINVAL : rw_vector(args, true, &pos, flags);
}

long sys_preadv2_at(const ulong *args, off_t pos, u32 flags)
{
	return pos == -1 ? rw_vector(args, false, NULL, flags) : sys_preadv_at(args, pos, flags);
}

long sys_pwritev2_at(const ulong *args, off_t pos, u32 flags)
{
	return pos == -1 ? rw_vector(args, true, NULL, flags) : sys_pwritev_at(args, pos, flags);
}

SYSCALL(preadv)
{
	return sys_preadv_at(args, (off_t)(long)args[3], 0);
}

SYSCALL(pwritev)
{
	return sys_pwritev_at(args, (off_t)(long)args[3], 0);
}

SYSCALL(preadv2)
{
	return sys_preadv2_at(args, (off_t)(long)args[3], (u32)args[5]);
}

SYSCALL(pwritev2)
{
	return sys_pwritev2_at(args, (off_t)(long)args[3], (u32)args[5]);
}

off_t sys_seek_to(ulong fd, off_t off, int whence)
{
	struct file *f = get_file(fd);
	off_t pos;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH) {
		pos = -EBADF;
	} else if (!f->ops->seek) {
		pos = -ESPIPE;
	} else {
		mutex_lock(&f->pos_lock);
		pos = f->ops->seek(f, off, whence);
		mutex_unlock(&f->pos_lock);
	}
	file_drop(f);
	return pos;
}

SYSCALL(lseek)
{
	off_t pos = sys_seek_to(args[0], (off_t)(long)args[1], (int)args[2]);

	return pos == (off_t)(long)pos ? (long)pos : -EOVERFLOW;
}

/* --- sendfile --- */

/* One buffer full from in at *in_pos to out. Bytes moved. */
static ssize_t send_piece(struct file *out, struct file *in, off_t *in_pos, char *buf, size_t n)
{
	struct iovec iov;
	struct uio u;
	off_t pos = *in_pos;
	ssize_t got, put;

	uio_init(&u, &iov, (ulong)buf, n, true);
	got = in->ops->read(in, &u, &pos);
	if (got <= 0)
		return got;
	uio_init(&u, &iov, (ulong)buf, (size_t)got, true);
	put = transfer(out, &u, true, NULL);
	if (put > 0)
		*in_pos += put;
	return put;
}

static ssize_t send_all(struct file *out, struct file *in, off_t *in_pos, size_t count)
{
	size_t step = MIN(count, (size_t)4 * PAGE_SIZE), done = 0;
	char *buf = kmalloc(MAX(step, (size_t)1), ALLOC_WAIT);
	ssize_t n = 0;

	if (!buf)
		return -ENOMEM;
	while (done < count) {
		n = send_piece(out, in, in_pos, buf, MIN(step, count - done));
		if (n <= 0)
			break;
		done += (size_t)n;
		if (signal_pending())
			break;
		sched_point();
	}
	kmfree(buf);
	return done ? (ssize_t)done : n;
}

/* Can count bytes be sent from this position, or (pos is NULL) the file's own? 0 or -errno. */
static int judge_source(const struct file *in, const off_t *pos, size_t count)
{
	off_t at = pos ? *pos : in->pos;

	if (pos && !in->ops->seek)
		return -ESPIPE;
	return at < 0 || count > (u64)INT64_MAX - (u64)at ? -EINVAL : 0;
}

/* From the input's own position. */
static ssize_t send_on(struct file *out, struct file *in, size_t count)
{
	off_t at = in->pos;
	ssize_t n = send_all(out, in, &at, count);

	if (n > 0) {
		mutex_lock(&in->pos_lock);
		in->pos = at;
		mutex_unlock(&in->pos_lock);
	}
	return n;
}

static u64 largest_file(const struct file *f)
{
	return f->inode && f->inode->fs ? f->inode->fs->file_max : INT64_MAX;
}

/* No further than both file systems' files can reach; -EOVERFLOW if that is nowhere. */
static int limit_sending(const struct file *out, const struct file *in, u64 at, size_t *count)
{
	u64 most = MIN(largest_file(out), largest_file(in));

	if (at + *count <= most)
		return 0;
	if (at >= most)
		return -EOVERFLOW;
	*count = (size_t)(most - at);
	return 0;
}

/* With pos, *pos is used and moved; else the input's own position. */
long sys_sendfile_at(ulong out_fd, ulong in_fd, off_t *pos, size_t count)
{
	struct file *in, *out;
	long n = get_for(in_fd, false, false, &in);

	if (n)
		return n;
	n = judge_source(in, pos, count);
	if (!n)
		n = get_for(out_fd, true, false, &out);
	if (n) {
		file_drop(in);
		return n;
	}
	count = MIN(count, RW_MAX);
	n = limit_sending(out, in, (u64)(pos ? *pos : in->pos), &count);
	if (!n && (!in->ops->seek || !in->ops->mmap || !in->ops->read || (out->flags & O_APPEND)))
		n = -EINVAL;
	if (!n)
		n = pos ? send_all(out, in, pos, count) : send_on(out, in, count);
	file_drop(out);
	file_drop(in);
	return n;
}

SYSCALL(sendfile)
{
	off_t pos;
	long n;

	if (!args[2])
		return sys_sendfile_at(args[0], args[1], NULL, args[3]);
	if (COPYIN(&pos, args[2]))
		return -EFAULT;
	n = sys_sendfile_at(args[0], args[1], &pos, args[3]);
	if (n >= 0 && COPYOUT(args[2], &pos))
		return -EFAULT;
	return n;
}

/* --- descriptors --- */

static long dup_from(struct file *f, int from, bool cloexec)
{
	int fd;

	file_hold(f);
	fd = files_install(current_files(), f, from, cloexec);
	if (fd < 0)
		file_drop(f);
	return fd;
}

SYSCALL(dup)
{
	struct file *f = get_file(args[0]);
	long fd;

	if (!f)
		return -EBADF;
	fd = dup_from(f, 0, false);
	file_drop(f);
	return fd;
}

SYSCALL(dup3)
{
	struct file *f;
	int fd;

	if ((u32)args[2] & ~(u32)O_CLOEXEC || (int)args[0] == (int)args[1])
		return -EINVAL;
	f = get_file(args[0]);
	if (!f)
		return -EBADF;
	fd = files_replace(current_files(), (int)args[1], f, (u32)args[2] & O_CLOEXEC);
	if (fd < 0)
		file_drop(f);
	return fd;
}

SYSCALL(pipe2)
{
	u32 flags = (u32)args[1];
	struct files *files = current_files();
	struct file *ends[2];
	s32 fd[2] = {-1, -1};
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_create(flags, ends);
	if (err)
		return err;
	fd[0] = files_reserve(files);
	if (fd[0] >= 0)
		fd[1] = files_reserve(files);
	err = fd[0] < 0 ? fd[0] : fd[1] < 0 ? fd[1] : copyout(args[0], fd, sizeof(fd));
	for (int i = 0; i < 2; i++) {
		if (!err) {
			files_fill_reserved(files, fd[i], ends[i], flags & O_CLOEXEC);
			continue;
		}
		if (fd[i] >= 0)
			files_release(files, fd[i]);
		file_drop(ends[i]);
	}
	return err;
}

enum fcntl_cmd {
	F_DUPFD = 0,
	F_GETFD = 1,
	F_SETFD = 2,
	F_GETFL = 3,
	F_SETFL = 4,
	F_DUPFD_CLOEXEC = 1030,
	F_SETPIPE_SZ = 1031,
	F_GETPIPE_SZ = 1032,
	F_ADD_SEALS = 1033,
	F_GET_SEALS = 1034,
};
#define FD_CLOEXEC 1u
#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_ASYNC | O_NOATIME)

/* O_DIRECT is for what has an own cache to go round: regular files on a disk. */
static long set_flags(struct file *f, u32 flags)
{
	if ((flags & O_DIRECT) && !(f->inode && inode_is_reg(f->inode) && f->inode->obj))
		return -EINVAL;
	f->flags = (f->flags & ~(u32)SETFL_MASK) | (flags & SETFL_MASK);
	return 0;
}

static long fcntl_file(struct file *f, int fd, int cmd, ulong arg, enum flock_form form)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= rlimit_cur(RLIMIT_NOFILE) || arg > INT32_MAX)
			return -EINVAL;
		return dup_from(f, (int)arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD: return files_get_cloexec(current_files(), fd);
	case F_SETFD: return files_set_cloexec(current_files(), fd, arg & FD_CLOEXEC);
	case F_GETFL: return (long)f->flags;
	}
	if (f->flags & O_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL: return set_flags(f, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return sys_fcntl_lock(f, fd, (enum fcntl_lock_cmd)cmd, arg, form);
	case F_GETPIPE_SZ: return pipe_get_size(f);
	case F_SETPIPE_SZ: return pipe_set_size(f, arg);
	case F_ADD_SEALS: return file_add_seals(f, arg);
	case F_GET_SEALS: return file_get_seals(f);
	default: return -EINVAL;
	}
}

long sys_fcntl_in(const ulong *args, enum flock_form form)
{
	struct file *f = get_file(args[0]);
	long n;

	if (!f)
		return -EBADF;
	n = fcntl_file(f, (int)args[0], (int)args[1], args[2], form);
	file_drop(f);
	return n;
}

SYSCALL(fcntl)
{
	return sys_fcntl_in(args, FLOCK_LONG);
}

enum ioctl_cmd { FIONREAD = 0x541b, FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451 };

/* Bytes from the position to the end of a regular file. */
static long bytes_left(struct file *f, ulong arg)
{
	s64 left = (s64)obj_size(f->inode->obj) - f->pos;
	s32 shown = (s32)MAX(MIN(left, (s64)INT32_MAX), (s64)0);

	return COPYOUT(arg, &shown);
}

static long ioctl_file(struct file *f, int fd, uint cmd, ulong arg)
{
	s32 on;

	if (f->flags & O_PATH)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX: return files_set_cloexec(current_files(), fd, cmd == FIOCLEX);
	case FIONBIO:
		if (COPYIN(&on, arg))
			return -EFAULT;
		f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~(u32)O_NONBLOCK;
		return 0;
	case FIONREAD:
		if (f->inode && inode_is_reg(f->inode) && f->inode->obj)
			return bytes_left(f, arg);
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

SYSCALL(ioctl)
{
	struct file *f = get_file(args[0]);
	long n;

	if (!f)
		return -EBADF;
	n = ioctl_file(f, (int)args[0], (uint)args[1], args[2]);
	file_drop(f);
	return n;
}

/* --- poll --- */

/* The file part of ppoll: deadline as fs_poll takes it. */
long sys_poll_until(ulong fds, ulong nfds, u64 deadline)
{
	struct pollfd few[IOV_INLINE], *p = few;
	long n;

	if (nfds > rlimit_cur(RLIMIT_NOFILE) || nfds > KMALLOC_MAX / sizeof(*p))
		return -EINVAL;
	if (nfds > IOV_INLINE)
		p = kmalloc(nfds * sizeof(*p), ALLOC_WAIT);
	if (!p)
		return -ENOMEM;
	n = copyin(p, fds, nfds * sizeof(*p));
	if (!n)
		n = fs_poll(p, (uint)nfds, deadline, false);
	/* Only revents are the kernel's to write. */
	for (ulong i = 0; n >= 0 && i < nfds; i++)
		if (copyout(fds + i * sizeof(*p) + offsetof(struct pollfd, revents), &p[i].revents,
			    sizeof(p[i].revents)))
			n = -EFAULT;
	if (p != few)
		kmfree(p);
	return n == -EINTR ? -ERESTARTNOHAND : n;
}

int sys_poll_deadline(ulong timeout, enum time_form form, u64 *deadline)
{
	struct abi_timespec ts;
	u64 ns, now = clock_now();
	int err;

	*deadline = WAIT_FOREVER;
	if (!timeout)
		return 0;
	if (abi_timespec_get(&ts, timeout, form))
		return -EFAULT;
	err = abi_timespec_ns(&ts, &ns);
	if (!err)
		*deadline = ns == 0 ? 0 : ns > WAIT_FOREVER - 1 - now ? WAIT_FOREVER - 1 : now + ns;
	return err;
}

u64 sys_time_left(u64 deadline)
{
	u64 now = clock_now();

	return deadline > now ? deadline - now : 0;
}

long sys_poll_left(ulong timeout, enum time_form form, u64 deadline, long n)
{
	struct abi_timespec left;

	if (!timeout || !deadline)
		return n;
	left = abi_timespec_of(sys_time_left(deadline));
	/* What is left is a courtesy: a timeout in read-only memory is no error. */
	if (abi_timespec_put(timeout, &left, form) && n == -ERESTARTNOHAND)
		return -EINTR;
	return n;
}

long sys_ppoll_in(const ulong *args, enum time_form form)
{
	u64 deadline, mask;
	long n = sys_poll_deadline(args[2], form, &deadline);

	if (n)
		return n;
	if (args[3]) {
		if (args[4] != sizeof(mask))
			return -EINVAL;
		if (COPYIN(&mask, args[3]))
			return -EFAULT;
		signal_set_temporary_mask(mask);
	}
	n = sys_poll_until(args[0], args[1], deadline);
	return sys_poll_left(args[2], form, deadline, n);
}

SYSCALL(ppoll)
{
	return sys_ppoll_in(args, TIME_LONG);
}

/* --- to the disk --- */

static long sync_file(ulong fd, bool data_only)
{
	struct file *f = get_file(fd);
	long err;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH)
		err = -EBADF;
	else
		err = f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
	file_drop(f);
	return err;
}

SYSCALL(fsync)
{
	return sync_file(args[0], false);
}

SYSCALL(fdatasync)
{
	return sync_file(args[0], true);
}

SYSCALL(sync)
{
	(void)args;
	fs_sync_all();
	return 0;
}

long sys_ftruncate_to(ulong fd, off_t size)
{
	struct file *f;
	long err;

	if (size < 0)
		return -EINVAL;
	f = get_file(fd);
	if (!f)
		return -EBADF;
	err = file_truncate(f, size);
	file_drop(f);
	return err;
}

SYSCALL(ftruncate)
{
	return sys_ftruncate_to(args[0], (off_t)(long)args[1]);
}
