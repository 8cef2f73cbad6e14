/*
 * Files in memory: memfd_create, and fallocate.
 */
#include "sys/parts.h"

#include "fs/file.h"
#include "lib/errno.h"
#include "proc/proc.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

#define MFD_KNOWN (MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)

SYSCALL(memfd_create)
{
	u32 flags = (u32)args[1];
	char name[MEMFD_NAME_MAX + 1];
	struct file *f;
	ssize_t len;
	int err;

	if ((flags & ~MFD_KNOWN) || ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL)))
		return -EINVAL;
	len = copyin_str(name, args[0], sizeof(name));
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	err = memfd_create(name, flags, &f);
	if (err)
		return err;
	err = files_install(current_thread()->files, f, 0, flags & MFD_CLOEXEC);
	if (err < 0)
		file_drop(f);
	return err;
}

long sys_fallocate_in(ulong fd, ulong mode, off_t off, off_t len)
{
	struct file *f = files_get_own((int)fd);
	long err;

	if (!f)
		return -EBADF;
	err = f->flags & O_PATH ? -EBADF : file_fallocate(f, (u32)mode, off, len);
	file_drop(f);
	return err;
}

SYSCALL(fallocate)
{
	return sys_fallocate_in(args[0], args[1], (off_t)(long)args[2], (off_t)(long)args[3]);
}
