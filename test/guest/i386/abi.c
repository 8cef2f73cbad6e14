/*
 * System calls in the forms that only i386 has: two words for 64 bits, structures of 32-bit longs,
 * the calls of before 1995. Every call is made by its number, with the kernel's structures written
 * out here, so that no library stands between.
 */
#include "child.h"

#include <poll.h>
#include <sched.h>
#include <sys/uio.h>

#define N_MMAP 90
#define N_LSTAT 107
#define N_FSTAT 108

/* A number as two words, the lower first. */
#define PAIR(v) (unsigned)((uint64_t)(v)), (unsigned)((uint64_t)(v) >> 32)

#define FAR_AWAY 0x140000000ull /* 5 GiB: the lower word is 1 GiB */
#define BAD_POINTER 8L

/* ---- Mappings ---- */

struct mmap_args {
	unsigned addr, len, prot, flags;
	int fd;
	unsigned offset;
};

static long old_mmap(struct mmap_args a)
{
	return sys(N_MMAP, &a);
}

static void test_mmap(void)
{
	int fd = temp_file(4 * PS, 3);
	struct mmap_args a = {0, 2 * PS, PROT_READ, MAP_PRIVATE, fd, PS};
	unsigned char *shut = must_map(2 * PS, RW, ANON, -1, 0);
	long r = old_mmap(a);

	if (want(!is_error(r))) {
		want(filled_from((void *)r, 2 * PS, 3, PS));
		unmap((void *)r, 2 * PS);
	}
	r = old_mmap((struct mmap_args){0, 100, RW, ANON, -1, 0});
	if (want(!is_error(r))) {
		want(all_zero((void *)r, PS));
		unmap((void *)r, PS);
	}
	verdict("mmap by a structure maps a file at an offset in bytes, and memory");
	a.offset = 100;
	want_eq(old_mmap(a), -EINVAL);
	a.offset = PS + 1;
	want_eq(old_mmap(a), -EINVAL);
	a.offset = 0;
	a.len = 0;
	want_eq(old_mmap(a), -EINVAL);
	a.len = PS;
	a.fd = -1;
	want_eq(old_mmap(a), -EBADF);
	want_eq(sys(N_MMAP, 0L), -EFAULT);
	want_eq(sys(N_MMAP, BAD_POINTER), -EFAULT);
	want_eq(sys(N_MMAP, 0xfffffff0L), -EFAULT);
	unmap(shut + PS, PS);
	want_eq(sys(N_MMAP, shut + PS - 20), -EFAULT);
	protect(shut, PS, PROT_NONE);
	want_eq(sys(N_MMAP, shut), -EFAULT);
	unmap(shut, PS);
	verdict("an offset within a page is EINVAL, a structure that cannot be read EFAULT");
	for (unsigned page = 0; page < 4; page++) {
		r = sys(SYS_mmap2, 0, PS, PROT_READ, MAP_SHARED, fd, page);
		if (!want(!is_error(r)))
			continue;
		want(filled_from((void *)r, PS, 3, page * PS));
		unmap((void *)r, PS);
	}
	r = sys(SYS_mmap2, 0, PS, PROT_READ, MAP_SHARED, fd, 0xfffff);
	if (want(!is_error(r))) {
		want_fault((unsigned char *)r, READ, ADRERR);
		unmap((void *)r, PS);
	}
	r = sys(SYS_mmap2, 0, 2 * PS, PROT_READ, MAP_SHARED, fd, 0xffffffff);
	if (word_wraps())
		want_eq(r, -EOVERFLOW);
	else if (!is_error(r))
		unmap((void *)r, 2 * PS);
	close(fd);
	verdict("mmap2 counts the offset in pages");
}

/* ---- Positions ---- */

static long llseek(int fd, int64_t offset, int64_t *result, int whence)
{
	return sys(SYS__llseek, fd, (unsigned)((uint64_t)offset >> 32), (unsigned)offset, result,
		whence);
}

static void test_llseek(void)
{
	int fd = temp_file(1000, 1), pipe_fd[2];
	int64_t at = -7;

	want_eq(llseek(fd, 0x123456789, &at, SEEK_SET), 0);
	want_eq(at, 0x123456789);
	want_eq(llseek(fd, -0x23456789, &at, SEEK_CUR), 0);
	want_eq(at, 0x100000000);
	want_eq(llseek(fd, -1, &at, SEEK_END), 0);
	want_eq(at, 999);
	verdict("_llseek takes and gives 64 bits");
	at = -7;
	want_eq(llseek(fd, -1, &at, SEEK_SET), -EINVAL);
	want_eq(llseek(fd, -1001, &at, SEEK_END), -EINVAL);
	want_eq(llseek(fd, INT64_MIN, &at, SEEK_SET), -EINVAL);
	want_eq(llseek(fd, 0, &at, 77), -EINVAL);
	want_eq(llseek(-1, 0, &at, SEEK_SET), -EBADF);
	want_eq(at, -7);
	want_eq(sys(SYS__llseek, fd, 0, 0, BAD_POINTER, SEEK_SET), -EFAULT);
	want_eq(sys(SYS__llseek, fd, 0, 0, 0L, SEEK_SET), -EFAULT);
	if (pipe(pipe_fd) == 0) {
		want_eq(llseek(pipe_fd[0], 0, &at, SEEK_SET), -ESPIPE);
		close(pipe_fd[0]);
		close(pipe_fd[1]);
	}
	want_eq(sys(SYS_lseek, fd, 10, SEEK_SET), 10);
	want_eq(sys(SYS_lseek, fd, -3, SEEK_CUR), 7);
	want_eq(sys(SYS_lseek, fd, -8, SEEK_CUR), -EINVAL);
	close(fd);
	verdict("_llseek's errors, and lseek with 32 bits");
}

