/*
 * When memory is gone the program that wants more is killed, and nobody else; then all is back
 * points: 2
 * only: mv6
 */
#include "course.h"

static void eat(void *argument)
{
	size_t size = 256 * MIB;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)argument;
	for (size_t i = 0; p != MAP_FAILED && i < size; i += PAGE)
		p[i] = 1;
}

int main(void)
{
	long before = memory_left();
	char *p = map_anonymous(MIB);

	memset(p, 1, MIB);
	show_error("more than the machine has, at once",
		mmap(NULL, 256 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			MAP_FAILED);
	show_end("a child that takes more than there is", in_child(eat, NULL));
	check("this program's memory is there", all_bytes(p, MIB, 1));
	munmap(p, MIB);
	check("the child's memory is back", memory_is_back(before, 512));
	p = map_anonymous(8 * MIB);
	memset(p, 2, 8 * MIB);
	check("mapping works again", all_bytes(p, 8 * MIB, 2));
	return 0;
}
