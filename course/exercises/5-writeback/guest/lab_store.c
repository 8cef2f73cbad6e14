/*
 * Exercise 5, a helper of lab_writeback.t: stores words through a shared mapping of the first
 * page of a file.
 *
 *   lab_store FILE ACTION...
 *
 * An action is a word to store at the page's begin, or one of: --msync, --munmap, --read (loads
 * it by read(2) and prints it), --wait (for a line of standard input, with the mapping as it is).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR) : -1;
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char line[64] = "";

	if (fd < 0 || p == MAP_FAILED)
		return fail("lab_store");
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--msync")) {
			if (msync(p, 4096, MS_SYNC) < 0)
				return fail("msync");
		} else if (!strcmp(argv[i], "--munmap")) {
			munmap(p, 4096);
		} else if (!strcmp(argv[i], "--read")) {
			if (pread(fd, line, 20, 0) < 0)
				return fail("pread");
			puts(line);
		} else if (!strcmp(argv[i], "--wait")) {
			puts("waiting");
			fflush(stdout);
			if (read(0, line, sizeof(line)) < 0)
				return fail("read");
		} else {
			memcpy(p, argv[i], strlen(argv[i]));
		}
	}
	return 0;
}
