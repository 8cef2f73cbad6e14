/*
 * A mapping begins at its offset in the file
 * points: 2
 */
#include "course.h"

int main(void)
{
	int fd = make_file("data", 4);
	char *p;

	for (int i = 0; i < 4; i++) {
		p = map(PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)i * (off_t)PAGE);
		printf("page %d: %c\n", i, p[0]);
	}
	p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)PAGE);
	printf("three pages from page 1: %c%c%c\n", p[0], p[PAGE], p[2 * PAGE]);
	show_pages(
		"a page too many", map(2 * PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)(3 * PAGE)), 2);
	p[PAGE] = 'X';
	printf("a store to the second of them is in the file at page 2: %c\n",
		byte_of(fd, (off_t)(2 * PAGE)));
	munmap(p, PAGE);
	printf("without the first of them: %c%c\n", p[PAGE], p[2 * PAGE]);
	return 0;
}
