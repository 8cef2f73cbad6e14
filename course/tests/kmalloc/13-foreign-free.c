/*
 * Nor does an address that kmalloc never gave
 */
#include "kmalloc.h"

int main(void)
{
	static char mine[64];
	block b = kmalloc(200);

	check("NULL is allowed", kmfree(0) == 0);
	show_error("an address of the program's", kmfree((block)mine) != 0);
	show_error("the number 1", kmfree(1) != 0);
	show_error("the last address there is", kmfree(-1UL) != 0);
	show("handed out", live_blocks());
	kmfree(b);
	return 0;
}