static void test_far_positions(void)
{
	const char *path = temp_name();
	int fd = temp_file_named(path, 100, 1);
	unsigned char b[4] = {1, 2, 3, 4}, back[4] = {0};
	int64_t end = 0;
	long r = sys(SYS_pwrite64, fd, b, 4, PAIR(FAR_AWAY));

	/* A file system may have no files so large; then it must not have written elsewhere. */
	if (r == 4) {
		want_eq(llseek(fd, 0, &end, SEEK_END), 0);
		want_eq(end, (int64_t)FAR_AWAY + 4);
		want_eq(sys(SYS_pread64, fd, back, 4, PAIR(FAR_AWAY)), 4);
		want(memcmp(b, back, 4) == 0);
		want_eq(sys(SYS_pread64, fd, back, 4, PAIR(FAR_AWAY & 0xffffffff)), 4);
		want(all_zero(back, 4));
		want_eq(sys(SYS_ftruncate64, fd, PAIR(FAR_AWAY + 1)), 0);
		llseek(fd, 0, &end, SEEK_END);
		want_eq(end, (int64_t)FAR_AWAY + 1);
		want_eq(sys(SYS_truncate64, path, PAIR(FAR_AWAY + 3)), 0);
		llseek(fd, 0, &end, SEEK_END);
		want_eq(end, (int64_t)FAR_AWAY + 3);
		r = sys(SYS_mmap2, 0, PS, PROT_READ, MAP_SHARED, fd, FAR_AWAY / PS);
		if (want(!is_error(r))) {
			want_eq(*(unsigned char *)r, 1);
			unmap((void *)r, PS);
		}
	} else {
		want_eq(r, -EFBIG);
		want_eq(sys(SYS_ftruncate64, fd, PAIR(FAR_AWAY)), -EFBIG);
		want_eq(sys(SYS_truncate64, path, PAIR(FAR_AWAY)), -EFBIG);
		want_eq(file_size(fd), 100);
	}
	want_eq(sys(SYS_pread64, fd, back, 4, PAIR(0x7fffffff00000000)), 0);
	want_eq(sys(SYS_truncate64, path, PAIR(50)), 0);
	want_eq(file_size(fd), 50);
	want(file_filled(fd, 0, 50, 1));
	want_eq(sys(SYS_truncate, path, 40), 0);
	want_eq(sys(SYS_ftruncate, fd, 30), 0);
	want_eq(file_size(fd), 30);
	verdict("positions and sizes beyond 4 GiB are two words, the lower first");
	want_eq(sys(SYS_pread64, fd, back, 4, PAIR(-1ll)), -EINVAL);
	want_eq(sys(SYS_pwrite64, fd, b, 4, PAIR(-1ll)), -EINVAL);
	want_eq(sys(SYS_pread64, fd, back, 4, 0, 0x80000000), -EINVAL);
	want_eq(sys(SYS_ftruncate64, fd, PAIR(-1ll)), -EINVAL);
	want_eq(sys(SYS_truncate64, path, PAIR(-1ll)), -EINVAL);
	want_eq(sys(SYS_truncate, path, -1), -EINVAL);
	want_eq(sys(SYS_ftruncate, fd, -1), -EINVAL);
	want_eq(sys(SYS_pread64, fd, BAD_POINTER, 4, PAIR(0)), -EFAULT);
	want_eq(file_size(fd), 30);
	close(fd);
	verdict("negative ones are EINVAL");
}

static void test_sendfile(void)
{
	int in = temp_file(1000, 5), out = temp_file(0, 0);
	int at32 = 100;
	int64_t at64 = 200;

	want_eq(sys(SYS_sendfile, out, in, &at32, 50), 50);
	want_eq(at32, 150);
	want_eq(sys(SYS_sendfile64, out, in, &at64, 50), 50);
	want_eq(at64, 250);
	want_eq(file_size(out), 100);
	want_eq(file_byte(out, 0), pattern(100, 5));
	want_eq(file_byte(out, 50), pattern(200, 5));
	want_eq(sys(SYS_sendfile, out, in, BAD_POINTER, 50), -EFAULT);
	at64 = -1;
	want_eq(sys(SYS_sendfile64, out, in, &at64, 50), -EINVAL);
	close(in);
	close(out);
	verdict("sendfile with a position of 32 bits and of 64");
}

/* ---- What files are like ---- */

struct stat64_i386 {
	uint64_t dev;
	unsigned pad, ino_low, mode, nlink, uid, gid;
	uint64_t rdev;
	unsigned pad2;
	int64_t size;
	unsigned blksize;
	uint64_t blocks;
	unsigned atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	uint64_t ino;
} __attribute__((packed));
_Static_assert(sizeof(struct stat64_i386) == 96, "struct stat64");

struct stat_i386 {
	unsigned dev, ino;
	unsigned short mode, nlink, uid, gid;
	unsigned rdev, size, blksize, blocks;
	unsigned atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec, unused[2];
};
_Static_assert(sizeof(struct stat_i386) == 64, "struct stat");

/* The structure before a byte that the kernel must leave alone. */
struct guarded_stat64 {
	struct stat64_i386 st;
	unsigned char guard;
};

static void want_same_stat(const struct stat64_i386 *a, const struct statx *x)
{
	want_eq(a->ino, x->stx_ino);
	want_eq(a->ino_low, (unsigned)x->stx_ino);
	want_eq(a->mode, x->stx_mode);
	want_eq(a->nlink, x->stx_nlink);
	want_eq(a->uid, x->stx_uid);
	want_eq(a->gid, x->stx_gid);
	want_eq(a->size, x->stx_size);
	want_eq(a->blocks, x->stx_blocks);
	want_eq(a->blksize, x->stx_blksize);
	want_eq(a->mtime, (unsigned)x->stx_mtime.tv_sec);
	want_eq(a->mtime_nsec, x->stx_mtime.tv_nsec);
	want_eq(a->ctime, (unsigned)x->stx_ctime.tv_sec);
	want_eq(a->ctime_nsec, x->stx_ctime.tv_nsec);
}

