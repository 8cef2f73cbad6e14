/*
 * What is known of a file: stat in its forms, modes and the umask, times and when they change,
 * access, and the figures of a file system. Times are compared in whole seconds, which is all that
 * some file systems keep.
 */
#include "child.h"
#include "folder.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>

#define OLD 1000000

static struct stat look(const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	if (lstat(path, &st) != 0)
		bail_out("lstat of %s: errno %d", path, errno);
	return st;
}

static void make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		bail_out("%s: errno %d", path, errno);
	close(fd);
}

/* Sets both times of `path` long back. */
static void age(const char *path)
{
	struct timespec old[2] = { { OLD, 0 }, { OLD, 0 } };

	if (utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW) != 0)
		bail_out("utimensat: errno %d", errno);
}

static bool is_old(const char *path)
{
	return look(path).st_mtime == OLD;
}

static bool is_recent(time_t t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return t >= now.tv_sec - 100 && t <= now.tv_sec + 1;
}

static void test_fstat(void)
{
	struct stat st, by_name;
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0640);

	want_eq(write(fd, "hello", 5), 5);
	memset(&st, 0xaa, sizeof(st));
	is(fstat(fd, &st), 0, "fstat of a new file");
	ok(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0640, "says a regular file of its mode");
	ok(st.st_size == 5 && st.st_nlink == 1 && st.st_ino != 0,
	   "its size, one link, an inode number");
	ok(st.st_uid == geteuid() && st.st_gid == getegid(), "the user and group that made it");
	ok(st.st_rdev == 0 && st.st_blksize >= 512 && st.st_blocks >= 0, "no device, a block size");
	ok(is_recent(st.st_mtime) && is_recent(st.st_ctime) && is_recent(st.st_atime),
	   "and the time of now");
	ok(stat("f", &by_name) == 0 && by_name.st_ino == st.st_ino && by_name.st_dev == st.st_dev &&
	   by_name.st_size == 5, "stat by name says the same");
	ok(look("/proc").st_dev != st.st_dev, "/proc is another device");
	close(fd);
	fails(fstat(fd, &st), EBADF, "fstat of a closed descriptor fails with EBADF");
	fails(stat("none", &st), ENOENT, "stat of a missing file fails with ENOENT");
	fails(stat("f/x", &st), ENOTDIR, "stat through a file fails with ENOTDIR");
	fails(stat("", &st), ENOENT, "stat of the empty path fails with ENOENT");
	ok(S_ISDIR(look(".").st_mode) && S_ISDIR(look("/").st_mode), ". and / are directories");
}

