/*
 * Walks over all of the disk and changes what it finds: reads, lengthens and cuts every file,
 * makes, renames and removes files and directories. On a damaged disk calls may fail as they like;
 * the program goes on and ends with status 0.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 6
#define NAMES_MAX 2000 /* in a directory; a damaged one may have no end */
#define FILES_MAX 3000
#define READS_MAX 300
#define ROUNDS 60

static int files, directories, errors;
static char block[8192];

static void note(int failed)
{
	errors += failed != 0;
}

static void change_file(const char *path)
{
	int fd = open(path, O_RDWR);

	files++;
	note(fd < 0);
	if (fd < 0)
		return;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(fd, block, sizeof(block));

		note(n < 0);
		if (n <= 0)
			break;
	}
	note(lseek(fd, 70000, SEEK_SET) < 0 || write(fd, "hello", 5) != 5);
	note(ftruncate(fd, 100));
	close(fd);
}

/* Other file systems, and the program that runs. */
static int is_left_alone(const char *path)
{
	return !strcmp(path, "/proc") || !strcmp(path, "/dev") || !strcmp(path, "/job");
}

static void walk(const char *path, int depth)
{
	DIR *d = opendir(*path ? path : "/");
	struct dirent *e;
	struct stat st;
	char below[4096], target[4096];

	note(!d);
	if (!d)
		return;
	directories++;
	for (int n = 0; n < NAMES_MAX && files < FILES_MAX && (e = readdir(d)); n++) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >=
				(int)sizeof(below) ||
			is_left_alone(below))
			continue;
		if (lstat(below, &st)) {
			note(1);
		} else if (S_ISDIR(st.st_mode)) {
			if (depth < DEPTH_MAX)
				walk(below, depth + 1);
		} else if (S_ISLNK(st.st_mode)) {
			note(readlink(below, target, sizeof(target)) < 0);
		} else if (S_ISREG(st.st_mode)) {
			change_file(below);
		}
	}
	closedir(d);
}

static void make_files(void)
{
	char name[300];

	for (int i = 0; i < ROUNDS; i++) {
		int fd;

		snprintf(name, sizeof(name), "/tmp/f%0*d", 1 + i * 3, i);
		fd = open(name, O_RDWR | O_CREAT, 0644);
		note(fd < 0);
		for (int k = 0; fd >= 0 && k < 30; k++)
			note(write(fd, block, sizeof(block)) != sizeof(block));
		if (fd >= 0) {
			note(fsync(fd));
			close(fd);
		}
		snprintf(name, sizeof(name), "/tmp/d%d", i);
		note(mkdir(name, 0755));
	}
}

static void rename_files(void)
{
	char from[300], to[300];

	for (int i = 0; i < ROUNDS; i += 2) {
		snprintf(from, sizeof(from), "/tmp/f%0*d", 1 + i * 3, i);
		snprintf(to, sizeof(to), "/tmp/d%d/x", i);
		note(rename(from, to));
		note(i && link(to, "/tmp/linked") == 0 && unlink("/tmp/linked"));
	}
}

static void remove_files(void)
{
	char name[300];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "/tmp/d%d/x", i);
		note(i % 2 == 0 && unlink(name));
		snprintf(name, sizeof(name), "/tmp/d%d", i);
		note(rmdir(name));
	}
}

int main(void)
{
	walk("", 0);
	make_files();
	rename_files();
	sync();
	walk("", 0);
	remove_files();
	printf("%d files, %d directories, %d errors\n", files, directories, errors);
	return 0;
}
