/*
 * mapedit FILE OFFSET TEXT: changes a file without writing to it. The file is mapped shared and the
 * text stored at the offset through the mapping; the kernel brings the page to the disk. The file
 * keeps its size.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	long long offset, start;
	struct stat st;
	size_t len, inside;
	char *map;
	int fd;

	if (argc != 4)
		usage("mapedit FILE OFFSET TEXT");
	offset = parse_size("OFFSET", argv[2]);
	len = strlen(argv[3]);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argv[1]);
	if (!S_ISREG(st.st_mode))
		errx(1, "%s: is not a regular file", argv[1]);
	if (offset > (long long)st.st_size || (long long)len > (long long)st.st_size - offset)
		errx(1, "%s: has %lld bytes; a mapping cannot make it longer", argv[1],
		     (long long)st.st_size);
	if (len == 0)
		return 0;
	/* A mapping begins at a page of the file. */
	start = offset - offset % page;
	inside = (size_t)(offset - start);
	if ((uintmax_t)inside + len > SIZE_MAX)
		errx(1, "%s: the text is too long to be mapped", argv[1]);
	map = mmap(NULL, inside + len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);
	if (map == MAP_FAILED)
		err(1, "%s: cannot be mapped", argv[1]);
	close(fd);
	memcpy(map + inside, argv[3], len);
	printf("%zu bytes stored at %p, which is %s at offset %lld\n", len, (void *)(map + inside),
	       argv[1], offset);
	if (munmap(map, inside + len) < 0)
		err(1, "%s: cannot be unmapped", argv[1]);
	return finish_output(0);
}
