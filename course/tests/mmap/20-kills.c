/*
 * An access that is not allowed kills the process, and nobody else
 */
#include "course.h"

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
	int fd = make_file("data", 1);
	char *read_only = map(PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *none = map(PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *hole = map_anonymous(PAGE), *file = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	munmap(hole, PAGE);
	show_end("a load from a page that is read-only", in_child(load, read_only));
	show_end("a store to it", in_child(store, read_only));
	show_end("a load from a page without rights", in_child(load, none));
	show_end("a store to it", in_child(store, none));
	show_end("a load from a hole", in_child(load, hole));
	show_end("a store to a hole", in_child(store, hole));
	show_end("a load from address 0", in_child(load, NULL));
	show_end("a store to a file that is mapped read-only", in_child(store, file));
	show_end("a load beyond the end of a file", in_child(load, file + PAGE));
	show_end("a store to the kernel", in_child(store, (void *)(UINTPTR_MAX - PAGE + 1)));
	printf("and this process goes on\n");
	return 0;
}
