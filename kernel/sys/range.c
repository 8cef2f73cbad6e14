/*
 * Calls on ranges: of a file's bytes, to say what becomes of them, and of descriptors.
 */
#include "sys/parts.h"

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "sys/syscalls.h"

/* Open and more than a place in the tree. */
static struct file *get_open_file(ulong fd)
{
	struct file *f = files_get_own((int)fd);

	if (f && (f->flags & O_PATH)) {
		file_drop(f);
		return NULL;
	}
	return f;
}

static u32 kind_of(const struct file *f)
{
	return f->inode ? f->inode->mode & S_IFMT : S_IFIFO;
}

/* --- fadvise64 --- */

enum file_advice {
	FADV_NORMAL,
	FADV_RANDOM,
	FADV_SEQUENTIAL,
	FADV_WILLNEED,
	FADV_DONTNEED,
	FADV_NOREUSE
};

/* One cache serves everybody and is reclaimed by need: advice is judged, and nothing follows. */
long sys_fadvise_in(ulong fd, off_t off UNUSED, off_t len, ulong advice)
{
	struct file *f = get_open_file(fd);
	long err = 0;

	if (!f)
		return -EBADF;
	if (kind_of(f) == S_IFIFO)
		err = -ESPIPE;
	else if (len < 0 || (int)advice < FADV_NORMAL || (int)advice > FADV_NOREUSE)
		err = -EINVAL;
	file_drop(f);
	return err;
}

SYSCALL(fadvise64)
{
	return sys_fadvise_in(args[0], (off_t)(long)args[1], (off_t)(long)args[2], args[3]);
}

/* --- sync_file_range --- */

#define SYNC_WAIT_BEFORE 1u
#define SYNC_WRITE 2u
#define SYNC_WAIT_AFTER 4u

/* More than the range is written, and waited for, than was asked. */
long sys_sync_range(ulong fd, off_t off, off_t len, ulong flags)
{
	struct file *f = get_open_file(fd);
	u32 kind;
	long err = 0;

	if (!f)
		return -EBADF;
	kind = kind_of(f);
	if ((u32)flags & ~(SYNC_WAIT_BEFORE | SYNC_WRITE | SYNC_WAIT_AFTER) || off < 0 || len < 0 ||
		(u64)off + (u64)len > INT64_MAX)
		err = -EINVAL;
	else if (kind != S_IFREG && kind != S_IFBLK && kind != S_IFDIR && kind != S_IFLNK)
		err = -ESPIPE;
	else if (((u32)flags & SYNC_WRITE) && f->ops->sync)
		err = f->ops->sync(f, true);
	file_drop(f);
	return err;
}

SYSCALL(sync_file_range)
{
	return sys_sync_range(args[0], (off_t)(long)args[1], (off_t)(long)args[2], args[3]);
}

/* --- close_range --- */

#define CLOSE_RANGE_CLOEXEC 4u

SYSCALL(close_range)
{
	struct files *files = current_thread()->files;
	u32 first = (u32)args[0], last = (u32)args[1], flags = (u32)args[2];
	int fd;

	if (flags & ~CLOSE_RANGE_CLOEXEC || first > last)
		return -EINVAL;
	if (first > INT32_MAX)
		return 0;
	/* One that another thread closes meanwhile is closed. */
	for (fd = (int)first; (fd = files_next(files, fd)) >= 0 && (u32)fd <= last; fd++) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			files_set_cloexec(files, fd, true);
		else
			files_close(files, fd);
		sched_point();
	}
	return 0;
}
