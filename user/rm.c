/*
 * rm [-rf] FILE...: removes files; with -r directories and what is in them; with -f what is not
 * there is no error.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool recursive, force;

static bool remove_path(const char *path);

/* The names are read first: removing while reading would confuse the directory's order. */
static bool remove_contents(const char *path)
{
	char **names = dir_names(path);
	bool ok = true;

	if (!names) {
		warn("%s", path);
		return false;
	}
	for (char **n = names; *n; n++) {
		char *inner = path_join(path, *n);

		ok &= remove_path(inner);
		free(inner);
	}
	names_free(names);
	return ok;
}

static bool remove_path(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (force && errno == ENOENT)
			return true;
		warn("%s", path);
		return false;
	}
	if (S_ISDIR(st.st_mode) && recursive && !remove_contents(path))
		return false;
	if ((S_ISDIR(st.st_mode) && recursive ? rmdir(path) : unlink(path)) < 0) {
		warn("%s", path);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	int c, status = 0;

	while ((c = getopt(argc, argv, "rRf")) != -1) {
		switch (c) {
		case 'r':
		case 'R': recursive = true; break;
		case 'f': force = true; break;
		default: return 2;
		}
	}
	if (optind == argc && !force)
		usage("rm [-rf] FILE...");
	for (int i = optind; i < argc; i++) {
		const char *base = path_base(argv[i]);

		if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
			warnx("%s: will not be removed", argv[i]);
			status = 1;
		} else if (!remove_path(argv[i])) {
			status = 1;
		}
	}
	return status;
}
