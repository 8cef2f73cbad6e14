/*
 * Advisory locks: what fcntl asks of them, and flock.
 *
 * Judged here, in Linux's order: where the range begins, whether its ends can be said, the type,
 * how the file was opened, l_pid. What conflicts and who waits is fs/filelock.c's affair.
 */
#include "sys/parts.h"

#include "fs/file.h"
#include "fs/filelock.h"
#include "fs/inode.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

#define LONG_MAX_64 ((s64)(~0ul >> 1))

struct flock_long {
	s16 type, whence;
	long start, len;
	s32 pid;
};

static int flock_get(struct abi_flock *l, ulong va, enum flock_form form)
{
	struct flock_long u;

	if (form == FLOCK_64)
		return COPYIN(l, va);
	if (COPYIN(&u, va))
		return -EFAULT;
	*l = (struct abi_flock){u.type, u.whence, u.start, u.len, u.pid};
	return 0;
}

/* -EOVERFLOW: a long cannot say where it begins. A length is cut to what a long can say. */
static int flock_put(ulong va, const struct abi_flock *l, enum flock_form form)
{
	struct flock_long u;

	if (form == FLOCK_64)
		return COPYOUT(va, l);
	if (l->start > LONG_MAX_64)
		return -EOVERFLOW;
	memset(&u, 0, sizeof(u));
	u.type = l->type;
	u.whence = l->whence;
	u.start = (long)l->start;
	u.len = (long)MIN(l->len, LONG_MAX_64);
	u.pid = l->pid;
	return COPYOUT(va, &u);
}

/* The offset that l->start counts from; -EINVAL */
static s64 base_of(struct file *f, s16 whence)
{
	struct kstat st;

	switch (whence) {
	case SEEK_SET: return 0;
	case SEEK_CUR: return f->pos;
	case SEEK_END: inode_stat(f->inode, &st); return (s64)st.size;
	default: return -EINVAL;
	}
}

/* The range that l says: [*start, *end). -EINVAL, -EOVERFLOW */
static int range_of(struct file *f, const struct abi_flock *l, u64 *start, u64 *end)
{
	s64 base = base_of(f, l->whence), from;

	if (base < 0)
		return -EINVAL;
	if (__builtin_add_overflow(base, l->start, &from))
		return -EOVERFLOW;
	if (from < 0)
		return -EINVAL;
	if (l->len > 0 && l->len - 1 > INT64_MAX - from)
		return -EOVERFLOW;
	if (l->len < 0 && from + l->len < 0)
		return -EINVAL;
	*start = (u64)(l->len < 0 ? from + l->len : from);
	*end = l->len > 0 ? (u64)from + (u64)l->len : l->len < 0 ? (u64)from : LOCK_END;
	return 0;
}

/* The claim that l makes for the current process, or for f itself if ofd is set. */
static int claim_of(struct file *f, const struct abi_flock *l, bool ofd, struct lock_claim *c)
{
	struct proc *p = current_proc();
	int err = range_of(f, l, &c->start, &c->end);

	if (err)
		return err;
	if (l->type != LOCK_READ && l->type != LOCK_WRITE && l->type != LOCK_NONE)
		return -EINVAL;
	c->type = (enum lock_type)l->type;
	c->kind = ofd ? LOCK_OFD : LOCK_POSIX;
	c->owner = ofd ? (void *)f : files_lock_owner(current_thread()->files);
	c->pid = ofd ? -1 : p->pid;
	return 0;
}

static int get_lock(struct file *f, struct abi_flock *l, bool ofd)
{
	struct lock_claim c;
	int err;

	if (!ofd && l->type != LOCK_READ && l->type != LOCK_WRITE)
		return -EINVAL;
	err = claim_of(f, l, ofd, &c);
	if (!err && ofd && l->pid)
		err = -EINVAL;
	if (err)
		return err;
	lock_test(f, &c);
	l->type = (s16)c.type;
	if (c.type != LOCK_NONE) {
		l->whence = SEEK_SET;
		l->start = (s64)c.start;
		l->len = c.end == LOCK_END ? 0 : (s64)(c.end - c.start);
		l->pid = c.pid;
	}
	return 0;
}

/*
 * The descriptor may have been closed by another thread meanwhile, before there was a lock to be
 * seen: then it goes as it would have gone, with all that the process has locked in the file, be it
 * since then.
 */
static int recheck(struct file *f, int fd)
{
	struct files *files = current_thread()->files;
	struct file *now = files_get(files, fd);

	if (now)
		file_drop(now);
	if (now == f)
		return 0;
	lock_close(f, files_lock_owner(files));
	return -EBADF;
}

static int set_lock(struct file *f, int fd, const struct abi_flock *l, bool ofd, bool wait)
{
	struct lock_claim c;
	int err = claim_of(f, l, ofd, &c);

	if (err)
		return err;
	if ((c.type == LOCK_READ && !file_readable(f)) ||
		(c.type == LOCK_WRITE && !file_writable(f)))
		return -EBADF;
	if (ofd && l->pid)
		return -EINVAL;
	err = lock_set(f, &c, wait);
	if (err == -EINTR)
		return -ERESTARTSYS;
	return !err && !ofd && c.type != LOCK_NONE ? recheck(f, fd) : err;
}

long sys_fcntl_lock(
	struct file *f, int fd, enum fcntl_lock_cmd cmd, ulong arg, enum flock_form form)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct abi_flock l;
	int err;

	if (ofd)
		form = FLOCK_64;
	if (flock_get(&l, arg, form))
		return -EFAULT;
	if (!f->inode)
		return -EINVAL;
	if (cmd != F_GETLK && cmd != F_OFD_GETLK)
		return set_lock(f, fd, &l, ofd, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	err = get_lock(f, &l, ofd);
	return err ? err : flock_put(arg, &l, form);
}

/* --- flock --- */

enum flock_op { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8, LOCK_MAND = 32 };

/* LOCK_MAND asked for locks that Linux no longer has, and passes over; so programs still may. */
SYSCALL(flock)
{
	struct lock_claim c = {
		.kind = LOCK_FLOCK, .pid = current_proc()->pid, .start = 0, .end = LOCK_END};
	struct file *f;
	int err;

	if ((u32)args[1] & LOCK_MAND)
		return 0;
	switch ((u32)args[1] & ~(u32)LOCK_NB) {
	case LOCK_SH: c.type = LOCK_READ; break;
	case LOCK_EX: c.type = LOCK_WRITE; break;
	case LOCK_UN: c.type = LOCK_NONE; break;
	default: return -EINVAL;
	}
	f = files_get_own((int)args[0]);
	if (!f)
		return -EBADF;
	c.owner = f;
	if ((f->flags & O_PATH) ||
		(c.type != LOCK_NONE && !file_readable(f) && !file_writable(f)))
		err = -EBADF;
	else if (!f->inode)
		err = -EINVAL;
	else
		err = lock_set(f, &c, !(args[1] & LOCK_NB));
	file_drop(f);
	return err == -EINTR ? -ERESTARTSYS : err;
}
