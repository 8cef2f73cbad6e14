/*
 * Many processes change one small tree of files and directories at once: create, write, cut, map,
 * link, rename, exchange, remove, list. Each file's bytes all equal its first byte, or are 0 where
 * nothing was written; at the end the tree is taken apart and has to be empty.
 *
 * stress_files [ROUNDS [PROCESSES]]
 */
#include "child.h"

#include <dirent.h>

#define DIRS 4
#define FILES 12
#define SIZE_MAX_KB 24

static unsigned seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 12) % n;
}

static void some_name(char *name)
{
	int n = sprintf(name, "s");

	for (unsigned depth = draw(3); depth > 0; depth--)
		n += sprintf(name + n, "/d%u", draw(DIRS));
	sprintf(name + n, "/f%u", draw(FILES));
}

static void some_dir(char *name)
{
	int n = sprintf(name, "s");

	for (unsigned depth = 1 + draw(2); depth > 0; depth--)
		n += sprintf(name + n, "/d%u", draw(DIRS));
}

/*
 * Writers take turns by the byte they write, so readers may see two of them in one file, but never
 * anything else.
 */
static bool known_bytes(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0 && (p[i] < 'a' || p[i] > 'z'))
			return false;
	return true;
}

static int change_content(const char *name)
{
	static unsigned char buf[SIZE_MAX_KB << 10];
	size_t size = draw(sizeof(buf)) + 1;
	int fd = open(name, O_RDWR | O_CREAT, 0644);
	unsigned char *p;
	int bad = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	memset(buf, 'a' + (int)draw(26), size);
	switch (draw(5)) {
	case 0: bad = pwrite(fd, buf, size, draw(40000)) != (ssize_t)size; break;
	case 1: bad = ftruncate(fd, draw(40000)) != 0; break;
	case 2:
		n = read(fd, buf, sizeof(buf));
		bad = n < 0 || !known_bytes(buf, (size_t)n);
		break;
	case 3:
		p = mmap(NULL, PS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		/*
		 * Another process may cut the file meanwhile: then the kernel says so by EFAULT,
		 * not by a signal.
		 */
		bad = p == MAP_FAILED;
		if (!bad) {
			n = pread(fd, p + 100, 50, 0);
			bad = n < 0 && errno != EFAULT;
			munmap(p, PS);
		}
		break;
	default: bad = fsync(fd) != 0;
	}
	close(fd);
	return bad;
}

static int list_dir(const char *name)
{
	DIR *d = opendir(name);
	struct dirent *e;
	int bad = 0;

	while (d && (e = readdir(d)))
		bad += e->d_name[0] != 'd' && e->d_name[0] != 'f' && e->d_name[0] != '.';
	if (d)
		closedir(d);
	return bad;
}

static int one_step(void)
{
	char a[64], b[64];

	some_name(a);
	some_name(b);
	switch (draw(11)) {
	case 0: unlink(a); return 0;
	case 1: rename(a, b); return 0;
	case 2: link(a, b); return 0;
	case 3:
		some_dir(a);
		mkdir(a, 0755);
		return 0;
	case 4:
		some_dir(a);
		if (draw(3) == 0)
			rmdir(a);
		return 0;
	case 5:
		some_dir(a);
		some_dir(b);
		rename(a, b);
		return 0;
	case 6:
		some_dir(draw(2) ? a : b);
		syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2);
		return 0;
	case 7: some_dir(a); return list_dir(a);
	default: return change_content(a);
	}
}

static int worker(unsigned number, int rounds)
{
	int bad = 0;

	seed = number * 7919 + 1;
	for (int i = 0; i < rounds; i++)
		bad += one_step();
	return bad;
}

/* Removes everything in the directory; the number of entries that could not be. */
static int take_apart(const char *name)
{
	DIR *d = opendir(name);
	struct dirent *e;
	char below[512];
	struct stat st;
	int bad = d == NULL;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", name, e->d_name);
		if (lstat(below, &st))
			bad++;
		else if (S_ISDIR(st.st_mode))
			bad += take_apart(below) + (rmdir(below) != 0);
		else
			bad += unlink(below) != 0;
	}
	if (d)
		closedir(d);
	return bad;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 400, processes = argc > 2 ? atoi(argv[2]) : 8,
	    bad = 0;
	struct stat st;

	want_eq(mkdir("s", 0755), 0);
	for (int i = 0; i < processes; i++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			_exit(worker((unsigned)i, rounds) != 0);
	}
	for (int i = 0; i < processes; i++) {
		int status;

		want(wait(&status) > 0);
		bad += !exited(status, 0);
	}
	is(bad, 0, "processes change one tree at once, and see nothing that nobody wrote");
	is(take_apart("s"), 0, "the tree can be taken apart");
	ok(stat("s", &st) == 0 && st.st_nlink == 2, "nothing is left in it");
	is(rmdir("s"), 0, "nor of it");
	return done();
}
