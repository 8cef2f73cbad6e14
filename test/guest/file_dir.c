/*
 * Names: directories, links, symbolic links, rename, removal, the working directory, and how paths
 * are walked. Everything happens in a directory "box" below the current one.
 */
#include "child.h"
#include "folder.h"

#include <dirent.h>
#include <limits.h>

struct entry64 {
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static void make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, path, strlen(path)) < 0)
		bail_out("%s: errno %d", path, errno);
	close(fd);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static ino_t inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static int links(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (int)st.st_nlink : -1;
}

static int rename_flags(const char *from, const char *to, unsigned flags)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void test_mkdir(void)
{
	struct stat st;

	is(mkdir("d", 0755), 0, "mkdir makes a directory");
	ok(stat("d", &st) == 0 && S_ISDIR(st.st_mode), "of that type");
	is(st.st_nlink, 2, "with two links");
	is(links("."), 3, "and gives its parent one more");
	ok(inode("d/.") == inode("d") && inode("d/..") == inode("."),
	   "in it . is itself and .. the parent");
	fails(mkdir("d", 0755), EEXIST, "mkdir of an existing directory fails with EEXIST");
	fails(mkdir(".", 0755), EEXIST, "mkdir of . fails with EEXIST");
	fails(mkdir("/", 0755), EEXIST, "mkdir of / fails with EEXIST");
	make("f");
	fails(mkdir("f", 0755), EEXIST, "mkdir of an existing file fails with EEXIST");
	fails(mkdir("f/x", 0755), ENOTDIR, "mkdir below a file fails with ENOTDIR");
	fails(mkdir("no/x", 0755), ENOENT, "mkdir in a missing directory fails with ENOENT");
	fails(mkdir("", 0755), ENOENT, "mkdir of the empty path fails with ENOENT");
	fails(syscall(SYS_mkdirat, AT_FDCWD, 8L, 0755), EFAULT,
	   "mkdir of a bad pointer fails with EFAULT");
	fails(mkdirat(77, "x", 0755), EBADF, "mkdirat of a bad descriptor fails with EBADF");
	is(mkdir("e/", 0755), 0, "mkdir takes a slash behind the name");
	symlink("nowhere", "l");
	fails(mkdir("l", 0755), EEXIST, "mkdir of a dangling link fails with EEXIST");
	unlink("l");
	rmdir("e");
	rmdir("d");
	unlink("f");
}

static void test_unlink(void)
{
	int dfd;

	mkdir("d", 0755);
	make("d/f");
	make("f");
	fails(unlink("d"), EISDIR, "unlink of a directory fails with EISDIR");
	fails(rmdir("f"), ENOTDIR, "rmdir of a file fails with ENOTDIR");
	fails(rmdir("d"), ENOTEMPTY,
	   "rmdir of a directory with something in it fails with ENOTEMPTY");
	fails(rmdir("d/."), EINVAL, "rmdir of . fails with EINVAL");
	mkdir("d/sub", 0755);
	fails(rmdir("d/sub/.."), ENOTEMPTY, "rmdir of .. fails with ENOTEMPTY");
	is(rmdir("d/sub"), 0, "rmdir removes an empty directory");
	is(links("d"), 2, "and its parent has one link less");
	fails(unlink("none"), ENOENT, "unlink of a missing file fails with ENOENT");
	fails(rmdir("none"), ENOENT, "rmdir of a missing directory fails with ENOENT");
	fails(unlink("f/"), ENOTDIR, "unlink of a file with a slash behind it fails with ENOTDIR");
	fails(unlink("f/x"), ENOTDIR, "unlink below a file fails with ENOTDIR");
	fails(unlink(""), ENOENT, "unlink of the empty path fails with ENOENT");
	dfd = open("d", O_RDONLY | O_DIRECTORY);
	is(unlinkat(dfd, "f", 0), 0, "unlinkat removes a file of a directory");
	fails(unlinkat(dfd, "f", 0x4000), EINVAL,
	   "unlinkat with an unknown flag fails with EINVAL");
	fails(unlinkat(77, "f", 0), EBADF, "unlinkat of a bad descriptor fails with EBADF");
	close(dfd);
	dfd = open("f", O_RDONLY);
	fails(unlinkat(dfd, "f", 0), ENOTDIR, "unlinkat of a file's descriptor fails with ENOTDIR");
	close(dfd);
	is(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0,
	   "unlinkat with AT_REMOVEDIR removes a directory");
	fails(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR, "but no file");
	is(unlink("f"), 0, "unlink removes a file");
	ok(!exists("f") && !exists("d"), "what was removed is gone");
	fails(rmdir("/"), EBUSY, "rmdir of / fails with EBUSY");
}

