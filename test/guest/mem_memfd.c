/*
 * memfd_create, seals, and what is special about files in memory: their names, their holes, and
 * what happens when there is no more room.
 */
#include "child.h"

#include <sys/vfs.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#define SEAL_EXEC 0x20
#define CLOEXEC 1u
#define SEALING 2u
#define NOEXEC_SEAL 8u
#define EXEC_FLAG 16u

static long memfd(const char *name, unsigned flags)
{
	return sys(SYS_memfd_create, name, flags);
}

/* A memfd of n bytes that may be sealed. */
static int sized(size_t n)
{
	int fd = (int)memfd("sized", SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)n) != 0)
		bail_out("memfd of %lu bytes: errno %d", (unsigned long)n, errno);
	return fd;
}

static long seal(int fd, int seals)
{
	return sys(SYS_fcntl, fd, F_ADD_SEALS, seals);
}

static long seals(int fd)
{
	return sys(SYS_fcntl, fd, F_GET_SEALS, 0);
}

static long put(int fd, const void *buf, size_t n)
{
	return sys(SYS_write, fd, buf, n);
}

/* ftruncate as the kernel answers. */
static long cut(int fd, off_t size)
{
	return ftruncate(fd, size) == 0 ? 0 : -errno;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : -1;
}

static blkcnt_t blocks_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_blocks : -1;
}

static bool zero(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((const char *)p)[i])
			return false;
	return true;
}

static void test_create(void)
{
	int a = (int)memfd("twin", 0), b = (int)memfd("twin", CLOEXEC);
	struct stat sa, sb;

	want(a >= 0 && b >= 0 && a != b);
	want(fstat(a, &sa) == 0 && fstat(b, &sb) == 0);
	want(S_ISREG(sa.st_mode) && sa.st_size == 0 && sa.st_nlink == 0);
	want(sa.st_ino != sb.st_ino);
	want((fcntl(a, F_GETFL) & O_ACCMODE) == O_RDWR);
	want_eq(write(a, "x", 1), 1);
	want(size_of(a) == 1 && size_of(b) == 0);
	verdict("MEMFD-1 each call makes a new empty file to read and write");
	want_eq(fcntl(a, F_GETFD), 0);
	want_eq(fcntl(b, F_GETFD), FD_CLOEXEC);
	verdict("MEMFD-1 flag 1 is close-on-exec");
	close(a);
	close(b);
}

static void test_arguments(void)
{
	char name[260];
	int fd;

	memset(name, 'n', sizeof name);
	want_eq(memfd("x", 0x80), -EINVAL);
	want_eq(memfd((char *)8, 0x80), -EINVAL);
	want_eq(memfd("x", EXEC_FLAG | NOEXEC_SEAL), -EINVAL);
	verdict("MEMFD-2 an unknown flag is EINVAL, before the name is read");
	want_eq(memfd((char *)8, 0), -EFAULT);
	verdict("MEMFD-2 a bad name is EFAULT");
	name[250] = 0;
	want_eq(memfd(name, 0), -EINVAL);
	name[249] = 0;
	want((fd = (int)memfd(name, 0)) >= 0);
	close(fd);
	want((fd = (int)memfd("", 0)) >= 0);
	close(fd);
	verdict("MEMFD-2 a name of 249 bytes is fine, and an empty one; 250 are EINVAL");
}

static void test_size(void)
{
	int fd = (int)memfd("size", 0);
	unsigned char *p = must_map(2 * PS, RW, MAP_SHARED, fd, 0);

	want_fault(p, READ, ADRERR);
	want_fault(p, WRITE, ADRERR);
	want_eq(size_of(fd), 0);
	want_eq(ftruncate(fd, 5000), 0);
	want(zero(p, 2 * PS));
	p[0] = 1;
	p[4999] = 2;
	want(p[5000] == 0 && p[2 * PS - 1] == 0);
	close(fd);
	want(p[0] == 1 && p[4999] == 2);
	p[PS] = 3;
	want_eq(p[PS], 3);
	verdict("MEMFD-3 pages are there as far as the size goes, and outlive close");
	unmap(p, 2 * PS);
}

