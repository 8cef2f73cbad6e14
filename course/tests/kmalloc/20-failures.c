/*
 * An allocation that fails on purpose fails once, and harms nothing
 *
 * A number n in /proc/self/fail_nth lets the n-th allocation of the process fail from now on.
 */
#include "kmalloc.h"

static int control;

/* Does an allocation of this size fail when the next is told to? */
static bool fails(long size)
{
	block b;

	need("fail_nth", pwrite(control, "1", 1, 0) == 1);
	b = kmalloc(size);
	pwrite(control, "0", 1, 0);
	if (b)
		kmfree(b);
	return b == 0;
}

int main(void)
{
	block b;

	control = open("/proc/self/fail_nth", O_RDWR);
	need("/proc/self/fail_nth", control >= 0);
	check("40 bytes fail", fails(40));
	check("5000 bytes fail", fails(5000));
	check("4 MiB fail", fails(4 * MIB));
	b = kmalloc(40);
	check("the next one succeeds", b != 0 && kmfree(b) == 0);
	show("handed out", live_blocks());
	return 0;
}