static void test_link(void)
{
	struct stat st;
	char text[8];
	int fd;

	make("f");
	is(link("f", "g"), 0, "link gives a file a second name");
	ok(inode("f") == inode("g") && links("f") == 2 && links("g") == 2,
	   "for the same inode, with two links");
	fd = open("g", O_WRONLY | O_TRUNC);
	write(fd, "both", 4);
	close(fd);
	fd = open("f", O_RDONLY);
	ok(read(fd, text, 8) == 4 && memcmp(text, "both", 4) == 0,
	   "what is written by one is read by the other");
	close(fd);
	is(unlink("f"), 0, "the first name may go");
	ok(links("g") == 1, "which leaves one link");
	fails(link("g", "g"), EEXIST, "link onto an existing name fails with EEXIST");
	fails(link("none", "h"), ENOENT, "link of a missing file fails with ENOENT");
	fails(link("g", "no/h"), ENOENT, "link into a missing directory fails with ENOENT");
	fails(link("g", "g/h"), ENOTDIR, "link below a file fails with ENOTDIR");
	mkdir("d", 0755);
	fails(link("d", "h"), EPERM, "link of a directory fails with EPERM");
	rmdir("d");
	symlink("g", "s");
	is(link("s", "t"), 0, "link of a symbolic link");
	ok(lstat("t", &st) == 0 && S_ISLNK(st.st_mode) && inode("s") == inode("t"),
	   "links the link itself");
	is(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW), 0, "with AT_SYMLINK_FOLLOW");
	ok(inode("u") == inode("g"), "its target");
	fails(linkat(AT_FDCWD, "g", AT_FDCWD, "v", 0x8000), EINVAL,
	   "linkat with an unknown flag fails with EINVAL");
	fails(link("/proc/self/status", "v"), EXDEV,
	   "a link to another file system fails with EXDEV");
	unlink("g");
	unlink("s");
	unlink("t");
	unlink("u");
}

static void test_many_links(void)
{
	char name[32];
	int bad = 0;

	make("f");
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		bad += link("f", name) != 0;
	}
	ok(bad == 0 && links("f") == 501, "a file may have 501 links");
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		bad += unlink(name) != 0;
	}
	ok(bad == 0 && links("f") == 1, "and lose them again");
	unlink("f");
}

