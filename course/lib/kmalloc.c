/*
 * kmalloc and kmfree: memory of the kernel's, by mv6's debug calls. The kernel has them in a testing
 * boot; elsewhere a program is told so once, and kmalloc fails.
 */
#include "flavour.h"

#include <errno.h>
#include <sys/debug_calls.h>
#include <unistd.h>

static void explain(void)
{
	static bool explained;

	if (errno == ENOSYS && !explained) {
		explained = true;
		complain("kmalloc: this kernel was not booted for tests; give ./mv6 the option "
			 "--ktest");
	}
}

void *xv6_kmalloc(unsigned size)
{
	long p = syscall(DEBUG_CALL_KMALLOC, size);

	/* An address of the kernel's may well be negative; an error is a small number. */
	if (p == -1 && errno == ENOSYS) {
		explain();
		return NULL;
	}
	return (void *)p;
}

int xv6_kmfree(void *p)
{
	if (syscall(DEBUG_CALL_KMFREE, p) == 0)
		return 0;
	explain();
	return -1;
}
