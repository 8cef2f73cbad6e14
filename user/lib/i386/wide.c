/*
 * Calls with 64-bit arguments: how such an argument travels is the machine's affair. Here it takes
 * two registers, the low half first; mmap counts its offset in pages.
 */
#include "../internal.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <unistd.h>

#define LOW(x) ((long)(uint32_t)(x))
#define HIGH(x) ((long)(uint32_t)((uint64_t)(x) >> 32))
#define PAGE 4096

off_t lseek(int fd, off_t offset, int whence)
{
	off_t result;

	return CALL(SYS_lseek, fd, HIGH(offset), LOW(offset), &result, whence) < 0 ? -1 : result;
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
	return CALL(SYS_pread64, fd, buf, n, LOW(offset), HIGH(offset));
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return CALL(SYS_pwrite64, fd, buf, n, LOW(offset), HIGH(offset));
}

int ftruncate(int fd, off_t size)
{
	return CALL(SYS_ftruncate, fd, LOW(size), HIGH(size));
}

int truncate(const char *path, off_t size)
{
	return CALL(SYS_truncate, path, LOW(size), HIGH(size));
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (offset % PAGE != 0) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	/* A page number that does not fit a register is past every file. */
	if (offset / PAGE > (off_t)UINT32_MAX || offset < 0) {
		errno = EOVERFLOW;
		return MAP_FAILED;
	}
	return (void *)CALL(SYS_mmap, addr, len, prot, flags, fd, (uint32_t)(offset / PAGE));
}

ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
	return CALL(SYS_sendfile, out, in, offset, count);
}

int statfs(const char *path, struct statfs *out)
{
	return CALL(SYS_statfs, path, sizeof(*out), out);
}

int fstatfs(int fd, struct statfs *out)
{
	return CALL(SYS_fstatfs, fd, sizeof(*out), out);
}
