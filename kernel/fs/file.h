/*
 * Open files and descriptors.
 *
 * A struct file is an open file description: what dup and fork share. Its operations are by kind:
 * regular files and directories (fs/), pipes, devices, /proc. A struct files is a descriptor table.
 */
#pragma once

#include "lib/types.h"
#include "proc/sync.h"
#include "vm/kmalloc.h"

struct dentry;
struct file;
struct inode;
struct kstat;
struct lock_owner;
struct obj;
struct uio;

/* Open flags and modes: Linux's generic values. */
#define O_ACCMODE 03
#define O_RDONLY 00
#define O_WRONLY 01
#define O_RDWR 02
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_DSYNC 010000
#define O_ASYNC 020000
#define O_DIRECT 040000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_NOATIME 01000000
#define O_CLOEXEC 02000000
#define O_SYNC (04000000 | O_DSYNC)
#define O_PATH 010000000
#define O_TMPFILE (020000000 | O_DIRECTORY)
#define SMALL_FILE_MAX INT32_MAX /* as far as a file opened without O_LARGEFILE goes */

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010
#define POLLNVAL 0x020
#define POLLRDNORM 0x040
#define POLLWRNORM 0x100

/* What poll asks of a file: the queues to wait on are told through it (fs/poll.c). */
struct poll_table;
void poll_wait(struct poll_table *pt, struct waitq *q);

/*
 * Operations; a NULL one answers the errno named. All may sleep, none is called with a lock held.
 */
struct file_ops {
	/* pos is f->pos or pread's own. */
	ssize_t (*read)(struct file *f, struct uio *u, off_t *pos);  /* -EINVAL */
	ssize_t (*write)(struct file *f, struct uio *u, off_t *pos); /* -EINVAL */
	off_t (*seek)(struct file *f, off_t off, int whence);	     /* -ESPIPE */
	int (*readdir)(struct file *f, struct uio *u); /* -ENOTDIR; getdents64 records; bytes */
	long (*ioctl)(struct file *f, uint cmd, ulong arg);	     /* -ENOTTY */
	uint (*poll)(struct file *f, struct poll_table *pt);	     /* always ready */
	int (*sync)(struct file *f, bool data_only);		     /* -EINVAL */
	/*
	 * mmap: the object to map in *obj (no reference is taken: f keeps it alive), or NULL in
	 * *obj for anonymous memory (/dev/zero). -ENODEV. `shared` says which kind of mapping is
	 * meant.
	 */
	int (*mmap)(struct file *f, bool shared, struct obj **obj);
	/* Regular files; mode is FALLOC_FL_ flags, off and len are judged. -EOPNOTSUPP */
	int (*fallocate)(struct file *f, u32 mode, u64 off, u64 len);
	void (*release)(struct file *f); /* the last reference is gone */
};

struct file {
	const struct file_ops *ops; /* (c) */
	u32 ref;		    /* (a) */
	u32 flags;		    /* O_ status flags; access mode constant */
	struct mutex pos_lock;	    /* serialises read, write and lseek that use pos */
	off_t pos;
	struct inode *inode;	    /* (c) referenced; NULL for none */
	struct dentry *dentry;	    /* (c) referenced: the name it was opened by; NULL for pipes */
	void *private;		    /* the kind's own */
	u32 writers_before; /* (c once open) of a FIFO: that came before, and are no end of it */
	s8 writes; /* (c once open) what it adds to inode->writers: 1, -1 to keep writers off, 0 */
};

/* The fourth access mode, 3, asks for both rights when a file is opened and gives neither. */
static inline bool file_readable(const struct file *f)
{
	u32 mode = f->flags & O_ACCMODE;

	return (mode == O_RDONLY || mode == O_RDWR) && !(f->flags & O_PATH);
}
static inline bool file_writable(const struct file *f)
{
	u32 mode = f->flags & O_ACCMODE;

	return (mode == O_WRONLY || mode == O_RDWR) && !(f->flags & O_PATH);
}

/*
 * A new file with one reference; NULL if there is no memory. Takes over the caller's references to
 * inode and dentry (also on failure: drops them).
 */
struct file *file_new(const struct file_ops *ops, u32 flags, struct inode *inode,
		      struct dentry *dentry, void *private);
