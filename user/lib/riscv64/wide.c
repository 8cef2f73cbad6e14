/*
 * Calls with 64-bit arguments: how such an argument travels is the machine's affair.
 * Here it fits a register.
 */
#include "../internal.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <unistd.h>

off_t lseek(int fd, off_t offset, int whence)
{
	return CALL(SYS_lseek, fd, offset, whence);
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
	return CALL(SYS_pread64, fd, buf, n, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return CALL(SYS_pwrite64, fd, buf, n, offset);
}

int ftruncate(int fd, off_t size)
{
	return CALL(SYS_ftruncate, fd, size);
}

int truncate(const char *path, off_t size)
{
	return CALL(SYS_truncate, path, size);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)CALL(SYS_mmap, addr, len, prot, flags, fd, offset);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
	return CALL(SYS_sendfile, out, in, offset, count);
}

int statfs(const char *path, struct statfs *out)
{
	return CALL(SYS_statfs, path, out);
}

int fstatfs(int fd, struct statfs *out)
{
	return CALL(SYS_fstatfs, fd, out);
}
