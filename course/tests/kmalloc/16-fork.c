/*
 * fork copies no blocks: parent and child have the same ones
 */
#include "kmalloc.h"

static void child(void *argument)
{
	block *b = argument;

	show("handed out, the child says", live_blocks());
	show("calls that failed when it frees half of them", kmfree_all(b, 10));
}

int main(void)
{
	block b[20];

	for (int i = 0; i < 20; i++)
		b[i] = kmalloc(50 + 100 * i);
	show_end("the child", in_child(child, b));
	show("handed out afterwards", live_blocks());
	show("calls that fail when the parent frees the others", kmfree_all(b + 10, 10));
	show("handed out in the end", live_blocks());
	return 0;
}