static void test_fstatat(void)
{
	struct stat st;
	int fd, dfd;

	symlink("f", "l");
	ok(fstatat(AT_FDCWD, "l", &st, 0) == 0 && S_ISREG(st.st_mode), "fstatat follows a link");
	ok(fstatat(AT_FDCWD, "l", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
	   st.st_size == 1,
	   "with AT_SYMLINK_NOFOLLOW it does not");
	unlink("l");
	fd = open("f", O_RDONLY);
	ok(fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && S_ISREG(st.st_mode),
	   "AT_EMPTY_PATH means the descriptor");
	fails(fstatat(fd, "", &st, 0), ENOENT, "without it the empty path fails with ENOENT");
	fails(fstatat(fd, "x", &st, 0), ENOTDIR,
	   "fstatat of a file's descriptor fails with ENOTDIR");
	fails(fstatat(77, "x", &st, 0), EBADF, "fstatat of a bad descriptor fails with EBADF");
	fails(fstatat(AT_FDCWD, "f", &st, 0x40000), EINVAL,
	   "fstatat with an unknown flag fails with EINVAL");
	close(fd);
	dfd = open(".", O_RDONLY | O_DIRECTORY);
	ok(fstatat(dfd, "f", &st, 0) == 0 && S_ISREG(st.st_mode), "fstatat looks in a directory");
	ok(fstatat(77, "/", &st, 0) == 0, "an absolute path needs no descriptor");
	close(dfd);
#if defined(SYS_newfstatat)
	fails(syscall(SYS_newfstatat, AT_FDCWD, "f", 8L, 0), EFAULT,
	   "fstatat to a bad pointer fails with EFAULT");
#else
	fails(syscall(SYS_fstatat64, AT_FDCWD, "f", 8L, 0), EFAULT,
	   "fstatat to a bad pointer fails with EFAULT");
#endif
}

static void test_statx(void)
{
	struct statx sx;
	struct stat st = look("f");
	int fd = open("f", O_RDONLY);

	memset(&sx, 0xaa, sizeof(sx));
	is(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx), 0, "statx of a file");
	ok((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, "fills in all the basic fields");
	ok(sx.stx_mode == st.st_mode && sx.stx_size == (uint64_t)st.st_size &&
	   sx.stx_ino == st.st_ino &&
	   sx.stx_nlink == st.st_nlink && sx.stx_uid == st.st_uid && sx.stx_gid == st.st_gid &&
	   sx.stx_blocks == (uint64_t)st.st_blocks && sx.stx_blksize == (uint32_t)st.st_blksize,
	   "as stat has them");
	ok(sx.stx_mtime.tv_sec == st.st_mtime && sx.stx_ctime.tv_sec == st.st_ctime &&
	   sx.stx_dev_major == major(st.st_dev) && sx.stx_dev_minor == minor(st.st_dev) &&
	   sx.stx_rdev_major == 0 && sx.stx_rdev_minor == 0, "the times and devices too");
	ok(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx) == 0 &&
	   sx.stx_size == (uint64_t)st.st_size,
	   "statx with AT_EMPTY_PATH looks at the descriptor");
	fails(statx(fd, "", 0, STATX_SIZE, &sx), ENOENT,
	   "statx of the empty path fails with ENOENT");
	fails(statx(AT_FDCWD, "none", 0, STATX_SIZE, &sx), ENOENT,
	   "statx of a missing file fails with ENOENT");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x80000000u, &sx), EINVAL,
	   "the reserved bit of the mask fails with EINVAL");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0x6000, STATX_SIZE, &sx), EINVAL,
	   "both ways to synchronise fail with EINVAL");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0x40000, STATX_SIZE, &sx), EINVAL,
	   "statx with an unknown flag fails with EINVAL");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_SIZE, 8L), EFAULT,
	   "statx to a bad pointer fails with EFAULT");
	close(fd);
}

static void test_umask(void)
{
	mode_t old = umask(027);

	is(umask(027), 027, "umask returns the mask before");
	unlink("m");
	close(open("m", O_RDWR | O_CREAT, 0777));
	ok((look("m").st_mode & 07777) == 0750, "the umask takes bits from a new file's mode");
	mkdir("md", 0777);
	ok((look("md").st_mode & 0777) == 0750, "and from a new directory's");
	umask(07777);
	ok(umask(0) == 0777, "only its permission bits count");
	unlink("m");
	close(open("m", O_RDWR | O_CREAT, 06751));
	ok((look("m").st_mode & 07777) == 06751, "with a mask of 0 a mode is kept whole");
	umask(077);
	symlink("x", "ml");
	ok((look("ml").st_mode & 07777) == 0777, "a symbolic link's mode is always 0777");
	umask(old);
	unlink("m");
	unlink("ml");
	rmdir("md");
}

static void test_chmod(void)
{
	is(fchmodat(AT_FDCWD, "f", 0604, 0), 0, "fchmodat changes a mode");
	ok(look("f").st_mode == (S_IFREG | 0604), "and not the type");
	ok(chmod("f", 07777) == 0 && (look("f").st_mode & 07777) == 07777, "all twelve bits");
	ok(chown("f", -1, -1) == 0 && (look("f").st_mode & 07777) == 01777,
	   "chown takes set-id bits away, also if it changes neither owner");
	ok(chmod("f", 0170644) == 0 && look("f").st_mode == (S_IFREG | 0644), "but no more");
	symlink("f", "l");
	ok(chmod("l", 0600) == 0 && (look("f").st_mode & 07777) == 0600,
	   "through a link it changes the target");
	unlink("l");
	mkdir("d", 0755);
	ok(chmod("d", 01700) == 0 && look("d").st_mode == (S_IFDIR | 01700),
	   "a directory's mode changes too");
	rmdir("d");
	fails(chmod("none", 0600), ENOENT, "chmod of a missing file fails with ENOENT");
	fails(fchmodat(77, "f", 0600, 0), EBADF, "fchmodat of a bad descriptor fails with EBADF");
	fails(syscall(SYS_fchmodat, AT_FDCWD, 8L, 0600), EFAULT,
	   "fchmodat of a bad pointer fails with EFAULT");
}

