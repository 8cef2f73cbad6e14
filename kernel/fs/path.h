/*
 * Names: inodes, the directory-entry cache, path walking, and the calls that change names.
 *
 * Everything takes kernel strings; sys/ copies them in. Every function may sleep; errors are
 * negative errno as Linux gives them.
 */
#pragma once

#include "fs/file.h"
#include "lib/types.h"

#define PATH_MAX 4096
#define NAME_MAX 255

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_EACCESS 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_NO_AUTOMOUNT 0x800
#define AT_EMPTY_PATH 0x1000

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

struct ktime {
	s64 sec;
	u32 nsec;
};

/* stat in kernel form; sys/ lays it out for each call. */
struct kstat {
	u64 dev, ino, rdev, size, blocks; /* blocks of 512 bytes */
	u32 mode, nlink, uid, gid, blksize;
	struct ktime atime, mtime, ctime;
};
struct kstatfs {
	u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, fsid, flags;
};

/* A process's view: current directory, umask. */
struct fs_context;
struct fs_context *fs_context_create(void); /* cwd is the root */
struct fs_context *fs_context_copy(struct fs_context *c);
void fs_context_hold(struct fs_context *c);
void fs_context_put(struct fs_context *c);
u32 fs_umask(struct fs_context *c, u32 mask); /* set, returns the old one */
u32 fs_get_umask(const struct fs_context *c);
struct dentry *fs_get_cwd(struct fs_context *c); /* referenced */

void fs_init(void);	   /* caches, /dev, /proc */
int fs_mount_root(void);   /* the first disk's ext2; logs what is wrong */
int fs_sync_all(void);	   /* everything to the disk: data, inodes, bitmaps, superblock */
int fs_unmount_all(void);  /* sync and mark clean: before power-off */
/*
 * Drop unused names, inodes, pages, and what lives in memory only: for the leak check. No program
 * runs.
 */
void fs_drop_caches(void);

/* dirfd is a descriptor of the current process or AT_FDCWD. */
int fs_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out);
/*
 * Open a program file for exec: regular, has an x bit, nobody may write it; nobody may as long as
 * it is open. -EACCES, -ENOENT, -ETXTBSY ...
 */
int fs_open_exec(int dirfd, const char *path, struct file **out);
int fs_stat(int dirfd, const char *path, u32 at_flags, struct kstat *st);
int file_stat(struct file *f, struct kstat *st);
int fs_mkdir(int dirfd, const char *path, u32 mode);
int fs_unlink(int dirfd, const char *path, u32 at_flags);
int fs_link(int olddir, const char *oldpath, int newdir, const char *newpath, u32 at_flags);
int fs_symlink(const char *target, int dirfd, const char *path);
ssize_t fs_readlink(int dirfd, const char *path, char *buf, size_t size); /* not NUL-terminated */
int fs_rename(int olddir, const char *oldpath, int newdir, const char *newpath, u32 flags);
int fs_access(int dirfd, const char *path, u32 mode, u32 at_flags);
int fs_chmod(int dirfd, const char *path, u32 mode, u32 at_flags);
int file_chmod(struct file *f, u32 mode);
int fs_chown(int dirfd, const char *path, u32 uid, u32 gid, u32 at_flags); /* ~0: as it is */
int file_chown(struct file *f, u32 uid, u32 gid);
int fs_truncate(int dirfd, const char *path, off_t size);
int file_truncate(struct file *f, off_t size);
/*
 * path NULL: the descriptor itself. times NULL entries: sec/nsec, or nsec UTIME_NOW / UTIME_OMIT.
 */
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe
int fs_utimens(int dirfd, const char *path, const struct ktime times[2], u32 at_flags);
int fs_mknod(int dirfd, const char *path, u32 mode, u64 rdev);
int fs_statfs(const char *path, struct kstatfs *st);
int file_statfs(struct file *f, struct kstatfs *st);
int fs_chdir(const char *path);
int fs_fchdir(struct file *f);
/*
 * The current directory's path with its NUL: bytes written, -ERANGE, or -ENOENT if it was removed.
 */
int fs_getcwd(char *buf, size_t size);

/* pipe.c */
int pipe_create(u32 flags, struct file *ends[2]);
/*
 * poll.c: revents filled in; number ready, 0 at deadline, -EINTR. Errors and hang-ups are always
 * told of; with `exact` only where they are among the events asked for.
 */
struct pollfd {
	s32 fd;
	s16 events, revents;
};
int fs_poll(struct pollfd *fds, uint n, u64 deadline, bool exact);