static void test_stat64(void)
{
	const char *path = temp_name(), *link = temp_name();
	int fd = temp_file_named(path, 5000, 1);
	struct guarded_stat64 by_path, by_fd, by_link, by_at;
	struct statx x, xl;

	fchmod(fd, 0640);
	if (symlink(path, link) != 0)
		bail_out("symlink: errno %d", errno);
	want_eq(sys(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x), 0);
	want_eq(sys(SYS_statx, AT_FDCWD, link, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &xl), 0);
	memset(&by_path, 0xa5, sizeof by_path);
	by_fd = by_link = by_at = by_path;
	want_eq(sys(SYS_stat64, link, &by_path), 0);
	want_eq(sys(SYS_fstat64, fd, &by_fd), 0);
	want_eq(sys(SYS_lstat64, link, &by_link), 0);
	want_eq(sys(SYS_fstatat64, AT_FDCWD, link, &by_at, AT_SYMLINK_NOFOLLOW), 0);
	want_same_stat(&by_path.st, &x);
	want_same_stat(&by_fd.st, &x);
	want_same_stat(&by_link.st, &xl);
	want_same_stat(&by_at.st, &xl);
	want(by_path.guard == 0xa5 && by_fd.guard == 0xa5 && by_link.guard == 0xa5);
	want_eq(by_path.st.mode, S_IFREG | 0640);
	want_eq(by_path.st.size, 5000);
	want_eq(by_path.st.nlink, 1);
	want(S_ISLNK(by_link.st.mode));
	want_eq(by_link.st.size, strlen(path));
	verdict("stat64, fstat64, lstat64 and fstatat64 say what statx says");
	want_eq(sys(SYS_stat64, path, BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_stat64, BAD_POINTER, &by_path), -EFAULT);
	want_eq(sys(SYS_fstat64, -1, &by_path), -EBADF);
	want_eq(sys(SYS_lstat64, "no such file", &by_path), -ENOENT);
	close(fd);
	verdict("and have their errors");
}

static void test_old_stat(void)
{
	const char *path = temp_name(), *link = temp_name();
	int fd = temp_file_named(path, 5000, 1);
	struct stat_i386 st[3], of_link;
	struct statx x;

	if (symlink(path, link) != 0)
		bail_out("symlink: errno %d", errno);
	want_eq(sys(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x), 0);
	memset(st, 0xa5, sizeof st);
	want_eq(sys(SYS_stat, link, &st[0]), 0);
	want_eq(((unsigned char *)&st[1])[0], 0xa5);
	want_eq(sys(N_FSTAT, fd, &st[1]), 0);
	want_eq(sys(N_LSTAT, path, &st[2]), 0);
	want_eq(sys(N_LSTAT, link, &of_link), 0);
	for (int i = 0; i < 3; i++) {
		want_eq(st[i].ino, x.stx_ino);
		want_eq(st[i].mode, x.stx_mode);
		want_eq(st[i].nlink, 1);
		want_eq(st[i].uid, x.stx_uid);
		want_eq(st[i].gid, x.stx_gid);
		want_eq(st[i].size, 5000);
		want_eq(st[i].mtime, (unsigned)x.stx_mtime.tv_sec);
		want_eq(st[i].mtime_nsec, x.stx_mtime.tv_nsec);
	}
	want(S_ISLNK(of_link.mode));
	want_eq(of_link.size, strlen(path));
	want_eq(sys(SYS_stat, path, BAD_POINTER), -EFAULT);
	close(fd);
	verdict("stat, fstat and lstat in their first form");
}

struct statfs64_i386 {
	unsigned type, bsize;
	uint64_t blocks, bfree, bavail, files, ffree;
	unsigned fsid[2], namelen, frsize, flags, spare[4];
} __attribute__((packed));
_Static_assert(sizeof(struct statfs64_i386) == 84, "struct statfs64");

static void test_statfs(void)
{
	struct statfs64_i386 by_path[2], by_fd;
	unsigned old[16];
	int fd = open(".", O_RDONLY);
	long r;

	memset(by_path, 0xa5, sizeof by_path);
	want_eq(sys(SYS_statfs64, ".", 84, &by_path[0]), 0);
	want_eq(((unsigned char *)&by_path[1])[0], 0xa5);
	want_eq(sys(SYS_fstatfs64, fd, 84, &by_fd), 0);
	want(by_fd.type == by_path[0].type && by_fd.bsize == by_path[0].bsize);
	want_eq(by_fd.blocks, by_path[0].blocks);
	want(by_fd.bfree <= by_fd.blocks && by_fd.bavail <= by_fd.bfree);
	want(by_fd.namelen >= 14 && by_fd.namelen <= 255);
	r = sys(SYS_statfs, ".", old);
	if (r == 0)
		want(old[0] == by_fd.type && old[1] == by_fd.bsize && old[2] == by_fd.blocks);
	else
		want_eq(r, -EOVERFLOW);
	verdict("statfs64 and fstatfs64 describe the file system");
	want_eq(sys(SYS_statfs64, ".", 64, &by_fd), -EINVAL);
	want_eq(sys(SYS_statfs64, ".", 0, &by_fd), -EINVAL);
	want_eq(sys(SYS_fstatfs64, fd, 96, &by_fd), -EINVAL);
	want_eq(sys(SYS_statfs64, ".", 84, BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_statfs64, BAD_POINTER, 84, &by_fd), -EFAULT);
	want_eq(sys(SYS_fstatfs64, -1, 84, &by_fd), -EBADF);
	want_eq(sys(SYS_statfs64, "no such file", 84, &by_fd), -ENOENT);
	close(fd);
	verdict("a wrong size of the structure is EINVAL");
}