static void test_utimens(void)
{
	struct timespec ts[2] = { { 111111, 0 }, { 222222, 0 } };
	struct stat st;
	int fd;

	is(utimensat(AT_FDCWD, "f", ts, 0), 0, "utimensat sets times");
	st = look("f");
	ok(st.st_atime == 111111 && st.st_mtime == 222222, "of access and of modification");
	ok(is_recent(st.st_ctime), "and that of change becomes now");
	ts[0] = (struct timespec){ 5, UTIME_OMIT };
	ts[1] = (struct timespec){ 333333, 0 };
	utimensat(AT_FDCWD, "f", ts, 0);
	st = look("f");
	ok(st.st_atime == 111111 && st.st_mtime == 333333, "UTIME_OMIT leaves one as it is");
	ts[0] = (struct timespec){ 5, UTIME_NOW };
	ts[1] = (struct timespec){ 5, UTIME_OMIT };
	utimensat(AT_FDCWD, "f", ts, 0);
	st = look("f");
	ok(is_recent(st.st_atime) && st.st_mtime == 333333, "UTIME_NOW sets one to now");
	age("f");
	ok(utimensat(AT_FDCWD, "f", NULL, 0) == 0 && is_recent(look("f").st_mtime) &&
	   is_recent(look("f").st_atime), "a null pointer sets both to now");
	fd = open("f", O_RDONLY);
	ts[0] = ts[1] = (struct timespec){ 444444, 0 };
	ok(futimens(fd, ts) == 0 && look("f").st_mtime == 444444,
	   "a null path means the descriptor");
	close(fd);
	fails(syscall(SYS_utimensat, 999, NULL, ts, 0), EBADF, "which must be open: EBADF");
	int name = open("f", O_PATH);
	fails(syscall(SYS_utimensat, name, NULL, ts, 0), EBADF,
	   "and not for a name alone: EBADF of O_PATH");
	close(name);
	symlink("f", "l");
	ts[0] = ts[1] = (struct timespec){ 555555, 0 };
	ok(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW) == 0 && look("l").st_mtime == 555555 &&
	   look("f").st_mtime == 444444, "AT_SYMLINK_NOFOLLOW sets those of the link");
	ok(utimensat(AT_FDCWD, "l", ts, 0) == 0 && look("f").st_mtime == 555555,
	   "without it those of its target");
	unlink("l");
	ts[0].tv_nsec = 1000000000;
	fails(utimensat(AT_FDCWD, "f", ts, 0), EINVAL,
	   "a whole second of nanoseconds fails with EINVAL");
	ts[0].tv_nsec = 0;
	fails(utimensat(AT_FDCWD, "none", ts, 0), ENOENT,
	   "utimensat of a missing file fails with ENOENT");
	fails(utimensat(AT_FDCWD, "f", ts, 0x40000), EINVAL,
	   "utimensat with an unknown flag fails with EINVAL");
	fails(syscall(SYS_utimensat, AT_FDCWD, "f", 8L, 0), EFAULT,
	   "utimensat from a bad pointer fails with EFAULT");
}

static void test_times_of_files(void)
{
	int fd = open("f", O_RDWR);
	char c;

	age("f");
	want_eq(write(fd, "x", 1), 1);
	ok(is_recent(look("f").st_mtime), "a write sets the time of modification");
	age("f");
	lseek(fd, 0, SEEK_SET);
	want_eq(read(fd, &c, 1), 1);
	ok(is_old("f"), "a read does not");
	ok(pwrite(fd, &c, 0, 0) == 0 && is_old("f"), "nor does a write of nothing");
	ok(ftruncate(fd, 1) == 0 && is_recent(look("f").st_mtime), "ftruncate does");
	age("f");
	ok(chmod("f", 0600) == 0 && is_old("f"), "chmod does not");
	link("f", "g");
	ok(is_old("f"), "link does not");
	unlink("g");
	ok(is_old("f"), "unlink of another name does not");
	close(open("f", O_WRONLY | O_TRUNC));
	ok(is_recent(look("f").st_mtime), "open with O_TRUNC does");
	close(fd);
}

