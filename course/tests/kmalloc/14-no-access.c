/*
 * A program that touches a block is killed, and nobody else
 */
#include "kmalloc.h"

static void load(void *p)
{
	(void)*(volatile char *)p;
}

static void store(void *p)
{
	*(volatile char *)p = 1;
}

int main(void)
{
	block b = kmalloc(64);

	show_end("a child that reads it", in_child(load, (void *)b));
	show_end("a child that writes to it", in_child(store, (void *)b));
	show_error("write(2) from it", write(1, (void *)b, 8) < 0);
	check("it can be freed", kmfree(b) == 0);
	show("damaged blocks", figure("/proc/kmalloc", "damaged"));
	return 0;
}
