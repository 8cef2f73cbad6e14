/*
 * A program for xv6 on RISC-V: processes count together in a mapped file. `tally 4` makes four; without
 * a lock they lose counts, and the file shows how many arrived.
 */
#include "kernel/types.h"
#include "kernel/fcntl.h"
#include "user/user.h"

#define ROUNDS 10000

int main(int argc, char *argv[])
{
	int processes = argc > 1 ? atoi(argv[1]) : 2, total = 0, zero = 0, fd, i;
	volatile int *count;

	fd = open("/tmp/tally", O_CREATE | O_RDWR | O_TRUNC);
	if (fd < 0 || write(fd, &zero, sizeof(zero)) != sizeof(zero))
		exit(1);
	count = mmap(0, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == (void *)-1)
		exit(1);
	for (i = 0; i < processes; i++)
		if (fork() == 0) {
			for (i = 0; i < ROUNDS; i++)
				++*count;
			exit(0);
		}
	for (i = 0; i < processes; i++)
		wait(0);
	close(fd);
	fd = open("/tmp/tally", O_RDONLY);
	read(fd, &total, sizeof(total));
	printf("%d of %d arrived; the file has %d\n", *count, processes * ROUNDS, total);
	exit(total != *count);
}