static void test_coherence(void)
{
	int fd = (int)memfd("all", 0);
	unsigned char buf[16], *p;
	int status;

	want_eq(write(fd, "written", 7), 7);
	want_eq(lseek(fd, 0, SEEK_CUR), 7);
	want_eq(ftruncate(fd, 2 * PS), 0);
	p = must_map(2 * PS, RW, MAP_SHARED, fd, 0);
	want(memcmp(p, "written\0\0", 9) == 0);
	p[PS] = 'm';
	want(pread(fd, buf, 2, PS) == 2 && buf[0] == 'm' && buf[1] == 0);
	want(lseek(fd, -1, SEEK_END) == (off_t)(2 * PS - 1));
	want(read(fd, buf, 5) == 1 && buf[0] == 0 && read(fd, buf, 5) == 0);
	verdict("MEMFD-4 write, map, read and lseek agree; what was not written is zero");
	if (tap_fork() == 0) {
		unsigned char *q = must_map(2 * PS, RW, MAP_SHARED, fd, 0);

		q[5] = 'c';
		_exit(q[PS] == 'm' ? 0 : 1);
	}
	want(wait(&status) > 0 && status == 0);
	want_eq(p[5], 'c');
	verdict("MEMFD-4 a child's own mapping is shared with the parent's");
	unmap(p, 2 * PS);
	close(fd);
}

/* Does a line of /proc/self/maps end with this? */
static bool mapped_as(const char *name)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[600];
	bool found = false;

	while (f && fgets(line, sizeof line, f)) {
		char *at = strstr(line, name);

		found |= at && !strcmp(at + strlen(name), "\n");
	}
	if (f)
		fclose(f);
	return found;
}

static void test_names(void)
{
	int fd = (int)memfd("a name/with", 0), again;
	char link[64], text[300];
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0);
	ssize_t n;

	want(mapped_as(" /memfd:a name/with (deleted)"));
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	want(strcmp(text, "/memfd:a name/with (deleted)") == 0);
	verdict("MEMFD-5 maps and /proc/self/fd tell the name");
	want((again = open(link, O_RDONLY)) >= 0);
	want_eq(pwrite(fd, "shared", 6, 0), 6);
	want(pread(again, text, 6, 0) == 6 && memcmp(text, "shared", 6) == 0);
	want_eq(put(again, "x", 1), -EBADF);
	want_eq(map(NULL, PS, RW, MAP_SHARED, again, 0), -EACCES);
	want_eq(seal(again, F_SEAL_WRITE), -EPERM);
	verdict("MEMFD-5 opening that link opens the file again");
	unmap(p, PS);
	close(again);
	close(fd);
}

static void test_no_sealing(void)
{
	int fd = (int)memfd("plain", 0), pipes[2];

	want_eq(seals(fd), F_SEAL_SEAL);
	want_eq(seal(fd, F_SEAL_GROW), -EPERM);
	want_eq(seal(fd, 0), -EPERM);
	want_eq(cut(fd, 100), 0);
	close(fd);
	verdict("MEMFD-6 without flag 2 there is the seal against seals");
	fd = sized(0);
	want_eq(seals(fd), 0);
	want_eq(seal(fd, 0x40), -EINVAL);
	want_eq(seal(fd, 0), 0);
	want_eq(seals(fd), 0);
	want(pipe(pipes) == 0);
	want_eq(seals(pipes[0]), -EINVAL);
	want_eq(seal(pipes[1], F_SEAL_GROW), -EINVAL);
	want_eq(seal(pipes[0], F_SEAL_GROW), -EPERM);
	want_eq(seals(99), -EBADF);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	verdict("MEMFD-6 unknown seals are EINVAL, as is a file that has none");
}

static void test_size_seals(void)
{
	int fd = sized(2 * PS);
	char buf[3 * PS];

	memset(buf, 'b', sizeof buf);
	want_eq(seal(fd, F_SEAL_SHRINK), 0);
	want_eq(cut(fd, PS), -EPERM);
	want_eq(cut(fd, 2 * PS), 0);
	want_eq(cut(fd, 3 * PS), 0);
	want_eq(size_of(fd), 3 * PS);
	want_eq(put(fd, buf, 10), 10);
	close(fd);
	verdict("MEMFD-6 SHRINK: smaller is EPERM, larger is fine");
	fd = sized(2 * PS);
	want_eq(seal(fd, F_SEAL_GROW), 0);
	want_eq(cut(fd, 2 * PS + 1), -EPERM);
	want_eq(pwrite(fd, buf, 10, 2 * PS - 10), 10);
	want_eq(sys(SYS_lseek, fd, 2 * PS - 5, SEEK_SET), 2 * PS - 5);
	want_eq(put(fd, buf, 10), 5);
	want_eq(put(fd, buf, 10), -EPERM);
	want_eq(size_of(fd), 2 * PS);
	want_eq(cut(fd, 100), 0);
	want(pwrite(fd, buf, 10, 95) == -1 && errno == EPERM);
	want_eq(cut(fd, 101), -EPERM);
	want_eq(seals(fd), F_SEAL_GROW);
	close(fd);
	verdict("MEMFD-6 GROW: larger is EPERM, by ftruncate and by write");
	fd = sized(0);
	want_eq(seal(fd, F_SEAL_SEAL | F_SEAL_GROW), 0);
	want_eq(seals(fd), F_SEAL_SEAL | F_SEAL_GROW);
	want_eq(seal(fd, F_SEAL_SHRINK), -EPERM);
	close(fd);
	verdict("MEMFD-6 SEAL: no more seals");
}

