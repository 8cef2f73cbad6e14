/*
 * Nothing, less than nothing, and more than 4 MiB give no block
 */
#include "kmalloc.h"

int main(void)
{
	check("0 bytes: no block", kmalloc(0) == 0);
	check("-1 bytes: no block", kmalloc(-1) == 0);
	check("the least number: no block", kmalloc(INT_MIN) == 0);
	check("4 MiB and a byte: no block", kmalloc(4 * MIB + 1) == 0);
	check("the greatest number: no block", kmalloc(INT_MAX) == 0);
	show("handed out", live_blocks());
	return 0;
}