static void test_symlink(void)
{
	static char text[PATH_MAX + 1], back[PATH_MAX + 1];
	struct stat st;

	is(symlink("some/target", "l"), 0, "symlink makes a link to anything");
	ok(lstat("l", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 11,
	   "whose size is that of its text");
	ok(readlink("l", back, sizeof(back)) == 11 && memcmp(back, "some/target", 11) == 0,
	   "readlink gives the text");
	memset(back, '#', 16);
	ok(readlink("l", back, 4) == 4 && memcmp(back, "some#", 5) == 0,
	   "cut to the buffer, without a NUL");
	fails(readlink("l", back, 0), EINVAL, "readlink into nothing fails with EINVAL");
	fails(symlink("x", "l"), EEXIST, "symlink onto an existing name fails with EEXIST");
	fails(symlink("", "m"), ENOENT, "symlink to the empty path fails with ENOENT");
	fails(symlink("x", ""), ENOENT, "symlink at the empty path fails with ENOENT");
	fails(symlink("x", "no/m"), ENOENT, "symlink in a missing directory fails with ENOENT");
	fails(readlink(".", back, 10), EINVAL, "readlink of a directory fails with EINVAL");
	fails(readlink("none", back, 10), ENOENT, "readlink of a missing name fails with ENOENT");
	fails(syscall(SYS_readlinkat, AT_FDCWD, "l", 8L, 10L), EFAULT,
	   "readlink to a bad pointer fails with EFAULT");
	unlink("l");
	for (int len = 50; len <= 70; len++) {
		memset(text, 't', len);
		text[len] = 0;
		want_eq(symlink(text, "l"), 0);
		want_eq(readlink("l", back, sizeof(back)), len);
		want(memcmp(text, back, len) == 0);
		unlink("l");
	}
	verdict("links of 50 to 70 bytes keep their text");
	memset(text, 't', PATH_MAX);
	fails(symlink(text, "l"), ENAMETOOLONG, "a link of 4096 bytes fails with ENAMETOOLONG");
	text[1000] = 0;
	want_eq(symlink(text, "l"), 0);
	want_eq(readlink("l", back, sizeof(back)), 1000);
	want(memcmp(text, back, 1000) == 0);
	verdict("a link of 1000 bytes keeps its text");
	unlink("l");
}

static void test_walk(void)
{
	char name[32], to[32], cwd[PATH_MAX + 8];
	static char path[PATH_MAX + 1];
	int bad = 0;

	mkdir("d", 0755);
	mkdir("d/e", 0755);
	make("d/e/f");
	symlink("e", "d/rel");
	symlink("d/rel", "two");
	symlink("../d/e/f", "d/up");
	if (!getcwd(cwd, PATH_MAX))
		bail_out("getcwd: errno %d", errno);
	strcat(cwd, "/d");
	symlink(cwd, "abs");
	ok(exists("d/rel/f"), "a relative link is walked from its own directory");
	ok(exists("two/f"), "also through another link");
	ok(access("d/up", F_OK) == 0, "with .. in it");
	ok(exists("abs/e/f"), "an absolute link is walked from the root");
	ok(exists("./d/./e/../e//f"), "dots and double slashes are walked");
	ok(inode("/..") == inode("/"), ".. of the root is the root");
	fails(access("none/../d", F_OK), ENOENT, "a missing directory cannot be left by ..");
	fails(access("d/e/f/..", F_OK), ENOTDIR, "nor can a file");
	ok(inode("d/rel/..") == inode("d"),
	   ".. behind a link is that of the directory it leads to");
	symlink("a", "b");
	symlink("b", "a");
	fails(access("a", F_OK), ELOOP, "links in a circle fail with ELOOP");
	fails(access("a/x", F_OK), ELOOP, "in the middle of a path too");
	unlink("a");
	unlink("b");
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), "chain%d", i);
		snprintf(to, sizeof(to), i ? "chain%d" : "d", i - 1);
		bad += symlink(to, name) != 0;
	}
	ok(bad == 0 && access("chain39/e/f", F_OK) == 0, "forty links in a row are followed");
	fails(access("chain40/e/f", F_OK), ELOOP, "forty-one fail with ELOOP");
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), "chain%d", i);
		unlink(name);
	}
	memset(path, '/', sizeof(path));
	memcpy(path, "d/e", 3);
	path[PATH_MAX - 2] = 'f';
	path[PATH_MAX - 1] = 0;
	ok(access(path, F_OK) == 0, "a path of 4095 bytes is walked");
	path[PATH_MAX - 1] = '/';
	path[PATH_MAX] = 0;
	fails(access(path, F_OK), ENAMETOOLONG, "one of 4096 fails with ENAMETOOLONG");
	unlink("abs");
	unlink("two");
	unlink("d/up");
	unlink("d/rel");
	unlink("d/e/f");
	rmdir("d/e");
	rmdir("d");
}

static void test_names(void)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	make(name);
	ok(exists(name) && unlink(name) == 0 && !exists(name), "a name may have 255 bytes");
	is(mkdir(name, 0755), 0, "a directory's too");
	rmdir(name);
	name[255] = 'n';
	name[256] = 0;
	fails(open(name, O_RDWR | O_CREAT, 0644), ENAMETOOLONG,
	   "open of a name of 256 bytes fails with ENAMETOOLONG");
	fails(mkdir(name, 0755), ENAMETOOLONG, "mkdir of one fails with ENAMETOOLONG");
	fails(access(name, F_OK), ENAMETOOLONG, "even to look for it");
	make("a b\n\x80\xff");
	ok(exists("a b\n\x80\xff") && unlink("a b\n\x80\xff") == 0,
	   "a name may have any byte but / and NUL");
	make("...");
	ok(exists("...") && unlink("...") == 0, "three dots are a name");
}

