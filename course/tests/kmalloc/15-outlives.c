/*
 * A block outlives the process that took it, and another process may free it
 */
#include "kmalloc.h"

static void take(void *where)
{
	*(block *)where = kmalloc(300);
}

static void give(void *where)
{
	check("another child frees it", kmfree(*(block *)where) == 0);
}

int main(void)
{
	block *b = map_shared(PAGE);

	show_end("a child takes a block", in_child(take, b));
	show("handed out when it has ended", live_blocks());
	in_child(give, b);
	show("handed out then", live_blocks());
	return 0;
}
