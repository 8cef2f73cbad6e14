/* stat FILE...: prints what the file system knows of files. */
#include <err.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <tools.h>

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "regular file";
	case S_IFDIR: return "directory";
	case S_IFLNK: return "symbolic link";
	case S_IFCHR: return "character device";
	case S_IFBLK: return "block device";
	case S_IFIFO: return "pipe";
	case S_IFSOCK: return "socket";
	default: return "unknown type";
	}
}

static void print_time(const char *what, struct timespec ts)
{
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%F %T", gmtime_r(&ts.tv_sec, &tm));
	printf("  %-9s%s.%09ld\n", what, text, ts.tv_nsec);
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		usage("stat FILE...");
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (lstat(argv[i], &st) < 0) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		printf("%s: %s\n", argv[i], type_name(st.st_mode));
		printf("  size %lld, %lld blocks of 512, best transfer %ld\n",
		       (long long)st.st_size, (long long)st.st_blocks, (long)st.st_blksize);
		printf("  inode %llu on device %u,%u, %u links\n", (unsigned long long)st.st_ino,
		       major(st.st_dev), minor(st.st_dev), (unsigned)st.st_nlink);
		printf("  mode %04o, user %u, group %u\n", (unsigned)st.st_mode & 07777,
		       (unsigned)st.st_uid, (unsigned)st.st_gid);
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			printf("  is device %u,%u\n", major(st.st_rdev), minor(st.st_rdev));
		print_time("accessed", st.st_atim);
		print_time("modified", st.st_mtim);
		print_time("changed", st.st_ctim);
	}
	return finish_output(status);
}