static void test_rename(void)
{
	struct stat st;
	ino_t ino;
	char text[8];
	int fd;

	make("f");
	ino = inode("f");
	is(rename("f", "g"), 0, "rename gives a file another name");
	ok(inode("g") == ino && !exists("f"), "and takes away the old one");
	make("f");
	fd = open("g", O_RDONLY);
	ino = inode("f");
	is(rename("f", "g"), 0, "rename replaces a file");
	ok(inode("g") == ino && !exists("f"), "by the other");
	ok(fstat(fd, &st) == 0 && st.st_nlink == 0 && read(fd, text, 8) == 1,
	   "which lives while it is open");
	close(fd);
	is(rename("g", "g"), 0, "rename to the same name does nothing");
	link("g", "h");
	ok(rename("g", "h") == 0 && exists("g") && exists("h"),
	   "nor does rename to another link of the same file");
	unlink("h");
	make("h");
	fails(rename_flags("g", "h", RENAME_NOREPLACE), EEXIST,
	   "RENAME_NOREPLACE onto an existing name fails with EEXIST");
	ok(exists("g") && exists("h"), "and changes nothing");
	unlink("h");
	is(rename_flags("g", "h", RENAME_NOREPLACE), 0, "RENAME_NOREPLACE to a new name works");
	fails(rename_flags("h", "g", 0x100), EINVAL,
	   "rename with an unknown flag fails with EINVAL");
	fails(rename_flags("h", "g", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL,
	   "flags that contradict fail with EINVAL");
	fails(rename("none", "g"), ENOENT, "rename of a missing file fails with ENOENT");
	fails(rename("h", "no/g"), ENOENT, "rename into a missing directory fails with ENOENT");
	fails(rename("h", "h/g"), ENOTDIR, "rename below a file fails with ENOTDIR");
	fails(rename("h", ""), ENOENT, "rename to the empty path fails with ENOENT");
	fails(rename("h", "g/"), ENOTDIR,
	   "rename of a file to a name with a slash behind it fails with ENOTDIR");
	fails(rename("h", "/proc/h"), EXDEV, "rename to another file system fails with EXDEV");
	symlink("h", "s");
	is(rename("s", "t"), 0, "rename of a symbolic link");
	ok(lstat("t", &st) == 0 && S_ISLNK(st.st_mode) && exists("h"), "renames the link itself");
	unlink("t");
	unlink("h");
}

static void test_rename_directory(void)
{
	mkdir("a", 0755);
	mkdir("b", 0755);
	mkdir("a/d", 0755);
	make("a/d/f");
	is(rename("a/d", "b/e"), 0, "rename moves a directory to another parent");
	ok(exists("b/e/f") && !exists("a/d"), "with what is in it");
	ok(inode("b/e/..") == inode("b"), "its .. is the new parent");
	ok(links("a") == 2 && links("b") == 3, "and the parents' link counts follow");
	is(rename("b/e", "b/d"), 0, "rename of a directory in its parent");
	ok(links("b") == 3, "leaves the count");
	mkdir("a/empty", 0755);
	is(rename("b/d", "a/empty"), 0, "a directory may replace an empty one");
	ok(exists("a/empty/f") && links("a") == 3 && links("b") == 2, "and takes its place");
	fails(rename("b", "a"), ENOTEMPTY, "but none with something in it: ENOTEMPTY");
	make("g");
	fails(rename("a", "g"), ENOTDIR, "a directory cannot replace a file: ENOTDIR");
	fails(rename("g", "b"), EISDIR, "nor a file a directory: EISDIR");
	fails(rename("a", "a/empty/x"), EINVAL,
	   "rename of a directory into itself fails with EINVAL");
	fails(rename("a", "a/x"), EINVAL, "directly too");
	ok(exists("a/empty/f"), "and leaves it whole");
	fails(rename("a/empty", "a"), ENOTEMPTY,
	   "rename of a directory onto its parent fails with ENOTEMPTY");
	fails(rename("a/.", "c"), EBUSY, "rename of . fails with EBUSY");
	fails(rename("b", "a/empty/.."), EBUSY, "rename to .. fails with EBUSY");
	is(rename("b/", "c/"), 0, "a directory's names may have slashes behind them");
	unlink("g");
	unlink("a/empty/f");
	rmdir("a/empty");
	rmdir("a");
	rmdir("c");
}

/* Lists `fd` through a buffer of `size` bytes; marks seen[n] for each name "nameN". */
static int list(int fd, size_t size, unsigned char *seen, int n, bool remove)
{
	char buf[4096] __attribute__((aligned(8)));
	int others = 0, i;
	long got;

	while ((got = syscall(SYS_getdents64, fd, buf, size)) > 0)
		for (long at = 0; at < got;) {
			struct entry64 *e = (void *)(buf + at);

			if (e->len < 20 || e->len % 8 || at + e->len > got || !e->ino)
				return -1;
			if (sscanf(e->name, "name%d", &i) == 1 && i >= 0 && i < n) {
				seen[i]++;
				if (remove && unlinkat(fd, e->name, 0) != 0)
					return -1;
			} else {
				others++;
			}
			at += e->len;
		}
	return got == 0 ? others : -1;
}

static int count_not(const unsigned char *seen, int n, int value)
{
	int bad = 0;

	for (int i = 0; i < n; i++)
		bad += seen[i] != value;
	return bad;
}

static void test_listing(void)
{
	enum { n = 2000 };
	static unsigned char seen[n];
	char name[32];
	struct stat st;
	int dfd, bad = 0;

	mkdir("big", 0755);
	dfd = open("big", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		int fd = openat(dfd, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		bad += fd < 0;
		close(fd);
	}
	is(bad, 0, "a directory takes 2000 files");
	ok(list(dfd, 4096, seen, n, false) == 2 && count_not(seen, n, 1) == 0,
	   "getdents64 lists each of them once, and . and ..");
	is(syscall(SYS_getdents64, dfd, name, 32), 0, "at the end it returns 0");
	lseek(dfd, 0, SEEK_SET);
	memset(seen, 0, sizeof(seen));
	ok(list(dfd, 64, seen, n, false) == 2 && count_not(seen, n, 1) == 0,
	   "through a buffer of 64 bytes it lists the same");
	lseek(dfd, 0, SEEK_SET);
	fails(syscall(SYS_getdents64, dfd, name, 10), EINVAL,
	   "a buffer too small for a name fails with EINVAL");
	fails(syscall(SYS_getdents64, dfd, 8L, 4096), EFAULT,
	   "getdents64 to a bad pointer fails with EFAULT");
	for (int i = 0; i < n; i += 2) {
		snprintf(name, sizeof(name), "name%d", i);
		bad += unlinkat(dfd, name, 0) != 0;
	}
	lseek(dfd, 0, SEEK_SET);
	memset(seen, 0, sizeof(seen));
	list(dfd, 4096, seen, n, false);
	for (int i = 0; i < n; i++)
		bad += seen[i] != i % 2;
	is(bad, 0, "after every second is removed the others are listed");
	for (int i = 0; i < n; i += 2) {
		snprintf(name, sizeof(name), "name%d", i);
		close(openat(dfd, name, O_WRONLY | O_CREAT, 0644));
	}
	ok(fstat(dfd, &st) == 0 && st.st_size > 0 && st.st_nlink == 2,
	   "files do not count as the directory's links");
	lseek(dfd, 0, SEEK_SET);
	memset(seen, 0, sizeof(seen));
	ok(list(dfd, 512, seen, n, true) >= 0 && count_not(seen, n, 1) == 0,
	   "a listing that removes what it lists misses nothing");
	close(dfd);
	is(rmdir("big"), 0, "and leaves the directory empty");
}

static void test_entries(void)
{
	char buf[1024] __attribute__((aligned(8)));
	int fd, found = 0, wrong = 0;
	long got;

	mkdir("d", 0755);
	mkdir("d/dir", 0755);
	make("d/file");
	symlink("x", "d/link");
	fd = open("d", O_RDONLY | O_DIRECTORY);
	got = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	for (long at = 0; at < got;) {
		struct entry64 *e = (void *)(buf + at);
		char path[300];

		snprintf(path, sizeof(path), "d/%s", e->name);
		found++;
		wrong += e->ino != inode(path);
		if (strcmp(e->name, "file") == 0)
			wrong += e->type != DT_REG && e->type != DT_UNKNOWN;
		else if (strcmp(e->name, "link") == 0)
			wrong += e->type != DT_LNK && e->type != DT_UNKNOWN;
		else
			wrong += e->type != DT_DIR && e->type != DT_UNKNOWN;
		at += e->len;
	}
	ok(found == 5 && wrong == 0, "entries have the inode numbers and types of what they name");
	close(fd);
	fd = open("d/file", O_RDONLY);
	fails(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOTDIR,
	   "getdents64 of a file fails with ENOTDIR");
	close(fd);
	fails(syscall(SYS_getdents64, fd, buf, sizeof(buf)), EBADF,
	   "getdents64 of a bad descriptor fails with EBADF");
	unlink("d/file");
	unlink("d/link");
	rmdir("d/dir");
	fd = open("d", O_RDONLY | O_DIRECTORY);
	rmdir("d");
	fails(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT,
	   "getdents64 of a removed directory fails with ENOENT");
	fails(openat(fd, "new", O_RDWR | O_CREAT, 0644), ENOENT,
	   "nothing can be made in it: ENOENT");
	fails(mkdirat(fd, "new", 0755), ENOENT, "no directory either");
	close(fd);
}

static void test_cwd(void)
{
	char base[PATH_MAX], here[PATH_MAX + 32], want_path[PATH_MAX + 32];

	if (!getcwd(base, sizeof(base)))
		bail_out("getcwd: errno %d", errno);
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	symlink("d/e", "l");
	make("f");
	want_eq(chdir("d/e"), 0);
	snprintf(want_path, sizeof(want_path), "%s/d/e", base);
	want(getcwd(here, PATH_MAX) && strcmp(here, want_path) == 0);
	want_eq(chdir("../.."), 0);
	want(getcwd(here, PATH_MAX) && strcmp(here, base) == 0);
	verdict("getcwd says where chdir went");
	want_eq(chdir("l"), 0);
	want(getcwd(here, PATH_MAX) && strcmp(here, want_path) == 0);
	verdict("without the links it came by");
	is(syscall(SYS_getcwd, here, sizeof(here)), (long)strlen(want_path) + 1,
	   "the call returns the length with its NUL");
	fails(syscall(SYS_getcwd, here, strlen(want_path)), ERANGE,
	   "a buffer too short by one fails with ERANGE");
	fails(syscall(SYS_getcwd, here, 0L), ERANGE, "a buffer of nothing fails with ERANGE");
	fails(syscall(SYS_getcwd, 8L, 4096L), EFAULT, "getcwd to a bad pointer fails with EFAULT");
	snprintf(want_path, sizeof(want_path), "%s/d", base);
	snprintf(here, sizeof(here), "%s/r", base);
	want_eq(rename(want_path, here), 0);
	snprintf(want_path, sizeof(want_path), "%s/r/e", base);
	want(getcwd(here, PATH_MAX) && strcmp(here, want_path) == 0);
	verdict("getcwd follows a rename of a directory above");
	want_eq(rmdir(want_path), 0);
	fails(syscall(SYS_getcwd, here, sizeof(here)), ENOENT,
	   "getcwd in a removed directory fails with ENOENT");
	fails(open("f", O_RDWR | O_CREAT, 0644), ENOENT, "open there fails with ENOENT");
	is(access(".", F_OK), 0, "but . is still there");
	is(chdir(base), 0, "chdir takes an absolute path");
	fails(chdir("f"), ENOTDIR, "chdir to a file fails with ENOTDIR");
	fails(chdir("none"), ENOENT, "chdir to nothing fails with ENOENT");
	fails(chdir(""), ENOENT, "chdir to the empty path fails with ENOENT");
	fails(syscall(SYS_chdir, 8L), EFAULT, "chdir of a bad pointer fails with EFAULT");
	is(chdir("/"), 0, "chdir to the root");
	ok(getcwd(here, PATH_MAX) && strcmp(here, "/") == 0, "whose path is /");
	chdir(base);
	pid_t pid = tap_fork();
	if (pid == 0)
		_exit(chdir("r"));
	ok(end_of(pid) == 0 && getcwd(here, PATH_MAX) && strcmp(here, base) == 0,
	   "a child's chdir does not move its parent");
	unlink("f");
	unlink("l");
	rmdir("r");
}

static void test_deep(void)
{
	static char here[PATH_MAX + 1];
	char base[PATH_MAX], name[101];
	int depth = 0;

	getcwd(base, sizeof(base));
	memset(name, 'x', 100);
	name[100] = 0;
	for (; depth < 30; depth++)
		if (mkdir(name, 0755) != 0 || chdir(name) != 0)
			break;
	is(depth, 30, "directories nest thirty deep");
	ok(getcwd(here, PATH_MAX) && strlen(here) == strlen(base) + 30 * 101,
	   "with a path of 3030 bytes");
	for (int i = 0; i < depth; i++)
		if (chdir("..") != 0 || rmdir(name) != 0)
			break;
	ok(getcwd(here, PATH_MAX) && strcmp(here, base) == 0 && !exists(name),
	   "and are left and removed again");
}

static int make_and_remove(int who)
{
	char a[32], b[32];

	for (int i = 0; i < 60; i++) {
		int fd;

		snprintf(a, sizeof(a), "p%d-%d", who, i);
		snprintf(b, sizeof(b), "q%d-%d", who, i);
		fd = open(a, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || write(fd, a, strlen(a)) < 0 || close(fd) != 0)
			return 1;
		if (rename(a, b) != 0 || rename(b, "common") != 0)
			return 2;
		if (mkdir(a, 0755) != 0 || rmdir(a) != 0)
			return 3;
		fd = open("common", O_RDONLY);
		if (fd < 0)
			return 4;
		close(fd);
	}
	return 0;
}

static void test_together(void)
{
	enum { n = 6 };
	pid_t pids[n];
	int bad = 0;

	make("common");
	for (int i = 0; i < n; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			_exit(make_and_remove(i));
	}
	for (int i = 0; i < n; i++)
		bad += end_of(pids[i]) != 0;
	is(bad, 0, "six processes make, rename and remove in one directory");
	ok(links("common") == 1 && unlink("common") == 0,
	   "a name that all rename to is always there");
}

/* Two processes move two directories into each other again and again: at most one may succeed. */
static void test_rename_race(void)
{
	pid_t pid;

	mkdir("x", 0755);
	mkdir("y", 0755);
	pid = tap_fork();
	if (pid == 0) {
		for (int i = 0; i < 100; i++)
			if (rename("x", "y/x") == 0)
				rename("y/x", "x");
		_exit(0);
	}
	for (int i = 0; i < 100; i++)
		if (rename("y", "x/y") == 0)
			rename("x/y", "y");
	end_of(pid);
	ok(rmdir("x/y") == 0 || rmdir("y/x") == 0 || (exists("x") && exists("y")),
	   "two directories renamed into each other at once make no circle");
	rmdir("x/y");
	rmdir("y/x");
	rmdir("x");
	rmdir("y");
}

int main(void)
{
	folder_enter();
	if (mkdir("box", 0755) != 0 || chdir("box") != 0)
		bail_out("cannot make a directory: errno %d", errno);
	test_mkdir();
	test_unlink();
	test_link();
	test_many_links();
	test_symlink();
	test_walk();
	test_names();
	test_rename();
	test_rename_directory();
	test_listing();
	test_entries();
	test_cwd();
	test_deep();
	test_together();
	test_rename_race();
	if (chdir("..") != 0)
		bail_out("chdir: errno %d", errno);
	is(rmdir("box"), 0, "nothing is left over");
	folder_leave();
	return done();
}
