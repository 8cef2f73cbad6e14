/*
 * The address of a byte inside a block frees nothing
 */
#include "kmalloc.h"

int main(void)
{
	block small = kmalloc(100), large = kmalloc(10000);

	show_error("byte 16 of a small block", kmfree(small + 16) != 0);
	show_error("its last byte", kmfree(small + 99) != 0);
	show_error("the second page of a large one", kmfree(large + PAGE) != 0);
	show("handed out", live_blocks());
	check("both can be freed", kmfree(small) == 0 && kmfree(large) == 0);
	return 0;
}