static void test_write_seal(void)
{
	int fd = sized(PS);
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0), *q;

	want_eq(seal(fd, F_SEAL_WRITE), -EBUSY);
	want_eq(seals(fd), 0);
	want_eq(protect(p, PS, PROT_READ), 0);
	want_eq(seal(fd, F_SEAL_WRITE), -EBUSY);
	unmap(p, PS);
	p = must_map(PS, RW, MAP_PRIVATE, fd, 0);
	want_eq(seal(fd, F_SEAL_WRITE), 0);
	verdict("MEMFD-6 WRITE: EBUSY while a shared mapping may be written");
	want_eq(put(fd, "x", 1), -EPERM);
	want_eq(map(NULL, PS, RW, MAP_SHARED, fd, 0), -EPERM);
	want_eq(map(NULL, PS, PROT_WRITE, MAP_SHARED, fd, 0), -EPERM);
	p[0] = 1;
	q = must_map(PS, RW, MAP_PRIVATE, fd, 0);
	q[0] = 2;
	want(p[0] == 1 && q[0] == 2);
	unmap(p, PS);
	unmap(q, PS);
	want_eq(cut(fd, 2 * PS), 0);
	verdict("MEMFD-6 WRITE: write and shared W are EPERM, private W is fine");
	close(fd);
}

/* Shared mappings of a sealed file to look at: since 6.7 Linux allows them. */
static void test_sealed_view(void)
{
	int fd = sized(PS);
	unsigned char *p;

	want_eq(pwrite(fd, "kept", 4, 0), 4);
	want_eq(seal(fd, F_SEAL_WRITE), 0);
	p = must_map(PS, PROT_READ, MAP_SHARED, fd, 0);
	want(memcmp(p, "kept", 4) == 0);
	want_eq(protect(p, PS, RW), -EACCES);
	want_fault(p, WRITE, ACCERR);
	unmap(p, PS);
	close(fd);
	verdict("MEMFD-6 WRITE: shared R is fine, and never becomes writable");
	fd = sized(PS);
	p = must_map(PS, RW, MAP_SHARED, fd, 0);
	want_eq(seal(fd, F_SEAL_FUTURE_WRITE), 0);
	p[0] = 7;
	want_eq(protect(p, PS, PROT_READ), 0);
	want_eq(protect(p, PS, RW), 0);
	p[1] = 8;
	want_eq(put(fd, "x", 1), -EPERM);
	want_eq(map(NULL, PS, RW, MAP_SHARED, fd, 0), -EPERM);
	want_eq(seal(fd, F_SEAL_WRITE), -EBUSY);
	unmap(p, PS);
	p = must_map(PS, PROT_READ, MAP_SHARED, fd, 0);
	want(p[0] == 7 && p[1] == 8);
	want_eq(protect(p, PS, RW), -EACCES);
	unmap(p, PS);
	want_eq(seal(fd, F_SEAL_WRITE), 0);
	close(fd);
	verdict("MEMFD-6 FUTURE_WRITE: the mappings there are stay writable, no more come");
}

