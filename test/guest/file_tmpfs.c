/*
 * The memory file system on /dev/shm: that it is one, where it begins and ends, how much it holds,
 * and that it gives everything back. What all file systems have in common is tested by tmpfs_*.c.
 */
#define FOLDER "/dev/shm"
#include "child.h"
#include "folder.h"

#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define MIB (1l << 20)

static int make(const char *path, off_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	if (fd < 0 || ftruncate(fd, size) != 0)
		bail_out("%s: errno %d", path, errno);
	return fd;
}

/* Bytes that are free. */
static long long room(void)
{
	struct statfs st;

	return statfs(".", &st) == 0 ? (long long)st.f_bfree * st.f_bsize : -1;
}

static void test_mount(void)
{
	struct stat root, up, dev;
	struct statfs fs;
	char line[256];
	bool listed = false;
	FILE *f = fopen("/proc/mounts", "r");

	want_eq(statfs("/dev/shm", &fs), 0);
	want_eq(fs.f_type, 0x01021994);
	want(stat("/dev/shm", &root) == 0 && (root.st_mode & 07777) == 01777);
	want(stat("/dev", &dev) == 0 && root.st_dev != dev.st_dev);
	verdict("/dev/shm is a memory file system, for everybody to write to");
	want(stat("/dev/shm/..", &up) == 0 && up.st_dev == dev.st_dev && up.st_ino == dev.st_ino);
	want(stat("/dev/../dev/shm/../shm/.", &up) == 0 && up.st_ino == root.st_ino &&
		up.st_dev == root.st_dev);
	verdict(".. leads out of it, and its name in again");
	while (f && fgets(line, sizeof line, f))
		listed |= strstr(line, " /dev/shm tmpfs rw") != NULL;
	if (f)
		fclose(f);
	ok(listed, "/proc/mounts shows it");
	want(rmdir("/dev/shm") == -1 && errno == EBUSY);
	want(mkdir("/dev/shm", 0777) == -1 && errno == EEXIST);
	want(rename("/dev/shm", "/dev/tap-shm") == -1 && errno == EBUSY);
	verdict("the place where it is mounted can be neither removed nor renamed");
}

static void test_across(void)
{
	char here[80], there[64];

	snprintf(here, sizeof here, "%s/here", folder_path);
	snprintf(there, sizeof there, "/tmp/tap-%ld.there", (long)getpid());
	close(make("here", 10));
	close(make(there, 10));
	want(link("here", "/tmp/none") == -1 && errno == EXDEV);
	want(link(there, "none") == -1 && errno == EXDEV);
	want(rename("here", "/tmp/none") == -1 && errno == EXDEV);
	want(rename(there, "here") == -1 && errno == EXDEV);
	verdict("links and renames do not cross from one file system to another");
	want_eq(symlink(there, "sym"), 0);
	want_eq(access("sym", F_OK), 0);
	unlink("sym");
	unlink(there);
	want_eq(symlink(here, there), 0);
	want_eq(access(there, F_OK), 0);
	unlink(there);
	unlink("here");
	verdict("symbolic links do");
}

static void test_long_link(void)
{
	char target[4096], text[4096];

	memset(target, 't', sizeof target);
	target[4095] = 0;
	want_eq(symlink(target, "long"), 0);
	want_eq(readlink("long", text, sizeof text), 4095);
	want(memcmp(target, text, 4095) == 0);
	want_eq(unlink("long"), 0);
	verdict("a symbolic link of 4095 bytes is kept");
}