static void test_times_of_directories(void)
{
	mkdir("d", 0755);
	age("d");
	make("d/a");
	ok(is_recent(look("d").st_mtime), "a new file sets its directory's time of modification");
	age("d");
	close(open("d/a", O_RDWR | O_CREAT, 0644));
	ok(is_old("d"), "to open an existing one does not");
	rename("d/a", "d/b");
	ok(is_recent(look("d").st_mtime), "rename does");
	age("d");
	link("d/b", "d/c");
	ok(is_recent(look("d").st_mtime), "link does");
	age("d");
	unlink("d/c");
	ok(is_recent(look("d").st_mtime), "unlink does");
	age("d");
	make("d/b");
	ok(is_old("d"), "a write to a file in it does not");
	unlink("d/b");
	rmdir("d");
}

static void test_access(void)
{
	chmod("f", 0644);
	is(access("f", F_OK), 0, "access says that a file exists");
	is(access("f", R_OK | W_OK), 0, "and may be read and written");
	fails(access("f", X_OK), EACCES, "but not run, by root either: EACCES");
	chmod("f", 0700);
	is(access("f", X_OK), 0, "with an x bit it may be run");
	chmod("f", 0);
	is(access("f", R_OK | W_OK), 0, "root reads and writes whatever the mode");
	is(access(".", R_OK | W_OK | X_OK), 0, "a directory may be searched");
	fails(access("none", F_OK), ENOENT, "access to a missing file fails with ENOENT");
	fails(access("f/x", F_OK), ENOTDIR, "access through a file fails with ENOTDIR");
	fails(access("f", 8), EINVAL, "access with an unknown bit fails with EINVAL");
	fails(syscall(SYS_faccessat, 77, "f", F_OK), EBADF,
	   "faccessat of a bad descriptor fails with EBADF");
	fails(syscall(SYS_faccessat, AT_FDCWD, 8L, F_OK), EFAULT,
	   "faccessat of a bad pointer fails with EFAULT");
}

static void test_statfs(void)
{
	struct statfs a, b;
	int fd = open("f", O_RDONLY);

	memset(&a, 0, sizeof(a));
	is(statfs(".", &a), 0, "statfs of a directory");
	ok(a.f_bsize >= 512 && a.f_blocks > 0 && a.f_bfree <= a.f_blocks && a.f_bavail <= a.f_bfree,
	   "tells of blocks, and no more free ones than there are");
	ok(a.f_files > 0 && a.f_ffree <= a.f_files && a.f_namelen == 255,
	   "of inodes and of names of 255 bytes");
	ok(fstatfs(fd, &b) == 0 && b.f_type == a.f_type && b.f_bsize == a.f_bsize &&
	   b.f_blocks == a.f_blocks,
	   "fstatfs of a file in it says the same");
	close(fd);
	ok(statfs("/proc", &b) == 0 && b.f_type == 0x9fa0, "statfs of /proc says that it is one");
	fails(statfs("none", &a), ENOENT, "statfs of a missing path fails with ENOENT");
	fails(fstatfs(fd, &a), EBADF, "fstatfs of a closed descriptor fails with EBADF");
#if defined(SYS_statfs64)
	fails(syscall(SYS_statfs64, ".", 84L, 8L), EFAULT,
	   "statfs to a bad pointer fails with EFAULT");
#else
	fails(syscall(SYS_statfs, ".", 8L), EFAULT, "statfs to a bad pointer fails with EFAULT");
#endif
}

int main(void)
{
	folder_enter();
	umask(022);
	unlink("f");
	test_fstat();
	test_fstatat();
	test_statx();
	test_umask();
	test_chmod();
	test_utimens();
	test_times_of_files();
	test_times_of_directories();
	test_access();
	test_statfs();
	unlink("f");
	folder_leave();
	return done();
}