/* Who holds a writable mapping counts, wherever it is and in how many pieces. */
static void test_seal_counts(void)
{
	int fd = sized(4 * PS), ready[2], go[2];
	unsigned char *p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	char c = 0;
	pid_t pid;

	want_eq(protect(p + PS, PS, PROT_READ), 0);
	unmap(p, PS);
	unmap(p + 2 * PS, 2 * PS);
	want_eq(seal(fd, F_SEAL_WRITE), -EBUSY);
	want_eq(protect(p + PS, PS, RW), 0);
	want(pipe(ready) == 0 && pipe(go) == 0);
	pid = tap_fork();
	if (pid == 0) {
		close(go[1]);
		want(write(ready[1], "r", 1) == 1 && read(go[0], &c, 1) == 0);
		_exit(0);
	}
	close(go[0]);
	want_eq(read(ready[0], &c, 1), 1);
	unmap(p + PS, PS);
	want_eq(seal(fd, F_SEAL_WRITE), -EBUSY);
	close(go[1]);
	want_eq(end_of(pid), 0);
	want_eq(seal(fd, F_SEAL_WRITE), 0);
	close(ready[0]);
	close(ready[1]);
	close(fd);
	verdict("MEMFD-6 WRITE: the last piece of a mapping counts, and a child's");
}

static void test_exec_seal(void)
{
	int fd = (int)memfd("noexec", NOEXEC_SEAL);
	struct stat st;

	want(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0666);
	want_eq(seals(fd), SEAL_EXEC);
	want(fchmod(fd, 0700) == -1 && errno == EPERM);
	want_eq(fchmod(fd, 0600), 0);
	want_eq(seal(fd, F_SEAL_GROW), 0);
	close(fd);
	fd = (int)memfd("exec", SEALING | EXEC_FLAG);
	want(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0777);
	want_eq(seal(fd, SEAL_EXEC), 0);
	want_eq(seals(fd),
		SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
	want_eq(put(fd, "x", 1), -EPERM);
	close(fd);
	verdict("MEMFD-6 the seal against execution keeps the x bits");
}

static void test_holes(void)
{
	int fd = sized(16 * PS);
	char buf[PS];

	want_eq(blocks_of(fd), 0);
	want(pread(fd, buf, PS, 3 * PS) == (ssize_t)PS && zero(buf, PS));
	want_eq(blocks_of(fd), 0);
	want_eq(pwrite(fd, "d", 1, 5 * PS + 7), 1);
	want_eq(blocks_of(fd), PS / 512);
	want_eq(lseek(fd, 0, SEEK_DATA), 5 * PS);
	want_eq(lseek(fd, 5 * PS + 1, SEEK_DATA), 5 * PS + 1);
	want_eq(lseek(fd, 0, SEEK_HOLE), 0);
	want_eq(lseek(fd, 5 * PS, SEEK_HOLE), 6 * PS);
	want(lseek(fd, 6 * PS, SEEK_DATA) == -1 && errno == ENXIO);
	want(lseek(fd, 16 * PS, SEEK_HOLE) == -1 && errno == ENXIO);
	want_eq(ftruncate(fd, 5 * PS + 8), 0);
	want_eq(lseek(fd, 5 * PS, SEEK_HOLE), 5 * PS + 8);
	verdict("a hole reads as zeros, takes no room, and lseek finds it");
	close(fd);
}

static long alloc(int fd, int mode, off_t off, off_t len)
{
	return fallocate(fd, mode, off, len) == 0 ? 0 : -errno;
}

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static void test_fallocate(void)
{
	int fd = sized(100), ends[2], dir = open(".", O_RDONLY);
	char link[64];

	want_eq(alloc(fd, 0, 0, 3 * PS), 0);
	want_eq(size_of(fd), 3 * PS);
	want_eq(blocks_of(fd), 3 * PS / 512);
	want_eq(alloc(fd, FALLOC_FL_KEEP_SIZE, 0, PS), 0);
	want_eq(size_of(fd), 3 * PS);
	verdict("fallocate gives pages, and the size if it is to");
	want_eq(alloc(fd, 0, -1, 10), -EINVAL);
	want_eq(alloc(fd, 0, 0, 0), -EINVAL);
	want_eq(alloc(fd, FALLOC_FL_PUNCH_HOLE, 0, PS), -EOPNOTSUPP);
	want_eq(alloc(fd, FALLOC_FL_ZERO_RANGE, 0, PS), -EOPNOTSUPP);
	want_eq(alloc(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PS), -EOPNOTSUPP);
	want_eq(alloc(fd, 0, INT64_MAX - 10, 100), -EFBIG);
	want(pipe(ends) == 0);
	want_eq(alloc(ends[1], 0, 0, 10), -ESPIPE);
	want_eq(alloc(ends[0], 0, 0, 10), -EBADF);
	want_eq(alloc(dir, 0, 0, 10), -EBADF);
	want_eq(alloc(99, 0, 0, 10), -EBADF);
	close(ends[0]);
	close(ends[1]);
	close(dir);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	dir = open(link, O_RDONLY);
	want_eq(alloc(dir, 0, 0, 10), -EBADF);
	close(dir);
	verdict("fallocate judges its arguments");
	want_eq(seal(fd, F_SEAL_GROW), 0);
	want_eq(alloc(fd, 0, 0, 3 * PS + 1), -EPERM);
	want_eq(alloc(fd, 0, 0, 3 * PS), 0);
	want_eq(alloc(fd, PUNCH, 0, PS), 0);
	want_eq(seal(fd, F_SEAL_WRITE), 0);
	want_eq(alloc(fd, PUNCH, 0, PS), -EPERM);
	verdict("fallocate obeys seals");
	close(fd);
}

static void test_punch(void)
{
	int fd = sized(4 * PS + 100);
	unsigned char *p = must_map(5 * PS, RW, MAP_SHARED, fd, 0), *q;

	memset(p, 'p', 4 * PS + 100);
	q = must_map(5 * PS, RW, MAP_PRIVATE, fd, 0);
	q[2 * PS] = 'q';
	want_eq(q[PS], 'p');
	want_eq(alloc(fd, PUNCH, PS - 10, 2 * PS + 20), 0);
	want_eq(size_of(fd), 4 * PS + 100);
	want(p[PS - 11] == 'p' && zero(p + PS - 10, 2 * PS + 20) && p[3 * PS + 10] == 'p');
	want_eq(blocks_of(fd), 5 * PS / 512); /* the loads brought zeros */
	verdict("a hole that is punched reads as zeros in a shared mapping");
	want(q[2 * PS] == 'q' && q[2 * PS + 1] == 'p' && q[PS] == 0);
	verdict("a private copy stays, what was not copied is zero");
	unmap(p, 5 * PS);
	unmap(q, 5 * PS);
	want_eq(alloc(fd, PUNCH, PS, 100 * PS), 0);
	want_eq(blocks_of(fd), PS / 512);
	want_eq(alloc(fd, PUNCH, 100 * PS, PS), 0);
	want_eq(alloc(fd, PUNCH, 10, 20), 0);
	want_eq(blocks_of(fd), PS / 512);
	verdict("punching gives pages back, also beyond the end");
	close(fd);
}

/* What was stored beyond the end. Linux keeps it; POSIX does not: both are taken. */
static void test_tail(void)
{
	int fd = sized(100);
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0), c[2];

	p[99] = 1;
	p[200] = 2;
	want_eq(size_of(fd), 100);
	want_eq(pread(fd, c, 2, 99), 1);
	unmap(p, PS);
	verdict("MMAP-35 a store beyond the end does not change the size, and is not read");
	want_eq(ftruncate(fd, 50), 0);
	want_eq(ftruncate(fd, 300), 0);
	want(pread(fd, c, 2, 99) == 2 && c[0] == 0);
	verdict("TRUNC-7 what was cut off is zero when the file grows again");
	close(fd);
}