static void test_nodes(void)
{
	struct stat st;
	char b[4];
	int fd;

	want_eq(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDWR);
	want(fd >= 0 && write(fd, "self", 4) == 4 && read(fd, b, 4) == 4 && b[3] == 'f');
	want(fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode));
	close(fd);
	want_eq(unlink("fifo"), 0);
	verdict("a FIFO works");
	if (mknod("null", S_IFCHR | 0600, makedev(1, 3)) != 0 && errno == EPERM) {
		skip("not allowed here", "device nodes are kept");
		return;
	}
	want(stat("null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	fd = open("null", O_RDWR);
	want(fd >= 0 ? write(fd, "xyz", 3) == 3 && read(fd, b, 3) == 0 : errno == EACCES);
	close(fd);
	want_eq(unlink("null"), 0);
	verdict("device nodes are kept");
}

static void test_room(void)
{
	int fd = make("f", 100);
	long long before = room();
	struct stat st;

	want(before > 16 * MIB);
	want(fallocate(fd, 0, 0, before + MIB) == -1 && errno == ENOSPC);
	want(fstat(fd, &st) == 0 && st.st_size == 100 && st.st_blocks == 0);
	verdict("more than there is room for is ENOSPC and changes nothing");
	want_eq(fallocate(fd, 0, 0, 8 * MIB), 0);
	want(fstat(fd, &st) == 0 && st.st_blocks == 8 * MIB / 512);
	want(room() < before - 4 * MIB);
	want_eq(unlink("f"), 0);
	want(room() < before - 4 * MIB);
	close(fd);
	want(room() > before - 4 * MIB);
	verdict("statfs tells what files take, until the last descriptor is closed");
}

/* kB of shared memory in use. */
static long shmem(void)
{
	char text[4096], *at;
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = read(fd, text, sizeof text - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "\nShmem:");
	return at ? atol(at + 7) : -1;
}

static void test_meminfo(void)
{
	long before = shmem(), with;
	int fd = make("f", 0);

	want_eq(fallocate(fd, 0, 0, 16 * MIB), 0);
	with = shmem();
	want(with - before > 8 * 1024);
	close(fd);
	unlink("f");
	want(with - shmem() > 8 * 1024);
	verdict("meminfo counts the pages as Shmem");
}

static void test_full(void)
{
	int fd, big;
	unsigned char *p, c = 1;
	struct stat st;

	if (room() > 256 * MIB) {
		skip("much space is free", "FAULT-14 a store to a hole when it is full");
		return;
	}
	fd = make("hole", 4 * PS);
	p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	p[0] = 1;
	big = make("big", 0);
	while (room() > 0 && fallocate(big, 0, 0, lseek(big, 0, SEEK_END) + room()) == 0)
		;
	want_eq(room(), 0);
	want_fault(p + PS, WRITE, ADRERR);
	p[1] = 2;
	want(pwrite(fd, "x", 1, 2 * PS) == -1 && errno == ENOSPC);
	want(pwrite(fd, "x", 1, 9 * PS) == -1 && errno == ENOSPC);
	want(pwrite(fd, "xy", 2, PS - 1) == 1);
	want(fstat(fd, &st) == 0 && st.st_size == 4 * PS);
	want(pread(fd, &c, 1, 3 * PS) == 1 && c == 0);
	want_eq(ftruncate(fd, 3 * PS + 5), 0);
	want_eq(ftruncate(fd, 4 * PS), 0);
	want_eq(ftruncate(big, lseek(big, 0, SEEK_END) - PS), 0);
	want_fault(p + PS, WRITE, NOFAULT);
	want_fault(p + 2 * PS, WRITE, ADRERR);
	unmap(p, 4 * PS);
	close(fd);
	close(big);
	unlink("hole");
	unlink("big");
	verdict("FAULT-14 a store to a hole when it is full");
}

static void test_run(const char *self)
{
	char *args[] = {"copy", "run", NULL};
	int from = open(self, O_RDONLY), to = make("copy", 0), status = 0;
	char buf[4096];
	ssize_t n;

	while ((n = read(from, buf, sizeof buf)) > 0)
		want_eq(write(to, buf, (size_t)n), n);
	close(from);
	close(to);
	want_eq(chmod("copy", 0755), 0);
	if (tap_fork() == 0) {
		execv("./copy", args);
		_exit(errno == EACCES ? 42 : 1); /* mounted noexec */
	}
	want(wait(&status) > 0 && WEXITSTATUS(status) == 42);
	want_eq(unlink("copy"), 0);
	verdict("a program can be run from there");
}

/* Many names, so that looking through all of them each time would take minutes. */
static void test_many(void)
{
	enum { n = 10000 };
	char text[32];
	int bad = 0;

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof text, "n%d", i);
		bad += mknod(text, S_IFREG | 0600, 0) != 0;
	}
	for (int i = 0; i < n; i += 100) {
		snprintf(text, sizeof text, "n%d", i);
		bad += access(text, F_OK) != 0;
	}
	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof text, "n%d", i);
		bad += unlink(text) != 0;
	}
	is(bad, 0, "10000 names");
}

/* What is left behind when the system ends goes with it. */
static void test_left(void)
{
	struct utsname system_name;
	char text[64];

	snprintf(text, sizeof text, "/dev/shm/tap-%ld-left", (long)getpid());
	want_eq(mkdir(text, 0755), 0);
	want_eq(chdir(text), 0);
	close(make("f", 100 * PS));
	want_eq(link("f", "g"), 0);
	want_eq(mkdir("d", 0755), 0);
	want_eq(symlink("x", "d/s"), 0);
	want_eq(chdir(folder_path), 0);
	if (uname(&system_name) == 0 && strcmp(system_name.sysname, "mv6") != 0) {
		char command[128];

		snprintf(command, sizeof command, "rm -r %s", text);
		want_eq(system(command), 0);
	}
	verdict("a tree of files");
}

/* A size of two words is seen before or after its change, not in the middle of it. */
static void test_whole_size(void)
{
	int fd = make("f", 0), wrong = 0;
	pid_t pid;

	want_eq(ftruncate(fd, 0xfffff000), 0);
	pid = tap_fork();
	if (pid == 0) {
		for (int i = 0; i < 200000; i++)
			if (ftruncate(fd, i % 2 ? 0xfffff000 : 0x100000000) != 0)
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0)
		for (int i = 0; i < 100; i++)
			wrong += lseek(fd, 0x1000, SEEK_HOLE) != 0x1000;
	is(wrong, 0, "a size of four gigabytes is never seen in halves");
	close(fd);
	unlink("f");
}

int main(int argc, char **argv)
{
	char self[4096];
	ssize_t n;

	if (argc > 1 && !strcmp(argv[1], "run"))
		return 42;
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = 0;
	(void)argv;
	folder_enter();
	test_mount();
	test_across();
	test_long_link();
	test_nodes();
	test_room();
	test_meminfo();
	test_full();
	test_run(self);
	test_many();
	test_whole_size();
	test_left();
	folder_leave();
	return done();
}
