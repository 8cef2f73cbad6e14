/* What is riscv's own: ends with a status, output to descriptor 1, symbolic links, a lazy heap, mmap. */
#include "flavour.h"

#include <sys/mman.h>
#include <unistd.h>

/* The second argument of sys_sbrk. */
enum { SBRK_EAGER = 1, SBRK_LAZY = 2 };

_Noreturn void xv6_exit(int status)
{
	leave(status);
}

int xv6_wait(int *status)
{
	int ended_with, pid;

	if (status && !is_mapped(status, sizeof(*status)))
		return -1;
	pid = wait_child(&ended_with);
	if (pid > 0 && status)
		*status = ended_with;
	return pid;
}

int xv6_pause(int ticks)
{
	return xv6_sleep(ticks);
}

/* The target is any text that could be a name. */
int xv6_symlink(const char *target, const char *name)
{
	const char *text = path_get(target, 0), *path = path_get(name, 1);

	return text && path ? symlink(text, path) : -1;
}

char *xv6_sys_sbrk(int bytes, int how)
{
	return heap_move(bytes, how == SBRK_LAZY && bytes > 0);
}

char *xv6_sbrklazy(int bytes)
{
	return xv6_sys_sbrk(bytes, SBRK_LAZY);
}

void xv6_fprintf(int fd, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(fd, PRINT_WIDE, format, ap);
	va_end(ap);
}

void xv6_printf(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(1, PRINT_WIDE, format, ap);
	va_end(ap);
}

/* The flags are Linux's. */
void *xv6_mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}

int xv6_munmap(void *addr, size_t length)
{
	return munmap(addr, length);
}
