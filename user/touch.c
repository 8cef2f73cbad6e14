/* touch [-c] FILE...: sets the times of files to now; makes them where they are not, but for -c. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool touch(const char *path, bool create)
{
	int fd;

	if (utimensat(AT_FDCWD, path, NULL, 0) == 0)
		return true;
	if (errno == ENOENT && !create)
		return true;
	fd = errno == ENOENT ? open(path, O_WRONLY | O_CREAT, 0666) : -1;
	if (fd < 0) {
		warn("%s", path);
		return false;
	}
	close(fd);
	return true;
}

int main(int argc, char **argv)
{
	bool create = true;
	int c, status = 0;

	while ((c = getopt(argc, argv, "c")) != -1) {
		if (c != 'c')
			return 2;
		create = false;
	}
	if (optind == argc)
		usage("touch [-c] FILE...");
	for (int i = optind; i < argc; i++)
		if (!touch(argv[i], create))
			status = 1;
	return status;
}
