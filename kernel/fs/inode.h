/*
 * Inodes in memory and mounted file systems: what every kind of file system supplies, and what path
 * walking and the name calls build on.
 *
 * An inode lives as long as somebody references it; names in memory (fs/dentry.h) are what keeps
 * often-used ones. With the last reference its file system writes it back, or frees its storage if
 * it has no name left.
 *
 * Letters: (c) constant, (i) fs->lock, (l) inode->lock for writing, (a) atomic.
 */
#pragma once

#include "fs/path.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "proc/sync.h"
#include "vm/radix.h"

struct dentry;
struct file_locks;
struct fs;
struct inode;
struct obj;
struct pipe;

/* One name of a directory as the file system sees it: bytes, no NUL. */
struct name {
	const char *text;
	size_t len;
};

/* What a rename changes; the file system's half of it. */
struct rename_op {
	struct inode *old_dir, *new_dir; /* may be the same */
	struct name old_name, new_name;
	struct inode *inode;  /* what moves */
	struct inode *victim; /* what stood under new_name; NULL if nothing did */
	bool exchange;	      /* victim takes the old name */
};

/*
 * All may sleep. A NULL operation answers the errno named. Directories are locked for writing
 * (dir->lock) where names change or are looked up; permission to change (read-only file system) and
 * the rules on kinds were checked by the caller.
 */
struct inode_ops {
	/*
	 * Find a name: the inode with a reference in *out, or -ENOENT, -EIO ... Directories have
	 * it.
	 */
	int (*lookup)(struct inode *dir, const struct name *name, struct inode **out);
	/* A new inode under a name that is free; target for symbolic links only. -EPERM. */
	int (*create)(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
		      const char *target, struct inode **out);
	int (*link)(struct inode *dir, const struct name *name, struct inode *inode);	/* -EPERM */
	/* -EPERM; directories too: -ENOTEMPTY. */
	int (*unlink)(struct inode *dir, const struct name *name, struct inode *inode);
	int (*rename)(const struct rename_op *op);					/* -EPERM */
	/* -EINVAL; bytes, cut to size. */
	ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
	/* A link that is no text: the place it leads to, referenced. For /proc. */
	int (*jump)(struct inode *inode, struct dentry **out);
	int (*truncate)(struct inode *inode, u64 size); /* -EINVAL; inode->lock held for writing */
	/* May the mode become this one? 0 or -errno; inode->lock held for writing. Always if NULL */
	int (*may_chmod)(struct inode *inode, u32 mode);
	int (*changed)(struct inode *inode); /* attributes were changed: store them. May be NULL */
	/* The last step of open; may replace f->ops and f->private. */
	int (*open)(struct inode *inode, struct file *f);
	/* does a name kept in memory still hold? Always if NULL */
	bool (*valid)(struct inode *inode);
	/* corrects what inode_stat filled in */
	void (*stat)(struct inode *inode, struct kstat *st);
	/* The last reference is gone: store or free it, then give the memory back. */
	void (*evict)(struct inode *inode);
};

struct inode {
	const struct inode_ops *ops;  /* (c) */
	const struct file_ops *fops;  /* (c) of the files opened on it */
	struct fs *fs;		      /* (c) NULL for pipes */
	/* (c) its contents in the page cache; its size is the file's. NULL: none */
	struct obj *obj;
	u64 ino;		      /* (c) */
	u32 ref;		      /* (a); falls to 0 under (i) */
	bool loading, going;	      /* (i) being read in; being evicted */
	int load_error;		      /* (i) */
	struct rwlock lock;	      /* RANK_DIR for a directory, else RANK_INODE */
	u32 mode, nlink, uid, gid;    /* (l) */
	u64 rdev;		      /* (c) in the encoding of fs_mknod */
	u64 blocks;		      /* of 512 bytes, everything that belongs to it */
	struct ktime atime, mtime, ctime; /* (l), mtime and ctime also by stores through mappings */
	/* (a) open files that may write; negative: those that are being run, which excludes that */
	s32 writers;
	struct file_locks *locks; /* (filelock.c's lock) advisory locks; NULL if there are none */
	struct pipe *fifo;	      /* (fifo's own lock) the pipe of an open FIFO */
	struct dentry *only_name; /* (dentry.c's lock) of a directory: it has not more than one */
};

struct fs_ops {
	int (*sync)(struct fs *fs);    /* everything of it to the device. NULL: nothing to do */
	int (*unmount)(struct fs *fs); /* after the last sync: mark clean */
	void (*statfs)(struct fs *fs, struct kstatfs *st);
	void (*shrink)(struct fs *fs); /* give back caches that can be rebuilt */
	/* The system ends, no file is open: give back all that lives in memory only. May be NULL */
	void (*clear)(struct fs *fs);
};