static void test_old_names(void)
{
	const char *a = temp_name(), *b = temp_name(), *c = temp_name();
	char target[100];
	struct stat_i386 st;
	int utimbuf[2] = {1000000, 2000000}, utimes[4] = {11, 500000, 12, 999999};
	long fd = sys(SYS_creat, a, 0600);

	want(fd >= 0);
	want_eq(sys(SYS_write, fd, "abc", 3), 3);
	close((int)fd);
	fd = sys(SYS_open, a, O_RDONLY | 0100000, 0); /* O_LARGEFILE */
	want(fd >= 0);
	close((int)fd);
	want_eq(sys(SYS_link, a, b), 0);
	want_eq(sys(SYS_rename, b, c), 0);
	want_eq(sys(SYS_chmod, c, 0444), 0);
	want_eq(sys(SYS_stat, a, &st), 0);
	want_eq(st.nlink, 2);
	want_eq(st.mode, S_IFREG | 0444);
	want_eq(sys(SYS_unlink, c), 0);
	want_eq(sys(SYS_symlink, a, b), 0);
	want_eq(sys(SYS_readlink, b, target, sizeof target), strlen(a));
	want(memcmp(target, a, strlen(a)) == 0);
	want_eq(sys(SYS_access, b, F_OK), 0);
	want_eq(sys(SYS_access, c, F_OK), -ENOENT);
	want_eq(sys(SYS_utime, b, utimbuf), 0);
	sys(SYS_stat, a, &st);
	want(st.atime == 1000000 && st.mtime == 2000000);
	want_eq(sys(SYS_utimes, b, utimes), 0);
	sys(SYS_stat, a, &st);
	want(st.atime == 11 && st.mtime == 12);
	utimes[1] = 1000000;
	want_eq(sys(SYS_utimes, b, utimes), -EINVAL);
	want_eq(sys(SYS_chown, a, 0xffff, 0xffff), 0);
	want_eq(sys(SYS_lchown, b, 0xffff, 0xffff), 0);
	want_eq(sys(SYS_chown32, a, -1, -1), 0);
	sys(SYS_stat, a, &st);
	want(st.uid == (unsigned short)getuid());
	want_eq(sys(SYS_unlink, b), 0);
	want_eq(sys(SYS_mkdir, b, 0755), 0);
	want_eq(sys(SYS_rmdir, b), 0);
	want_eq(sys(SYS_unlink, b), -ENOENT);
	verdict("open, creat, link, rename, chmod, symlink, readlink, access, utime, mkdir, rmdir");
}

struct dirent64_head {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
} __attribute__((packed));

static void test_getdents(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 10, 1), dir = open(".", O_RDONLY | O_DIRECTORY);
	static char buf[4096];
	int found = 0, dots = 0, bad = 0;
	struct stat st;
	long n;

	fstat(fd, &st);
	while ((n = sys(SYS_getdents64, dir, buf, sizeof buf)) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64_head *d = (void *)(buf + at);

			bad += d->reclen < 20 || d->reclen % 4 != 0 || at + d->reclen > n;
			if (bad)
				break;
			dots += !strcmp(d->name, ".") || !strcmp(d->name, "..");
			found += !strcmp(d->name, name) && d->ino == st.st_ino &&
				(d->type == 8 /* DT_REG */ || d->type == 0);
			at += d->reclen;
		}
	}
	want_eq(n, 0);
	want_eq(bad, 0);
	want_eq(dots, 2);
	want_eq(found, 1);
	want_eq(sys(SYS_getdents64, dir, BAD_POINTER, 1000), 0); /* at the end nothing is written */
	lseek(dir, 0, SEEK_SET);
	want_eq(sys(SYS_getdents64, dir, buf, 8), -EINVAL);
	want_eq(sys(SYS_getdents64, dir, BAD_POINTER, 1000), -EFAULT);
	close(dir);
	close(fd);
	verdict("getdents64 lists names with 64-bit numbers");
}

static void test_descriptors(void)
{
	int fd[2], fd2;
	char a[3], b[5];
	struct {
		unsigned base, len;
	} iov[3] = {{(unsigned)a, 3}, {0, 0}, {(unsigned)b, 5}};

	want_eq(sys(SYS_pipe, fd), 0);
	want_eq(sys(SYS_pipe, BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_dup2, fd[1], fd[1]), fd[1]);
	want_eq(sys(SYS_dup2, -1, -1), -EBADF);
	fd2 = (int)sys(SYS_fcntl64, fd[1], F_DUPFD, 20);
	want(fd2 >= 20);
	want_eq(sys(SYS_fcntl64, fd2, F_SETFD, FD_CLOEXEC), 0);
	want_eq(sys(SYS_fcntl, fd2, F_GETFD, 0), FD_CLOEXEC);
	want_eq(sys(SYS_fcntl64, fd[0], F_SETFL, O_NONBLOCK), 0);
	want_eq(sys(SYS_fcntl, fd[0], F_GETFL, 0) & (O_NONBLOCK | O_ACCMODE),
		O_NONBLOCK | O_RDONLY);
	want_eq(sys(SYS_fcntl64, -1, F_GETFL, 0), -EBADF);
	want_eq(sys(SYS_fcntl64, fd2, 9999, 0), -EINVAL);
	verdict("pipe, dup2, fcntl and fcntl64");
	memcpy(a, "abc", 3);
	memcpy(b, "defgh", 5);
	want_eq(sys(SYS_writev, fd[1], iov, 3), 8);
	memset(a, 0, 3);
	memset(b, 0, 5);
	want_eq(sys(SYS_readv, fd[0], iov, 3), 8);
	want(memcmp(a, "abc", 3) == 0 && memcmp(b, "defgh", 5) == 0);
	want_eq(sys(SYS_readv, fd[0], iov, 3), -EAGAIN);
	want_eq(sys(SYS_writev, fd[1], iov, 0), 0);
	want_eq(sys(SYS_writev, fd[1], iov, -1), -EINVAL);
	want_eq(sys(SYS_writev, fd[1], iov, 1025), -EINVAL);
	want_eq(sys(SYS_writev, fd[1], BAD_POINTER, 3), -EFAULT);
	iov[1].len = 0x80000000;
	want_eq(sys(SYS_writev, fd[1], iov, 3), -EINVAL);
	verdict("readv and writev with lengths of 32 bits");
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	close(fd2);
}

