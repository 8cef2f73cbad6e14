/*
 * Stores to a shared mapping of a file: read(2) and other processes see them, and the reverse
 * points: 2
 */
#include "course.h"

static void other(void *argument)
{
	int fd = open("data", O_RDWR);
	char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)argument;
	printf("another process maps it: %c\n", p[10]);
	p[PAGE] = 'Q';
}

int main(void)
{
	int fd = make_file("data", 2);
	char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	p[10] = 'P';
	printf("read(2) after a store: %c\n", byte_of(fd, 10));
	show_end("a child", in_child(other, NULL));
	printf("what the other process stored: %c\n", p[PAGE]);
	pwrite(fd, "W", 1, 20);
	printf("what write(2) wrote: %c\n", p[20]);
	show("msync", msync(p, 2 * PAGE, MS_SYNC));
	show("munmap", munmap(p, 2 * PAGE));
	printf("the file then: %c %c %c\n", byte_of(fd, 10), byte_of(fd, 20), byte_of(fd, PAGE));
	show("its pages", (long)(lseek(fd, 0, SEEK_END) / (off_t)PAGE));
	return 0;
}
