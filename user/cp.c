/* cp [-r] FROM TO, cp [-r] FROM... DIR: copies files; with -r directories, and links as links. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool recursive;

static bool copy_path(const char *from, const char *to, bool follow);

static bool fail(const char *path)
{
	warn("%s", path);
	return false;
}

static bool copy_file(const char *from, const char *to, const struct stat *st)
{
	struct stat there;
	int in, out;
	bool ok;

	if (stat(to, &there) == 0 && there.st_dev == st->st_dev && there.st_ino == st->st_ino) {
		warnx("%s and %s are the same file", from, to);
		return false;
	}
	in = open(from, O_RDONLY);
	if (in < 0)
		return fail(from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
	if (out < 0) {
		fail(to);
		close(in);
		return false;
	}
	ok = copy_bytes(in, from, out, to);
	close(in);
	if (close(out) < 0)
		ok = fail(to);
	return ok;
}

static bool copy_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return fail(from);
	target[n] = '\0';
	return symlink(target, to) == 0 || fail(to);
}

/* True if the directory `to` is `from` or lies below it: the copy would never end. */
static bool lies_below(const char *to, const struct stat *from)
{
	struct stat st, above;
	char *path = path_join(to, "");
	bool below = false;

	while (stat(path, &st) == 0) {
		char *up;

		if (st.st_dev == from->st_dev && st.st_ino == from->st_ino) {
			below = true;
			break;
		}
		up = path_join(path, "..");
		free(path);
		path = up;
		if (stat(path, &above) < 0 ||
		    (above.st_dev == st.st_dev && above.st_ino == st.st_ino))
			break;
	}
	free(path);
	return below;
}

static bool copy_directory(const char *from, const char *to, const struct stat *st)
{
	char **names;
	bool ok = true;

	if (mkdir(to, (st->st_mode & 0777) | 0700) < 0 && errno != EEXIST)
		return fail(to);
	if (lies_below(to, st)) {
		warnx("%s: cannot be copied into itself", from);
		return false;
	}
	names = dir_names(from);
	if (!names)
		return fail(from);
	for (char **n = names; *n; n++) {
		char *inner = path_join(from, *n), *target = path_join(to, *n);

		ok &= copy_path(inner, target, false);
		free(inner);
		free(target);
	}
	names_free(names);
	return ok;
}

static bool copy_path(const char *from, const char *to, bool follow)
{
	struct stat st;

	if ((follow ? stat(from, &st) : lstat(from, &st)) < 0)
		return fail(from);
	if (S_ISDIR(st.st_mode)) {
		if (recursive)
			return copy_directory(from, to, &st);
		warnx("%s: is a directory (copied only with -r)", from);
		return false;
	}
	return S_ISLNK(st.st_mode) ? copy_link(from, to) : copy_file(from, to, &st);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The name a source gets in a directory: its last component, without slashes behind it. */
static char *target_in(const char *dir, const char *from)
{
	char *copy = must_copy(from), *end = copy + strlen(copy), *target;

	while (end > copy + 1 && end[-1] == '/')
		*--end = '\0';
	target = path_join(dir, path_base(copy));
	free(copy);
	return target;
}

int main(int argc, char **argv)
{
	const char *last = argv[argc - 1];
	int c, status = 0;

	while ((c = getopt(argc, argv, "rR")) != -1) {
		if (c == '?')
			return 2;
		recursive = true;
	}
	if (argc - optind < 2)
		usage("cp [-r] FROM... TO");
	if (argc - optind > 2 && !is_directory(last))
		errx(1, "%s: is not a directory", last);
	for (int i = optind; i < argc - 1; i++) {
		char *target = is_directory(last) ? target_in(last, argv[i]) : must_copy(last);

		if (!copy_path(argv[i], target, !recursive))
			status = 1;
		free(target);
	}
	return status;
}