/* ---- Limits ---- */

static void test_limits(void)
{
	unsigned now[2], old[2];
	uint64_t wide[2];
	int bad = 0;

	for (int which = 0; which < 16; which++) {
		if (sys(SYS_prlimit64, 0, which, NULL, wide) != 0)
			continue;
		want_eq(sys(SYS_ugetrlimit, which, now), 0);
		want_eq(sys(SYS_getrlimit, which, old), 0);
		for (int i = 0; i < 2; i++) {
			bad += now[i] != (wide[i] > 0xffffffff ? 0xffffffff : wide[i]);
			bad += old[i] != (wide[i] > 0x7fffffff ? 0x7fffffff : wide[i]);
		}
	}
	want_eq(bad, 0);
	want_eq(sys(SYS_ugetrlimit, 16, now), -EINVAL);
	want_eq(sys(SYS_getrlimit, 16, now), -EINVAL);
	want_eq(sys(SYS_ugetrlimit, -1, now), -EINVAL);
	want_eq(sys(SYS_ugetrlimit, RLIMIT_STACK, BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_getrlimit, RLIMIT_STACK, BAD_POINTER), -EFAULT);
	verdict("ugetrlimit and getrlimit cut limits to 32 and to 31 bits");
	want_eq(sys(SYS_ugetrlimit, RLIMIT_NOFILE, now), 0);
	old[0] = now[0] - 1;
	old[1] = now[1];
	want_eq(sys(SYS_setrlimit, RLIMIT_NOFILE, old), 0);
	want_eq(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, wide), 0);
	want(wide[0] == old[0] && wide[1] == old[1]);
	want_eq(sys(SYS_setrlimit, RLIMIT_NOFILE, now), 0);
	want_eq(sys(SYS_setrlimit, RLIMIT_NOFILE, BAD_POINTER), -EFAULT);
	verdict("setrlimit takes limits of 32 bits");
}

/* ---- Time ---- */

struct time32 {
	int sec, nsec;
};
struct time64 {
	int64_t sec, nsec;
};

static void test_clocks(void)
{
	for (int clock = CLOCK_REALTIME; clock <= CLOCK_MONOTONIC; clock++) {
		struct time64 a = {0}, c = {0};
		struct time32 b = {0};

		want_eq(sys(SYS_clock_gettime64, clock, &a), 0);
		want_eq(sys(SYS_clock_gettime, clock, &b), 0);
		want_eq(sys(SYS_clock_gettime64, clock, &c), 0);
		want(a.sec <= b.sec && b.sec <= c.sec);
		want(a.sec < b.sec || a.nsec <= b.nsec);
		want(b.sec < c.sec || b.nsec <= c.nsec);
		want(a.nsec >= 0 && a.nsec < 1000000000);
		want_eq(sys(SYS_clock_getres, clock, &b), 0);
		want_eq(sys(SYS_clock_getres_time64, clock, &a), 0);
		want(a.sec == b.sec && a.nsec == b.nsec);
	}
	want_eq(sys(SYS_clock_gettime, 99, &(struct time32){0, 0}), -EINVAL);
	want_eq(sys(SYS_clock_gettime64, 99, &(struct time64){0, 0}), -EINVAL);
	want_eq(sys(SYS_clock_gettime, CLOCK_REALTIME, BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_clock_gettime64, CLOCK_REALTIME, BAD_POINTER), -EFAULT);
	verdict("clock_gettime and clock_gettime64 tell the same time");
	struct time64 before, after;
	int at = 0;

	sys(SYS_clock_gettime64, CLOCK_REALTIME, &before);
	long now = sys(SYS_time, &at);
	sys(SYS_clock_gettime64, CLOCK_REALTIME, &after);
	/* time() tells the last tick's second. */
	want(now == at && now >= before.sec - 1 && now <= after.sec);
	want(sys(SYS_time, 0L) >= now && sys(SYS_time, 0L) < now + 60);
	want_eq(sys(SYS_time, BAD_POINTER), -EFAULT);
	verdict("time tells the seconds");
}

static void no_op(int signo)
{
	(void)signo;
}

/* SIGALRM in 20 ms, and from then on every 20 ms: one must come while the call waits. */
static void set_ticking(bool on)
{
	int it[4] = {0, on ? 20000 : 0, 0, on ? 20000 : 0};

	sys(SYS_setitimer, 0, it, NULL);
}

static void test_sleeps(void)
{
	struct time64 t64 = {0, 5000000}, left64 = {7, 7}, now;
	struct time32 t32 = {0, 5000000}, left32 = {7, 7};

	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t64, &left64), 0);
	want_eq(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t32, &left32), 0);
	want_eq(sys(SYS_nanosleep, &t32, &left32), 0);
	want(left64.sec == 7 && left32.sec == 7);
	sys(SYS_clock_gettime64, CLOCK_MONOTONIC, &now);
	now.nsec = 0;
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, TIMER_ABSTIME, &now, NULL), 0);
	/* A 32-bit program's nanoseconds have 32 bits; above them is padding. */
	t64.nsec = 5 | 0x5a5a5a5a00000000;
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t64, NULL), 0);
	verdict("clock_nanosleep_time64, clock_nanosleep and nanosleep sleep");
	signal(SIGALRM, no_op);
	struct sigaction act = {.sa_handler = no_op};
	sigaction(SIGALRM, &act, NULL);
	set_ticking(true);
	t64 = (struct time64){0x200000000, 0};
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t64, &left64), -EINTR);
	want(left64.sec > 0x1fffff000 && left64.sec <= 0x200000000);
	t32 = (struct time32){1000, 0};
	want_eq(sys(SYS_nanosleep, &t32, &left32), -EINTR);
	want(left32.sec > 900 && left32.sec < 1000);
	set_ticking(false);
	verdict("a signal ends them, and they tell what was left in their form");
	t64 = (struct time64){0, 1000000000};
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t64, NULL), -EINVAL);
	t64 = (struct time64){-1, 0};
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t64, NULL), -EINVAL);
	t32 = (struct time32){0, -1};
	want_eq(sys(SYS_nanosleep, &t32, NULL), -EINVAL);
	want_eq(sys(SYS_clock_nanosleep_time64, 99, 0, &(struct time64){0, 1}, NULL), -EINVAL);
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, BAD_POINTER, NULL), -EFAULT);
	want_eq(sys(SYS_nanosleep, BAD_POINTER, NULL), -EFAULT);
	verdict("times that are none are EINVAL");
}

