/*
 * Arguments that make no sense are refused, and nothing is changed
 */
#include "course.h"

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static void try(const char *what, size_t length, int protection, int flags, int fd, off_t offset)
{
	show_error(what, mmap(NULL, length, protection, flags, fd, offset) == MAP_FAILED);
}

int main(void)
{
	int fd = make_file("data", 2), read_only = open("data", O_RDONLY);
	int write_only = open("data", O_WRONLY), ends[2];
	char *p = map_anonymous(2 * PAGE);

	close(fd);
	pipe(ends);
	p[0] = 1;
	try("length 0", 0, PROT_READ, ANONYMOUS, -1, 0);
	try("all of the address space", SIZE_MAX / PAGE * PAGE, PROT_READ, ANONYMOUS, -1, 0);
	try("neither private nor shared", PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0);
	try("no descriptor", PAGE, PROT_READ, MAP_PRIVATE, -1, 0);
	try("a descriptor that is closed", PAGE, PROT_READ, MAP_PRIVATE, 99, 0);
	try("a pipe", PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0);
	try("shared, to write, of a file open for reading", PAGE, PROT_WRITE, MAP_SHARED, read_only,
		0);
	try("private, to write, of a file open for reading", PAGE, PROT_WRITE, MAP_PRIVATE,
		read_only, 0);
	try("of a file open for writing only", PAGE, PROT_READ, MAP_PRIVATE, write_only, 0);
	show_error("munmap of length 0", munmap(p, 0) < 0);
	show_error("munmap inside a page", munmap(p + 1, PAGE) < 0);
	show_error("mprotect inside a page", mprotect(p + 1, PAGE, PROT_READ) < 0);
	show_error(
		"msync of a hole", munmap(p + PAGE, PAGE) < 0 || msync(p, 2 * PAGE, MS_SYNC) < 0);
	check("what was there is there still", p[0] == 1);
	return 0;
}
