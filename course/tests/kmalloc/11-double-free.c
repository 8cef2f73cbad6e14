/*
 * A block that is freed twice: EINVAL, and a line on the console
 */
#include "kmalloc.h"

int main(void)
{
	block small = kmalloc(100), large = kmalloc(10000);
	bool again, large_again;

	kmfree(small);
	kmfree(large);
	/* At once, before the kernel uses the memory for something else. */
	again = kmfree(small) != 0 && errno == EINVAL;
	large_again = kmfree(large) != 0 && errno == EINVAL;
	check("a small block again: EINVAL", again);
	check("a large block again: EINVAL", large_again);
	show("handed out", live_blocks());
	return 0;
}