static void test_ppoll(void)
{
	struct time64 t64 = {0, 3000000};
	struct time32 t32 = {0, 3000000};
	uint64_t mask = 0;
	struct pollfd p;
	int fd[2];

	if (pipe(fd) != 0)
		bail_out("pipe: errno %d", errno);
	p = (struct pollfd){.fd = fd[0], .events = POLLIN};
	want_eq(sys(SYS_ppoll_time64, &p, 1, &t64, NULL, 8), 0);
	want_eq(sys(SYS_ppoll, &p, 1, &t32, NULL, 8), 0);
	want_eq(sys(SYS_poll, &p, 1, 3), 0);
	want_eq(write(fd[1], "x", 1), 1);
	t64 = (struct time64){0x100000000, 0};
	want_eq(sys(SYS_ppoll_time64, &p, 1, &t64, &mask, 8), 1);
	want_eq(p.revents, POLLIN);
	want_eq(sys(SYS_ppoll_time64, &p, 1, NULL, NULL, 8), 1);
	want_eq(sys(SYS_poll, &p, 1, -1), 1);
	t64 = (struct time64){0, -1};
	want_eq(sys(SYS_ppoll_time64, &p, 1, &t64, NULL, 8), -EINVAL);
	t64 = (struct time64){0, 0};
	want_eq(sys(SYS_ppoll_time64, &p, 1, &t64, &mask, 4), -EINVAL);
	want_eq(sys(SYS_ppoll_time64, &p, 1, BAD_POINTER, NULL, 8), -EFAULT);
	want_eq(sys(SYS_ppoll_time64, BAD_POINTER, 1, &t64, NULL, 8), -EFAULT);
	close(fd[0]);
	close(fd[1]);
	verdict("ppoll_time64, ppoll and poll");
}

static void test_utimensat(void)
{
	const char *path = temp_name();
	int fd = temp_file_named(path, 10, 1);
	struct time64 t[2] = {{0x100000005, 6}, {0x180000007, 8}};
	struct time32 t32[2] = {{1000, 1}, {2000, 2}};
	struct statx x;

	want_eq(sys(SYS_utimensat_time64, AT_FDCWD, path, t, 0), 0);
	want_eq(sys(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x), 0);
	/* A file system keeps what it can: the time, or the last that it knows. */
	want(x.stx_atime.tv_sec == t[0].sec ||
		(x.stx_atime.tv_sec >= 0x7fffffff && x.stx_atime.tv_sec < t[0].sec));
	want(x.stx_mtime.tv_sec == t[1].sec ||
		(x.stx_mtime.tv_sec >= 0x7fffffff && x.stx_mtime.tv_sec < t[1].sec));
	verdict("utimensat_time64 sets times beyond 2038, as far as the file system knows them");
	want_eq(sys(SYS_utimensat, AT_FDCWD, path, t32, 0), 0);
	sys(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x);
	want(x.stx_atime.tv_sec == 1000 && x.stx_mtime.tv_sec == 2000);
	t[0] = (struct time64){0, UTIME_OMIT};
	t[1] = (struct time64){3000, 0};
	want_eq(sys(SYS_utimensat_time64, fd, NULL, t, 0), 0);
	sys(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x);
	want(x.stx_atime.tv_sec == 1000 && x.stx_mtime.tv_sec == 3000);
	t[1].nsec = 1000000000;
	want_eq(sys(SYS_utimensat_time64, AT_FDCWD, path, t, 0), -EINVAL);
	want_eq(sys(SYS_utimensat_time64, AT_FDCWD, path, BAD_POINTER, 0), -EFAULT);
	want_eq(sys(SYS_utimensat_time64, AT_FDCWD, path, NULL, 0), 0);
	close(fd);
	verdict("utimensat with times of 32 bits; UTIME_OMIT; errors");
}

static void test_times(void)
{
	int t[5] = {-1, -1, -1, -1, -1};
	long a = sys(SYS_times, t), b;

	want(t[0] >= 0 && t[1] >= 0 && t[2] >= 0 && t[3] >= 0 && t[4] == -1);
	sleep_ms(30);
	b = sys(SYS_times, 0L);
	want((unsigned)(b - a) >= 2 && (unsigned)(b - a) < 3000);
	want_eq(sys(SYS_times, BAD_POINTER), -EFAULT);
	verdict("times counts in hundredths, in longs of 32 bits");
}

/* ---- Signals as they were ---- */

static volatile int hits;

static void count(int signo)
{
	(void)signo;
	hits++;
}

struct old_action {
	void *handler;
	unsigned mask, flags;
	void *restorer;
};

