/*
 * What a process does not unmap is cleaned up when it ends
 * points: 2
 * only: mv6
 *
 * Hundreds of processes leave mappings behind: of their own, shared, and of files. If the
 * kernel lost one little structure for each mapping, some hundred KiB would be gone.
 */
#include "course.h"

static int fd;

static void life(void *argument)
{
	(void)argument;
	for (int i = 0; i < 20; i++) {
		char *p = map_anonymous(3 * PAGE);

		p[0] = 1;
		mprotect(p + PAGE, PAGE, PROT_READ);
		map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)[0] = 2;
		p = map(2 * PAGE, PROT_READ | PROT_WRITE, i % 2 ? MAP_SHARED : MAP_PRIVATE, fd, 0);
		p[i] = 3;
	}
}

int main(void)
{
	long before;

	fd = make_file("data", 2);
	for (int i = 0; i < 20; i++)
		in_child(life, NULL);
	before = memory_left();
	for (int i = 0; i < 150; i++)
		in_child(life, NULL);
	check("after 150 processes memory is what it was", memory_is_back(before, 256));
	return 0;
}
