/*
 * mkdir [-p] DIR...: makes directories; with -p also those above, and it is no error if one is
 * there.
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool make(const char *path, bool parents)
{
	if (mkdir(path, 0777) == 0 || (parents && errno == EEXIST && is_directory(path)))
		return true;
	warn("%s", path);
	return false;
}

/* Makes every directory on the way to the last component. */
static bool make_parents(char *path)
{
	for (char *p = path + strspn(path, "/"); (p = strchr(p, '/')); p += strspn(p, "/")) {
		bool ok;

		*p = '\0';
		ok = make(path, true);
		*p = '/';
		if (!ok)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	bool parents = false;
	int c, status = 0;

	while ((c = getopt(argc, argv, "p")) != -1) {
		if (c != 'p')
			return 2;
		parents = true;
	}
	if (optind == argc)
		usage("mkdir [-p] DIR...");
	for (int i = optind; i < argc; i++)
		if ((parents && !make_parents(argv[i])) || !make(argv[i], parents))
			status = 1;
	return status;
}
