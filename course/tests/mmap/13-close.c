/*
 * A mapping outlives its descriptor, and even the file's name
 */
#include "course.h"

int main(void)
{
	int fd = make_file("data", 3);
	char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	show("close, before anything was touched", close(fd));
	printf("the pages: %c%c%c\n", p[0], p[PAGE], p[2 * PAGE]);
	p[0] = 'X';
	fd = open("data", O_RDONLY);
	printf("a store is in the file: %c\n", byte_of(fd, 0));
	close(fd);
	show("unlink", unlink("data"));
	p[PAGE] = 'Y';
	printf("the pages: %c%c%c\n", p[0], p[PAGE], p[2 * PAGE]);
	show("munmap", munmap(p, 3 * PAGE));
	return 0;
}
