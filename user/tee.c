/* tee [-a] [FILE...]: copies standard input to standard output and to files. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buf[64 * 1024];
	int c, count, status = 0, mode = O_TRUNC;
	int *fds;
	ssize_t n;

	while ((c = getopt(argc, argv, "a")) != -1) {
		if (c != 'a')
			return 2;
		mode = O_APPEND;
	}
	count = argc - optind;
	fds = must_alloc(((size_t)count + 1) * sizeof(*fds));
	for (int i = 0; i < count; i++) {
		fds[i] = open(argv[optind + i], O_WRONLY | O_CREAT | mode, 0666);
		if (fds[i] < 0) {
			warn("%s", argv[optind + i]);
			status = 1;
		}
	}
	while ((n = read(0, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			err(1, "standard input");
		}
		if (!write_all(1, buf, (size_t)n))
			err(1, "standard output");
		for (int i = 0; i < count; i++) {
			if (fds[i] >= 0 && !write_all(fds[i], buf, (size_t)n)) {
				warn("%s", argv[optind + i]);
				close(fds[i]);
				fds[i] = -1;
				status = 1;
			}
		}
	}
	free(fds);
	return status;
}
