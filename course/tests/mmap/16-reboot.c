/*
 * What was stored to a shared mapping is there after a reboot
 * boots: 2
 * only: mv6
 *
 * The program runs in two boots of one disk. The first time there is no file yet.
 */
#include "course.h"

static void first_boot(void)
{
	int fd = make_file("kept", 3);
	char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	p[5] = 'S';
	show("first boot: msync", msync(p, PAGE, MS_SYNC));
	p[PAGE + 5] = 'U';
	munmap(p + PAGE, PAGE);
	p[2 * PAGE + 5] = 'E';
}

int main(void)
{
	int fd = open("kept", O_RDONLY);

	if (fd < 0) {
		first_boot();
		return 0;
	}
	printf("second boot: stored before msync %c, before munmap %c, before the end %c\n",
		byte_of(fd, 5), byte_of(fd, PAGE + 5), byte_of(fd, 2 * PAGE + 5));
	return 0;
}
