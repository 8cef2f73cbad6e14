/*
 * ln [-sf] TARGET [NAME], ln [-sf] TARGET... DIR: makes links; -s symbolic ones, -f in place of
 * what is there.
 */
#include <err.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int main(int argc, char **argv)
{
	bool symbolic = false, force = false;
	const char *to = ".";
	int c, last, status = 0;

	while ((c = getopt(argc, argv, "sf")) != -1) {
		switch (c) {
		case 's': symbolic = true; break;
		case 'f': force = true; break;
		default: return 2;
		}
	}
	if (optind == argc)
		usage("ln [-sf] TARGET... [NAME]");
	last = argc;
	if (argc - optind > 1)
		to = argv[--last];
	if (last - optind > 1 && !is_directory(to))
		errx(1, "%s: is not a directory", to);
	for (int i = optind; i < last; i++) {
		char *name = is_directory(to) ? path_join(to, path_base(argv[i])) : must_copy(to);

		if (force)
			unlink(name);
		if ((symbolic ? symlink(argv[i], name) : link(argv[i], name)) < 0) {
			warn("%s", name);
			status = 1;
		}
		free(name);
	}
	return status;
}
