/*
 * ls [-aAdilR1] [FILE...]: lists files and directories. On a terminal the names stand in columns,
 * sorted downwards; otherwise one stands on each line.
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <tools.h>
#include <unistd.h>

static bool all, almost_all, directories, inodes, long_form, recursive, single;
static int status;
static bool anything_printed;

struct file {
	char *path;
	const char *name;	/* as it is shown */
	struct stat st;
};

struct list {
	struct file *files;
	size_t count, cap;
};

/*
 * With `listed` the name stood in a directory: if it is gone by now, as the very descriptor is that
 * read /proc/self/fd, it is left out.
 */
static void list_add(struct list *l, char *path, const char *name, bool listed)
{
	struct file f = { .path = path, .name = name };

	if (lstat(path, &f.st) < 0) {
		if (!listed || errno != ENOENT) {
			warn("%s", path);
			status = 1;
		}
		free(path);
		return;
	}
	if (l->count == l->cap) {
		l->cap = 2 * l->cap + 16;
		l->files = must_resize(l->files, l->cap * sizeof(*l->files));
	}
	l->files[l->count++] = f;
}

static void list_free(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->files[i].path);
	free(l->files);
}

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return 'd';
	case S_IFLNK: return 'l';
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	case S_IFIFO: return 'p';
	case S_IFSOCK: return 's';
	default: return '-';
	}
}

/* The ten letters of a mode. */
static void mode_text(mode_t mode, char out[11])
{
	static const char letters[] = "rwxrwxrwx";

	out[0] = type_letter(mode);
	for (int i = 0; i < 9; i++)
		out[i + 1] = mode & (0400u >> i) ? letters[i] : '-';
	if (mode & S_ISUID)
		out[3] = mode & 0100 ? 's' : 'S';
	if (mode & S_ISGID)
		out[6] = mode & 0010 ? 's' : 'S';
	if (mode & S_ISVTX)
		out[9] = mode & 0001 ? 't' : 'T';
	out[10] = '\0';
}

static void print_owner(const struct stat *st)
{
	struct passwd *user = getpwuid(st->st_uid);
	struct group *group = getgrgid(st->st_gid);
	char number[16];

	snprintf(number, sizeof(number), "%u", (unsigned)st->st_uid);
	printf(" %-6s", user ? user->pw_name : number);
	snprintf(number, sizeof(number), "%u", (unsigned)st->st_gid);
	printf(" %-6s", group ? group->gr_name : number);
}

static void print_long(const struct file *f, int link_width, int size_width)
{
	char mode[11], when[32], target[PATH_MAX];
	struct tm tm;
	ssize_t n;

	mode_text(f->st.st_mode, mode);
	printf("%s %*u", mode, link_width, (unsigned)f->st.st_nlink);
	print_owner(&f->st);
	if (S_ISCHR(f->st.st_mode) || S_ISBLK(f->st.st_mode)) {
		snprintf(when, sizeof(when), "%u, %u", major(f->st.st_rdev), minor(f->st.st_rdev));
		printf(" %*s", size_width, when);
	} else {
		printf(" %*lld", size_width, (long long)f->st.st_size);
	}
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M", gmtime_r(&f->st.st_mtim.tv_sec, &tm));
	printf(" %s %s", when, f->name);
	if (S_ISLNK(f->st.st_mode) && (n = readlink(f->path, target, sizeof(target))) >= 0)
		printf(" -> %.*s", (int)n, target);
	putchar('\n');
}

static int number_width(unsigned long long n)
{
	int width = 1;

	while (n >= 10) {
		n /= 10;
		width++;
	}
	return width;
}

static void print_inode(const struct file *f)
{
	if (inodes)
		printf("%8llu ", (unsigned long long)f->st.st_ino);
}

static void print_list_long(const struct list *l)
{
	int links = 1, sizes = 1;

	for (size_t i = 0; i < l->count; i++) {
		const struct stat *st = &l->files[i].st;
		bool device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
		int size = device ? number_width(major(st->st_rdev)) + 2 +
					    number_width(minor(st->st_rdev))
				  : number_width((unsigned long long)st->st_size);

		if (size > sizes)
			sizes = size;
		if (number_width(st->st_nlink) > links)
			links = number_width(st->st_nlink);
	}
	for (size_t i = 0; i < l->count; i++) {
		print_inode(&l->files[i]);
		print_long(&l->files[i], links, sizes);
	}
}

static size_t screen_width(void)
{
	struct winsize ws;

	return ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 ? ws.ws_col : 80;
}

static void print_list_columns(const struct list *l)
{
	size_t width = 0, columns, rows;

	for (size_t i = 0; i < l->count; i++)
		if (strlen(l->files[i].name) > width)
			width = strlen(l->files[i].name);
	width += inodes ? 11 : 2;
	columns = single || screen_width() < width ? 1 : screen_width() / width;
	rows = (l->count + columns - 1) / columns;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < l->count; i += rows) {
			bool last = i + rows >= l->count;

			print_inode(&l->files[i]);
			printf("%-*s", last ? 0 : (int)width - (inodes ? 9 : 0), l->files[i].name);
		}
		putchar('\n');
	}
}

static void print_list(const struct list *l)
{
	anything_printed |= l->count > 0;
	if (long_form)
		print_list_long(l);
	else
		print_list_columns(l);
}

static void list_directory(const char *path, bool heading)
{
	char **names = dir_names(path);
	struct list l = { 0 };

	if (!names) {
		warn("%s", path);
		status = 1;
		return;
	}
	if (heading)
		printf("%s%s:\n", anything_printed ? "\n" : "", path);
	anything_printed |= heading;
	if (all) {
		list_add(&l, path_join(path, "."), ".", true);
		list_add(&l, path_join(path, ".."), "..", true);
	}
	for (char **n = names; *n; n++)
		if (**n != '.' || all || almost_all)
			list_add(&l, path_join(path, *n), *n, true);
	print_list(&l);
	for (size_t i = 0; recursive && i < l.count; i++)
		if (S_ISDIR(l.files[i].st.st_mode) && strcmp(l.files[i].name, ".") != 0 &&
		    strcmp(l.files[i].name, "..") != 0)
			list_directory(l.files[i].path, true);
	list_free(&l);
	names_free(names);
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "aAdilR1")) != -1) {
		switch (c) {
		case 'a': all = true; break;
		case 'A': almost_all = true; break;
		case 'd': directories = true; break;
		case 'i': inodes = true; break;
		case 'l': long_form = true; break;
		case 'R': recursive = true; break;
		case '1': single = true; break;
		default: exit(2);
		}
	}
	single |= !isatty(1);
}

int main(int argc, char **argv)
{
	static char *here[] = { "." };
	struct list files = { 0 }, dirs = { 0 };
	char **args;
	int count;

	parse_options(argc, argv);
	args = optind < argc ? argv + optind : here;
	count = optind < argc ? argc - optind : 1;
	for (int i = 0; i < count; i++) {
		struct stat st;
		bool dir = !directories && stat(args[i], &st) == 0 && S_ISDIR(st.st_mode);

		list_add(dir ? &dirs : &files, must_copy(args[i]), args[i], false);
	}
	print_list(&files);
	for (size_t i = 0; i < dirs.count; i++)
		list_directory(dirs.files[i].path, recursive || count > 1);
	list_free(&files);
	list_free(&dirs);
	return finish_output(status);
}
