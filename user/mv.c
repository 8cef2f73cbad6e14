/*
 * mv FROM TO, mv FROM... DIR: renames files, or moves them into a directory of the same file
 * system.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	const char *last = argv[argc - 1];
	int status = 0;

	if (getopt(argc, argv, "f") == '?')
		return 2;
	if (argc - optind < 2)
		usage("mv FROM... TO");
	if (argc - optind > 2 && !is_directory(last))
		errx(1, "%s: is not a directory", last);
	for (int i = optind; i < argc - 1; i++) {
		size_t len = strlen(argv[i]);
		char *target;

		while (len > 1 && argv[i][len - 1] == '/')
			argv[i][--len] = '\0';
		target = is_directory(last) ? path_join(last, path_base(argv[i])) : must_copy(last);
		if (rename(argv[i], target) < 0) {
			warn("%s to %s", argv[i], target);
			status = 1;
		}
		free(target);
	}
	return status;
}
