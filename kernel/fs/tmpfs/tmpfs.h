/*
 * tmpfs: a file system that lives in memory. Its inodes exist only here, so a name holds a
 * reference to what it stands for; a file's pages are those of its object, which has no store.
 *
 * There are two of them: one is mounted on /dev/shm; the other has no names and holds the files of
 * memfd_create.
 *
 * Letters: (c) constant, (a) atomic, (l) inode->lock for writing.
 */
#pragma once

#include "fs/inode.h"
#include "lib/tree.h"
#include "vm/obj.h"

#define TMPFS_MAX_SIZE MIN((u64)INT64_MAX, (u64)RADIX_NONE << PAGE_SHIFT) /* bytes of a file */

#define F_SEAL_SEAL 0x01u
#define F_SEAL_SHRINK 0x02u
#define F_SEAL_GROW 0x04u
#define F_SEAL_WRITE 0x08u
#define F_SEAL_FUTURE_WRITE 0x10u
#define F_SEAL_EXEC 0x20u

struct tmpfs {
	struct fs fs;
	ulong max_pages, pages; /* (c) (a) of files, and for long symbolic links */
	ulong max_inodes, inodes; /* (c) (a) each further name of a file counts as one */
	atomic_u64 next_ino; /* (a) */
};

struct tmp_inode {
	struct inode inode;
	struct obj data; /* a file's contents; keeps the memory of the whole */
	u32 seals; /* (l) F_SEAL_ */
	struct tree by_name, by_pos; /* (l) of a directory: struct tmp_entry, in two orders */
	u64 next_pos; /* (l) */
	ulong entries; /* (l) */
	char *target; /* (c) of a symbolic link, NUL-terminated */
};

static inline struct tmpfs *tmpfs_of(const struct inode *inode)
{
	return CONTAINER_OF(inode->fs, struct tmpfs, fs);
}
static inline struct tmp_inode *tmp_inode_of(struct inode *inode)
{
	return CONTAINER_OF(inode, struct tmp_inode, inode);
}

/* tmpfs.c */
extern struct tmpfs memfd_fs;
/* One more page or inode, or -ENOSPC; one less. Any context. */
int tmpfs_take_page(struct tmpfs *t);
void tmpfs_give_page(struct tmpfs *t);
int tmpfs_take_inode(struct tmpfs *t);
void tmpfs_give_inode(struct tmpfs *t);
/*
 * A new inode, with one name to come and one reference; target is for symbolic links. 0, -ENOSPC,
 * -ENOMEM, -ENAMETOOLONG. If it gets no name after all: set nlink to 0 and put it.
 */
int tmpfs_new_inode(
	struct tmpfs *t, u32 mode, u64 rdev, const char *target, struct tmp_inode **out);
void tmp_evict(struct inode *inode);

/* dir.c */
extern const struct inode_ops tmp_dir_inode_ops;
extern const struct file_ops tmp_dir_ops;
/* Take all names out of the directory and those below it. Nobody else uses them. */
void tmp_dir_clear(struct inode *root);

/* file.c */
extern const struct inode_ops tmp_file_inode_ops;
extern const struct file_ops tmp_file_ops;
