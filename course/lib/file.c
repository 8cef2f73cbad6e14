/*
 * Files. Where a flavour differs from Linux:
 *
 * - a directory is read like a file, as records of record_size bytes (shape.c);
 * - the root folder does not show mv6's own folders, which programs that walk through all of them would
 *   not expect; who knows their names can open them;
 * - there are no holes: a write that would begin beyond the end fails. As nothing can seek, only a
 *   file that somebody emptied can be in that state, so only flavours that can empty files look;
 * - a write to a file does all or fails; what was written before it failed stays;
 * - unlink removes empty directories too;
 * - a symbolic link itself can be opened (O_NOFOLLOW), to ask what it is;
 * - a pipe has no facts (fstat).
 */
#include "flavour.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int file_open(const char *name, int linux_flags)
{
	const char *path = path_get(name, 0);
	int fd;

	if (!path)
		return -1;
	fd = open(path, linux_flags, 0777);
	if (fd < 0 && errno == ELOOP && (linux_flags & O_NOFOLLOW))
		fd = open(path, O_PATH | O_NOFOLLOW);
	return fd;
}

static bool is_root(int fd)
{
	struct stat st, root;

	return fstat(fd, &st) == 0 && stat("/", &root) == 0 && st.st_ino == root.st_ino &&
		st.st_dev == root.st_dev;
}

static bool is_own_folder(const char *name)
{
	static const char *const names[] = {
		".mv6", "bin", "dev", "etc", "lost+found", "proc", "root", "sys", "tmp"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Entries of the directory from its present place, as many as n bytes have room for. */
static int read_directory(int fd, char *to, int n)
{
	static char block[1024] __attribute__((aligned(8)));
	size_t room = (size_t)n / record_size, done = 0;
	bool hide = is_root(fd);

	while (done < room) {
		ssize_t got = getdents64(fd, block, sizeof(block)), at = 0;
		off_t next = 0;

		if (got < 0 && done == 0)
			return -1;
		if (got <= 0)
			break;
		while (at < got && done < room) {
			struct dirent *entry = (struct dirent *)(block + at);

			if (!hide || !is_own_folder(entry->d_name))
				record_fill(to + done++ * record_size, (unsigned)entry->d_ino,
					entry->d_name);
			next = entry->d_off;
			at += entry->d_reclen;
		}
		if (at < got)
			lseek(fd, next, SEEK_SET);
	}
	return (int)(done * record_size);
}

int file_read(int fd, void *buf, int n)
{
	ssize_t got;

	if (n < 0)
		return -1;
	got = read(fd, buf, (size_t)n);
	if (got < 0 && errno == EISDIR && is_mapped(buf, (size_t)n))
		return read_directory(fd, buf, n);
	return (int)got;
}

/* Would a write leave a hole? */
static bool is_beyond_end(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	return at > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && at > st.st_size;
}

int file_write(int fd, const void *buf, int n)
{
	ssize_t done;

	if (n < 0 || (shape.can_truncate && is_beyond_end(fd)))
		return -1;
	done = write(fd, buf, (size_t)n);
	return done == n ? n : -1;
}

int file_facts(int fd, struct file_facts *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || S_ISFIFO(st.st_mode))
		return -1;
	out->kind = S_ISDIR(st.st_mode) ? FILE_DIRECTORY
		: S_ISREG(st.st_mode)   ? FILE_PLAIN
		: S_ISLNK(st.st_mode)   ? FILE_LINK
					: FILE_DEVICE;
	out->ino = (unsigned)st.st_ino;
	out->nlink = st.st_nlink;
	out->size = (uint64_t)st.st_size;
	return 0;
}

/* The console is Linux's; other devices get numbers that no device has. */
int file_mknod(const char *name, bool console, int number)
{
	const char *path = path_get(name, 0);

	if (!path)
		return -1;
	return mknod(path, S_IFCHR | 0666, console ? makedev(5, 1) : makedev(240, number & 0xff));
}

int xv6_read(int fd, void *buf, int n)
{
	return file_read(fd, buf, n);
}

int xv6_write(int fd, const void *buf, int n)
{
	return file_write(fd, buf, n);
}

int xv6_close(int fd)
{
	return close(fd);
}

int xv6_dup(int fd)
{
	return dup(fd);
}

int xv6_pipe(int *fds)
{
	return pipe(fds);
}

int xv6_chdir(const char *name)
{
	const char *path = path_get(name, 0);

	return path ? chdir(path) : -1;
}

int xv6_mkdir(const char *name)
{
	const char *path = path_get(name, 0);

	return path ? mkdir(path, 0777) : -1;
}

int xv6_link(const char *from, const char *to)
{
	const char *from_path = path_get(from, 0), *to_path = path_get(to, 1);

	if (!from_path || !to_path)
		return -1;
	return linkat(AT_FDCWD, from_path, AT_FDCWD, to_path, AT_SYMLINK_FOLLOW);
}

int xv6_unlink(const char *name)
{
	const char *path = path_get(name, 0);

	if (!path)
		return -1;
	if (unlink(path) == 0)
		return 0;
	return errno == EISDIR ? rmdir(path) : -1;
}