void file_hold(struct file *f);
void file_drop(struct file *f); /* may sleep */
/* msync: bring what was changed through mappings to the disk. May sleep. 0 or -errno. */
int file_sync_mapped(struct file *f);
/*
 * madvise: pages [first, end) of a mapped file become zeros. May sleep; takes inode->lock. 0 or
 * -errno.
 */
int file_zero_mapped(struct file *f, ulong first, ulong end);
/*
 * The absolute path it was opened by, " (deleted)" added if it has no name any more;
 * NUL-terminated, cut to size.
 */
int file_path(struct file *f, char *buf, size_t size);

/* Kernel-side convenience: offset explicit, whole or -errno/short count. */
ssize_t file_pread(struct file *f, void *buf, size_t n, off_t off);

/* Descriptor tables: growable, up to RLIMIT_NOFILE, which is at most FILES_MAX. */
#define FILES_MAX ((u32)MIN(KMALLOC_MAX / sizeof(struct file *), (size_t)1 << 20))
struct files *files_create(void); /* used by the caller */
struct files *files_copy(struct files *fs);  /* fork; NULL if there is no memory */
/*
 * A thread uses a table; the last one that leaves it closes all. Others that look at it hold a
 * reference: it may be empty by then.
 */
void files_use(struct files *fs);
void files_leave(struct files *fs); /* may sleep */
bool files_shared(const struct files *fs);   /* does another thread use it? */
void files_hold(struct files *fs);
void files_put(struct files *fs);
/* The table as an owner of locks (fs/filelock.h), as long as it is used. */
struct lock_owner *files_lock_owner(struct files *fs);
void files_close_on_exec(struct files *fs);
/* The open file with a reference, or NULL. */
struct file *files_get(struct files *fs, int fd);
struct file *files_get_own(int fd); /* out of the current thread's table */
/*
 * The lowest free descriptor, reserved for a call of the current thread: before it makes what
 * cannot be undone, or tells a number. It is then filled (with f and the reference to it), or
 * released; neither can fail. -EMFILE, -ENOMEM.
 */
int files_reserve(struct files *fs);
void files_fill_reserved(struct files *fs, int fd, struct file *f, bool cloexec);
void files_release(struct files *fs, int fd);
/*
 * The lowest free descriptor >= from, now f (takes over the reference on success only). -EMFILE,
 * -ENOMEM.
 */
int files_install(struct files *fs, struct file *f, int from, bool cloexec);
/*
 * dup3: make fd f whatever it was (reference taken over on success). -EBUSY: it is reserved.
 * -EBADF, -ENOMEM.
 */
int files_replace(struct files *fs, int fd, struct file *f, bool cloexec);
int files_close(struct files *fs, int fd); /* -EBADF */
int files_get_cloexec(struct files *fs, int fd);
int files_set_cloexec(struct files *fs, int fd, bool on);
/* The lowest open descriptor >= fd, or -1. */
int files_next(struct files *fs, int fd);
/* Descriptors there is room for before the table grows. */
u32 files_room(const struct files *fs);

#define FALLOC_FL_KEEP_SIZE 1u
#define FALLOC_FL_PUNCH_HOLE 2u
#define FALLOC_FL_COLLAPSE_RANGE 8u
#define FALLOC_FL_ZERO_RANGE 0x10u
#define FALLOC_FL_INSERT_RANGE 0x20u
#define FALLOC_FL_UNSHARE_RANGE 0x40u
#define FALLOC_FL_WRITE_ZEROES 0x80u
/* fallocate(2): the arguments as the program gave them. */
int file_fallocate(struct file *f, u32 mode, off_t off, off_t len);

/*
 * tmpfs: files without a name. memfd_create takes a kernel copy of the name, of at most
 * MEMFD_NAME_MAX bytes, and flags that were judged.
 */
#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 0x10u
#define MEMFD_NAME_MAX 249u
int memfd_create(const char *name, u32 flags, struct file **out);
/* F_GET_SEALS, F_ADD_SEALS; -EINVAL for files that have none. */
long file_get_seals(struct file *f);
long file_add_seals(struct file *f, ulong seals);

/*
 * pipe.c: F_GETPIPE_SZ, F_SETPIPE_SZ: the capacity in bytes, or -EBADF for other files; -EPERM,
 * -EBUSY, -ENOMEM.
 */
#define PIPE_SIZE_MAX (1u << 20) /* what F_SETPIPE_SZ may ask for */
long pipe_get_size(struct file *f);
long pipe_set_size(struct file *f, ulong bytes);