static void test_sigaction(void)
{
	struct old_action act = {count, 1u << (SIGTERM - 1), SA_RESTART, NULL}, was;

	hits = 0;
	want_eq(sys(SYS_sigaction, SIGUSR1, &act, NULL), 0);
	memset(&was, 0xa5, sizeof was);
	want_eq(sys(SYS_sigaction, SIGUSR1, NULL, &was), 0);
	want(was.handler == count && was.mask == act.mask && was.flags == SA_RESTART);
	kill(getpid(), SIGUSR1);
	want_eq(hits, 1);
	want_eq(sys(SYS_sigaction, SIGKILL, &act, NULL), -EINVAL);
	want_eq(sys(SYS_sigaction, 0, &act, NULL), -EINVAL);
	want_eq(sys(SYS_sigaction, 65, NULL, &was), -EINVAL);
	want_eq(sys(SYS_sigaction, SIGUSR1, BAD_POINTER, NULL), -EFAULT);
	want_eq(sys(SYS_sigaction, SIGUSR1, NULL, BAD_POINTER), -EFAULT);
	verdict("sigaction in its first form");
	want_eq(sys(SYS_signal, SIGUSR2, count), (long)SIG_DFL);
	want_eq(sys(SYS_signal, SIGUSR2, count), (long)count);
	hits = 0;
	kill(getpid(), SIGUSR2);
	want_eq(hits, 1);
	want_eq(sys(SYS_signal, SIGUSR2, SIG_IGN), (long)SIG_DFL); /* the handler was for once */
	kill(getpid(), SIGUSR2);
	want_eq(sys(SYS_signal, SIGUSR2, SIG_DFL), (long)SIG_IGN);
	want_eq(sys(SYS_signal, SIGKILL, count), -EINVAL);
	want_eq(sys(SYS_signal, 0, count), -EINVAL);
	verdict("signal sets a handler for once, and tells what was before");
}

#define BIT(signo) (1u << ((signo)-1))

static unsigned high_mask(void)
{
	unsigned set[2] = {0, 0};

	sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, set, 8);
	return set[1];
}

static void test_masks(void)
{
	unsigned set[2] = {0, BIT(45 - 32)}, old = 0xa5a5a5a5, pending = 0;

	sys(SYS_rt_sigprocmask, SIG_SETMASK, set, NULL, 8);
	set[0] = BIT(SIGUSR1) | BIT(SIGKILL) | BIT(SIGTERM);
	want_eq(sys(SYS_sigprocmask, SIG_SETMASK, set, &old), 0);
	want_eq(old, 0);
	set[0] = BIT(SIGTERM);
	want_eq(sys(SYS_sigprocmask, SIG_UNBLOCK, set, &old), 0);
	want_eq(old, BIT(SIGUSR1) | BIT(SIGTERM));
	set[0] = BIT(SIGUSR2);
	want_eq(sys(SYS_sigprocmask, SIG_BLOCK, set, NULL), 0);
	want_eq(sys(SYS_sigprocmask, 77, NULL, &old), 0);
	want_eq(old, BIT(SIGUSR1) | BIT(SIGUSR2));
	want_eq(sys(SYS_sigprocmask, 77, set, &old), -EINVAL);
	want_eq(sys(SYS_sigprocmask, SIG_BLOCK, BAD_POINTER, NULL), -EFAULT);
	want_eq(sys(SYS_sigprocmask, SIG_BLOCK, NULL, BAD_POINTER), -EFAULT);
	want_eq(high_mask(), BIT(45 - 32));
	verdict("sigprocmask changes the first 32 signals only");
	signal(SIGUSR1, count);
	hits = 0;
	kill(getpid(), SIGUSR1);
	want_eq(sys(SYS_sigpending, &pending), 0);
	want_eq(pending, BIT(SIGUSR1));
	want_eq(sys(SYS_sigpending, BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_sigsuspend, 0, 0, BIT(SIGUSR2)), -EINTR);
	want_eq(hits, 1);
	want_eq(sys(SYS_sigpending, &pending), 0);
	want_eq(pending, 0);
	want_eq(sys(SYS_sigprocmask, SIG_BLOCK, NULL, &old), 0);
	want_eq(old, BIT(SIGUSR1) | BIT(SIGUSR2));
	want_eq(high_mask(), BIT(45 - 32));
	verdict("sigpending and sigsuspend");
	want_eq((unsigned)sys(SYS_sgetmask), BIT(SIGUSR1) | BIT(SIGUSR2));
	want_eq((unsigned)sys(SYS_ssetmask, BIT(SIGTERM) | BIT(SIGKILL)),
		BIT(SIGUSR1) | BIT(SIGUSR2));
	want_eq((unsigned)sys(SYS_sgetmask), BIT(SIGTERM));
	want_eq((unsigned)sys(SYS_ssetmask, 0), BIT(SIGTERM));
	want_eq(high_mask(), 0);
	verdict("sgetmask and ssetmask");
}

static void test_waits(void)
{
	signal(SIGALRM, count);
	hits = 0;
	want_eq(sys(SYS_alarm, 100), 0);
	want(sys(SYS_alarm, 0) >= 50);
	want_eq(sys(SYS_alarm, 0), 0);
	set_ticking(true);
	want_eq(sys(SYS_pause), -EINTR);
	set_ticking(false);
	want(hits >= 1);
	hits = 0;
	want_eq(sys(SYS_tkill, getpid(), SIGALRM), 0);
	want_eq(hits, 1);
	want_eq(sys(SYS_tkill, -1, SIGALRM), -EINVAL);
	want_eq(sys(SYS_tkill, 0x3ffffff, 0), -ESRCH);
	verdict("alarm, pause and tkill");
}

/* ---- Processes ---- */

