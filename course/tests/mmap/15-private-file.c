/*
 * Stores to a private mapping of a file stay private
 */
#include "course.h"

int main(void)
{
	int fd = make_file("data", 1);
	char *p = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *other = map(PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	char *shared = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	p[0] = 'X';
	printf("this mapping: %c\n", p[0]);
	printf("read(2): %c\n", byte_of(fd, 0));
	printf("another private mapping: %c\n", other[0]);
	printf("a shared one: %c\n", shared[0]);
	shared[0] = 'S';
	printf("this mapping, after a store to the shared one: %c\n", p[0]);
	munmap(p, PAGE);
	printf("the file in the end: %c\n", byte_of(fd, 0));
	return 0;
}