static void test_times(void)
{
	int fd = sized(PS);
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0);
	struct stat st;

	want_eq(futimens(fd, old), 0);
	p[0] = 1;
	want_eq(msync(p, PS, MS_SYNC), 0);
	want(fstat(fd, &st) == 0 && st.st_mtime > 1000);
	verdict("MMAP-41 a store through a mapping changes mtime by the time of msync");
	want_eq(futimens(fd, old), 0);
	want_eq(pwrite(fd, "x", 1, 0), 1);
	want(fstat(fd, &st) == 0 && st.st_mtime > 1000);
	verdict("as does a write");
	unmap(p, PS);
	close(fd);
}

static void test_statfs(void)
{
	int fd = sized(0);
	struct statfs st;

	want_eq(fstatfs(fd, &st), 0);
	want_eq(st.f_type, 0x01021994);
	want_eq(fsync(fd), 0);
	verdict("fstatfs says tmpfs, fsync has nothing to do");
	close(fd);
}

int main(void)
{
	test_create();
	test_arguments();
	test_size();
	test_coherence();
	test_names();
	test_no_sealing();
	test_size_seals();
	test_write_seal();
	test_sealed_view();
	test_seal_counts();
	test_exec_seal();
	test_holes();
	test_fallocate();
	test_punch();
	test_tail();
	test_times();
	test_statfs();
	return done();
}
