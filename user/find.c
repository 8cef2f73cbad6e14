/*
 * find [PATH...] [-name PATTERN] [-type f|d|l]: prints the paths below directories that fulfil all
 * conditions.
 */
#include <err.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>

static const char *pattern;
static char type;
static int status;

static bool wanted(const char *path, mode_t mode)
{
	if (pattern && fnmatch(pattern, path_base(path), 0) != 0)
		return false;
	switch (type) {
	case 'f': return S_ISREG(mode);
	case 'd': return S_ISDIR(mode);
	case 'l': return S_ISLNK(mode);
	default: return true;
	}
}

static void walk(const char *path)
{
	struct stat st;
	char **names;

	if (lstat(path, &st) < 0) {
		warn("%s", path);
		status = 1;
		return;
	}
	if (wanted(path, st.st_mode))
		puts(path);
	if (!S_ISDIR(st.st_mode))
		return;
	names = dir_names(path);
	if (!names) {
		warn("%s", path);
		status = 1;
	}
	for (char **n = names; n && *n; n++) {
		char *inner = path_join(path, *n);

		walk(inner);
		free(inner);
	}
	names_free(names);
}

int main(int argc, char **argv)
{
	int first = 1, paths;

	while (first < argc && argv[first][0] != '-')
		first++;
	paths = first;
	for (int i = first; i < argc; i += 2) {
		if (i + 1 < argc && strcmp(argv[i], "-name") == 0)
			pattern = argv[i + 1];
		else if (i + 1 < argc && strcmp(argv[i], "-type") == 0)
			type = argv[i + 1][0];
		else
			usage("find [PATH...] [-name PATTERN] [-type f|d|l]");
	}
	if (type && !strchr("fdl", type))
		errx(2, "-type is one of f, d, l");
	if (paths == 1)
		walk(".");
	for (int i = 1; i < paths; i++)
		walk(argv[i]);
	return finish_output(status);
}