static void test_processes(void)
{
	volatile int ptid = -1, *ctid = shared_memory(PS);
	int status = -1, fd[2];
	long pid;

	pid = tap_fork();
	if (pid == 0)
		_exit(5);
	want_eq(sys(SYS_waitpid, pid, &status, 0), pid);
	want(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	want_eq(sys(SYS_waitpid, -1, &status, 0), -ECHILD);
	want_eq(sys(SYS_waitpid, -1, &status, 0xff00), -EINVAL);
	pid = sleeping_child();
	want_eq(sys(SYS_waitpid, -1, &status, WNOHANG), 0);
	put_down((pid_t)pid);
	pid = sys(SYS_fork);
	if (pid == 0)
		_exit(6);
	want_eq(end_of((pid_t)pid), 6);
	verdict("fork and waitpid");
	*ctid = -1;
	pid = sys(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &ptid, 0, ctid);
	if (pid == 0)
		_exit(*ctid == getpid() ? 0 : 1);
	want(pid > 0);
	want_eq(ptid, pid);
	want_eq(end_of((pid_t)pid), 0);
	want_eq(*ctid, pid);
	verdict("clone's arguments are flags, stack, parent's number, TLS, child's number");
	if (pipe(fd) != 0)
		bail_out("pipe: errno %d", errno);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	pid = vfork();
	if (pid == 0) {
		struct time32 t = {0, 20000000};

		syscall(SYS_nanosleep, &t, NULL);
		syscall(SYS_write, fd[1], "v", 1);
		_exit(7);
	}
	char c = 0;
	want_eq(read(fd[0], &c, 1), 1);
	want_eq(c, 'v');
	want_eq(end_of((pid_t)pid), 7);
	close(fd[0]);
	close(fd[1]);
	verdict("vfork returns when the child has ended");
}

static void test_ids(void)
{
	unsigned short id[3] = {1, 1, 1};
	unsigned wide[3];

	want_eq(sys(SYS_getuid), getuid() > 0xffff ? 65534 : getuid());
	want_eq(sys(SYS_geteuid), sys(SYS_geteuid32));
	want_eq(sys(SYS_getgid), getgid() > 0xffff ? 65534 : getgid());
	want_eq(sys(SYS_getegid), sys(SYS_getegid32));
	want_eq(sys(SYS_getresuid, &id[0], &id[1], &id[2]), 0);
	want_eq(sys(SYS_getresuid32, &wide[0], &wide[1], &wide[2]), 0);
	want(id[0] == wide[0] && id[1] == wide[1] && id[2] == wide[2]);
	want_eq(sys(SYS_getresgid, &id[0], &id[1], &id[2]), 0);
	want_eq(sys(SYS_getresgid32, &wide[0], &wide[1], &wide[2]), 0);
	want(id[0] == wide[0] && id[1] == wide[1] && id[2] == wide[2]);
	want_eq(sys(SYS_getresuid, BAD_POINTER, &id[1], &id[2]), -EFAULT);
	want_eq(sys(SYS_getresgid32, &wide[0], &wide[1], BAD_POINTER), -EFAULT);
	want_eq(sys(SYS_getpgrp), getpgid(0));
	verdict("user and group numbers of 16 bits");
	want_eq(sys(SYS_setresuid, 0xffff, 0xffff, 0xffff), 0);
	want_eq(sys(SYS_setresgid, 0xffff, 0xffff, 0xffff), 0);
	want_eq(sys(SYS_setreuid, 0xffff, 0xffff), 0);
	want_eq(sys(SYS_setregid, 0xffff, 0xffff), 0);
	want_eq(sys(SYS_setresuid32, -1, -1, -1), 0);
	want_eq(sys(SYS_setuid, sys(SYS_getuid)), 0);
	want_eq(sys(SYS_setgid, sys(SYS_getgid)), 0);
	want_eq(sys(SYS_getgroups, 0, 0), sys(SYS_getgroups32, 0, 0));
	verdict("65535 there is -1: unchanged");
}

/* ---- The system ---- */

static void test_system(void)
{
	struct {
		char name[6][65];
		unsigned char guard;
	} u;
	struct {
		int uptime;
		unsigned loads[3], totalram, freeram, shared, buffer, totalswap, freeswap;
		unsigned short procs, pad;
		unsigned totalhigh, freehigh, mem_unit;
		char room[8];
		unsigned char guard;
	} s;

	memset(&u, 0xa5, sizeof u);
	want_eq(sys(SYS_uname, &u), 0);
	want_eq(u.guard, 0xa5);
	want(u.name[0][0] && u.name[2][0]);
	want(!strcmp(u.name[4], "i686") || !strcmp(u.name[4], "x86_64"));
	want_eq(sys(SYS_uname, BAD_POINTER), -EFAULT);
	verdict("uname has six names of 65 bytes; the machine's is i686");
	memset(&s, 0xa5, sizeof s);
	_Static_assert(offsetof(typeof(s), guard) == 64, "struct sysinfo has 64 bytes");
	want_eq(sys(SYS_sysinfo, &s), 0);
	want_eq(s.guard, 0xa5);
	want(s.uptime >= 0 && s.procs > 0 && s.mem_unit > 0);
	want(s.totalram > 0 && s.freeram > 0 && s.freeram <= s.totalram);
	long kb = proc_value("/proc/meminfo", "MemTotal");
	want((uint64_t)s.totalram * s.mem_unit / 1024 == (uint64_t)kb);
	want_eq(sys(SYS_sysinfo, BAD_POINTER), -EFAULT);
	verdict("sysinfo has longs of 32 bits");
}

static void test_no_call(void)
{
	/* Numbers that are of no call, or of one that Linux does not have any more. */
	static const int none[] = {17, 31, 32, 35, 44, 53, 56, 58, 98, 127, 130, 137, 167, 188, 189,
		222, 223, 251, 273, 285, 500, 511, 1000, 0x7fffffff, -1, -2, -4096, -0x7fffffff - 1,
		0x40000014, 0x10014};

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		long r = sys(none[i], 1, 2, 3, 4, 5, 6);

		if (!want(r == -ENOSYS))
			diag("  call %d gave %ld", none[i], r);
	}
	verdict("numbers of no call are ENOSYS");
}

int main(void)
{
	test_mmap();
	test_llseek();
	test_far_positions();
	test_sendfile();
	test_stat64();
	test_old_stat();
	test_statfs();
	test_old_names();
	test_getdents();
	test_descriptors();
	test_limits();
	test_clocks();
	test_sleeps();
	test_ppoll();
	test_utimensat();
	test_times();
	test_sigaction();
	test_masks();
	test_waits();
	test_processes();
	test_ids();
	test_system();
	test_no_call();
	return done();
}