struct fs {
	const struct fs_ops *ops;  /* (c) */
	const char *type, *device; /* (c) for /proc/mounts */
	u64 dev;		   /* (c) st_dev */
	u32 blksize;		   /* (c) st_blksize */
	u64 file_max;		   /* (c) bytes of its largest file */
	bool read_only;
	bool fixed_modes;	   /* (c) chmod is -EPERM */
	bool uncached; /* (c) names are not kept while unused: they come and go by themselves */
	struct dentry *root;	   /* (c) referenced */
	struct spinlock lock;	   /* RANK_ICACHE */
	struct radix inodes;	   /* (i) struct inode by number, if the file system wants that */
	struct waitq wait;	   /* somebody loads or evicts an inode */
	struct fs *next;	   /* (c after boot) all mounted ones */
};

extern struct fs *fs_list;

static inline bool inode_is_dir(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFDIR;
}
static inline bool inode_is_reg(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFREG;
}
static inline bool inode_is_link(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFLNK;
}

void fs_setup(struct fs *fs, const struct fs_ops *ops, const char *type, const char *device,
	      u64 dev);

/* The fields of an inode that no index knows, with one reference. Times are now. */
void inode_init(struct inode *inode, const struct inode_ops *ops, const struct file_ops *fops,
		struct fs *fs, u64 ino, u32 mode);
/*
 * The inode of this number with a reference. If it is not in memory, `fresh` (set up by inode_init,
 * not loaded) is put in the index and load(fresh) fills it; else fresh is not used. Returns 0 and
 * the inode in *out (== fresh if it was used), or load's error: then the caller frees fresh. May
 * sleep.
 */
int inode_get(struct fs *fs, u64 ino, struct inode *fresh, int (*load)(struct inode *),
	      struct inode **out);
/*
 * Is the inode in memory? With a reference, or NULL; does not wait for one that is being loaded or
 * evicted.
 */
struct inode *inode_peek(struct fs *fs, u64 *from);
void inode_hold(struct inode *inode);
/* Drop a reference. May sleep; no lock of rank INODE or above held (a directory's may be). */
void inode_put(struct inode *inode);
/* Take an evicted inode out of the index: the number may be used anew. */
void inode_forget(struct inode *inode);
void inode_stat(struct inode *inode, struct kstat *st);
/*
 * Count one more who writes (1), or one who keeps others from writing (-1): 0, or -ETXTBSY if the
 * others are there. Undone by inode_unclaim.
 */
int inode_claim(struct inode *inode, s32 claim);
void inode_unclaim(struct inode *inode, s32 claim);
/* Directories lock by their rank, everything else by RANK_INODE: set once the kind is known. */
void inode_init_lock(struct inode *inode);
struct ktime ktime_now(void);

/*
 * A directory entry for getdents64. 0; 1 if the buffer is full; -EFAULT. next is the position after
 * it.
 */
int dirent_emit(struct uio *u, u64 ino, u64 next, u32 type, const char *name, size_t len);
/* DT_ value of a mode. */
static inline u32 dirent_type(u32 mode)
{
	return (mode & S_IFMT) >> 12;
}

/* Device numbers as Linux gives them to programs: minor's low byte, major, minor's rest. */
static inline u64 dev_make(u32 major, u32 minor)
{
	return (minor & 0xff) | (u64)major << 8 | (u64)(minor & ~0xffu) << 12;
}
static inline u32 dev_major(u64 dev)
{
	return (u32)(dev >> 8) & 0xfff;
}
static inline u32 dev_minor(u64 dev)
{
	return ((u32)dev & 0xff) | ((u32)(dev >> 12) & ~0xffu);
}

/*
 * The file systems. Each returns 0 and the mounted file system, or -errno with a line on the log.
 */
struct block_device;
int ext2_mount(struct block_device *dev, struct fs **out);
int devfs_mount(struct fs **out);
int procfs_mount(struct fs **out);
int sysfs_mount(struct fs **out);
int tmpfs_mount(struct fs **out);
/* Devices by number, for nodes on the disk: sets f's operations. -ENXIO. */
int devfs_open(struct inode *inode, struct file *f);
/* Open a FIFO: waits for the other end as open(2) says. */
int fifo_open(struct inode *inode, struct file *f);

/*
 * What opening a node that is neither file, directory nor link comes to: FIFOs, devices, sockets.
 */
int special_open(struct inode *inode, struct file *f);

/* Operations of a file that can do nothing (O_PATH). */
extern const struct file_ops path_file_ops;
/* read for files with their contents in inode->obj. */
ssize_t generic_read(struct file *f, struct uio *u, off_t *pos);
/*
 * How much of a write at pos is within RLIMIT_FSIZE, what the file was opened for, and `most`, the
 * largest size the file system knows: cuts *left, or -EFBIG.
 */
int generic_limit_write(struct file *f, off_t pos, u64 most, size_t *left);
/* read of directories: -EISDIR. */
ssize_t dir_no_read(struct file *f, struct uio *u, off_t *pos);
/* lseek for files with a size: SEEK_SET, CUR, END, DATA, HOLE over obj->size. */
off_t generic_seek(struct file *f, off_t off, int whence);
/* The new position for SEEK_SET and SEEK_CUR alone: directories, /proc. */
off_t plain_seek(struct file *f, off_t off, int whence);
