/*
 * ext2 in memory and on the disk.
 *
 * On the disk (the layout is that of "The Second Extended File System: Internal Layout", D.
 * Poirier; sizes and offsets are also in e2fsprogs' lib/ext2fs/ext2_fs.h): block groups of
 * blocks_per_group blocks, each with one block of block bitmap, one of inode bitmap, and its part
 * of the inode table; some begin with copies of the superblock and the table of group descriptors.
 * All numbers are little-endian, as both machines are.
 *
 * Metadata that has no file (superblock, descriptors, bitmaps, inode table, indirect blocks) is
 * cached as pages of the device's own object, meta. The contents of directories and long symbolic
 * links are cached in their inode's object, like a file's.
 *
 * A block can lie in a page of meta although it is a file's now, stale. So meta keeps, beside the
 * page cache's mark for a whole page, one bit a block that says "metadata, and newer than the
 * disk"; only such blocks are written. A block that stops to be metadata loses its bit and outwaits
 * a write under way.
 *
 * Locks: the inode's own (fs/inode.h), then map_lock (RANK_FSMAP) for the block map and what is
 * stored of the inode, then alloc_lock (RANK_FSALLOC) for bitmaps and counts. The page cache calls
 * in with no lock held.
 */
#pragma once

#include "dev/block.h"
#include "fs/inode.h"
#include "lib/types.h"
#include "proc/sync.h"
#include "vm/obj.h"
#include "vm/page.h"

#define EXT2_MAGIC 0xef53
#define EXT2_ROOT_INO 2u
#define EXT2_SUPER_OFFSET 1024u
#define EXT2_NDIR 12u		    /* direct blocks */
#define EXT2_NPTR 15u		    /* and one each of single, double, triple indirect */
#define EXT2_FAST_LINK_MAX 59u	    /* a shorter link's text stands in the inode */
#define EXT2_LINK_MAX 32000u
/* Bytes of a directory: the high half of its size means something else. */
#define EXT2_DIR_MAX (1u << 31)

struct ext2_super_disk {
	u32 inodes_count, blocks_count, r_blocks_count, free_blocks_count, free_inodes_count;
	u32 first_data_block, log_block_size, log_frag_size;
	u32 blocks_per_group, frags_per_group, inodes_per_group;
	u32 mtime, wtime;
	u16 mnt_count, max_mnt_count, magic, state, errors, minor_rev_level;
	u32 lastcheck, checkinterval, creator_os, rev_level;
	u16 def_resuid, def_resgid;
	/* revision 1 */
	u32 first_ino;
	u16 inode_size, block_group_nr;
	u32 feature_compat, feature_incompat, feature_ro_compat;
	u8 uuid[16];
	char volume_name[16], last_mounted[64];
	u8 rest[1024 - 200];
};
_Static_assert(sizeof(struct ext2_super_disk) == 1024, "the superblock is 1024 bytes");

#define EXT2_STATE_CLEAN 1u
#define EXT2_STATE_ERROR 2u
#define EXT2_INCOMPAT_FILETYPE 0x2u
#define EXT2_RO_SPARSE_SUPER 0x1u
#define EXT2_RO_LARGE_FILE 0x2u

struct ext2_group_disk {
	u32 block_bitmap, inode_bitmap, inode_table;
	u16 free_blocks, free_inodes, used_dirs, flags;
	u8 rest[12];
};
_Static_assert(sizeof(struct ext2_group_disk) == 32, "a group descriptor is 32 bytes");

struct ext2_inode_disk {
	u16 mode, uid_low;
	u32 size_low, atime, ctime, mtime, dtime;
	u16 gid_low, links_count;
	u32 blocks, flags, osd1;
	u32 block[EXT2_NPTR];
	u32 generation, file_acl, size_high, faddr;
	u8 frag, fsize;
	u16 blocks_high, uid_high, gid_high, reserved;
	/* from here on only in inodes larger than 128 bytes, as far as extra_isize says */
	u16 extra_isize, checksum_high;
	u32 ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra;
};
_Static_assert(sizeof(struct ext2_inode_disk) == 152, "an inode with what is known is 152 bytes");
#define EXT2_INODE_BASE 128u
#define EXT2_EXTRA_ISIZE 32u	   /* what mke2fs and Linux give new inodes */
#define EXT2_FLAG_INDEX 0x1000u	   /* a directory with a hash index: it is not kept up to date */

struct ext2_dirent {
	u32 inode;
	u16 rec_len;
	u8 name_len, type;
	char name[];
};
#define EXT2_DIRENT_HEAD 8u

struct ext2_group {
	u32 block_bitmap, inode_bitmap, inode_table; /* (c) */
	u16 free_blocks, free_inodes, used_dirs;     /* (A) alloc_lock */
	u16 next_inode; /* (A) bit at which the search for a free inode begins */
};

struct ext2 {
	struct fs fs;
	struct block_device *dev;
	struct obj meta;		/* the device's pages */
	struct spinlock dirty_lock;	/* RANK_ICACHE: a leaf beside it */
	/* (dirty_lock) per page of meta: bit mask of dirty blocks, see meta.c */
	struct radix dirty;
	struct mutex alloc_lock;	/* RANK_FSALLOC */
	struct ext2_group *group;	/* [groups] */
	u32 groups;			/* (c), as the following */
	u32 block_size, block_shift, blocks_per_page, page_blocks_shift;
	u32 blocks_count, first_block, blocks_per_group;
	u32 inodes_count, inodes_per_group, inode_size, first_ino;
	u32 table_blocks;		/* blocks of inode table a group */
	u32 super_blocks; /* last block of the first copy of the descriptors, plus one */
	u32 reserved_blocks;
	bool filetype, nanoseconds, large_file;
	u64 free_blocks, free_inodes;	/* (A) */
	struct list freed;		/* (A) of freed_run, oldest first */
	u64 freed_blocks;		/* (A) in them */
	bool damaged;			/* an error was met: the state on the disk says so */
	u32 complaints;			/* (a) lines about damage so far */
};

/* A directory's names by hash: which block each is in. See index.c. */
struct dir_index {
	struct index_slot *slot; /* NULL: there is no index now */
	u32 size, used;		 /* slots, a power of two; those that are not empty */
};

struct ext2_inode {
	struct inode inode;
	struct obj data;
	struct mutex map_lock;	     /* RANK_FSMAP */
	u32 block[EXT2_NPTR];	     /* (M) map_lock */
	u32 flags, generation;	     /* (M) */
	bool dirty;		     /* (a) the inode on the disk is older */
	bool deleted;		     /* its storage was given back */
	u32 goal_lblk, goal_pblk; /* (M) allocated last, here for the file and there on the disk */
	u64 reserved_end; /* (M) there may be blocks beyond the size, up to this byte; 0: none */
	u32 free_hint; /* (inode->lock) directories: no room for a short name below this offset */
	struct dir_index index;	     /* (inode->lock for writing) directories */
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
	return CONTAINER_OF(inode->fs, struct ext2, fs);
}
static inline struct ext2_inode *ext2_inode_of(struct inode *inode)
{
	return CONTAINER_OF(inode, struct ext2_inode, inode);
}

/*
 * Something on the disk cannot be true: one line on the log (not for ever), and the file system is
 * marked damaged. Returns -EIO.
 */
int ext2_damage(struct ext2 *x, const char *format, ...) PRINTF_LIKE(2, 3);

/* meta.c: blocks of metadata. */
struct meta_block {
	struct ext2 *fs;
	struct page *page;
	u32 block;
	bool write; /* pinned for a change */
	void *data; /* block_size bytes */
};
void ext2_meta_init(struct ext2 *x);
/* Pin a block for reading. 0, -EIO, -ENOMEM. Ends with meta_put. */
int meta_get(struct ext2 *x, u32 block, struct meta_block *mb);
/* For a change: afterwards call meta_dirty, which then cannot fail. */
int meta_get_write(struct ext2 *x, u32 block, struct meta_block *mb);
/* The same for a block that becomes metadata: its contents are zeros. */
int meta_get_new(struct ext2 *x, u32 block, struct meta_block *mb);
void meta_dirty(struct meta_block *mb);
void meta_put(struct meta_block *mb);
/*
 * The block is free now, or becomes data: what meta has of it must not reach the disk any more. No
 * lock above FSALLOC held.
 */
void meta_forget(struct ext2 *x, u32 block);
/* Give back book-keeping of blocks that are not dirty. */
void meta_shrink(struct ext2 *x);

/* io.c: requests to the device, several at a time. */
#define IO_REQUESTS 4u
#define IO_SEGMENTS 64u
struct io_batch {
	struct block_device *dev;
	bool write;
	int error;
	unsigned first, count;	/* of rq, in flight or being filled: a ring */
	unsigned nseg;		/* segments used in this round */
	u64 next_sector;	/* where the request being filled ends */
	struct block_request rq[IO_REQUESTS];
	struct block_segment seg[IO_SEGMENTS];
};
void io_begin(struct io_batch *io, struct block_device *dev, bool write);
/*
 * n bytes of page at offset, from or to the byte position pos of the device; contiguous pieces
 * become one request.
 */
void io_add(struct io_batch *io, struct page *page, u32 offset, u32 n, u64 pos);
/* Wait for all. 0 or -EIO. */
int io_end(struct io_batch *io);

/* alloc.c: bitmaps. */
bool ext2_block_ok(const struct ext2 *x, u32 block);
/* A free block, as near after goal as can be, now taken. -ENOSPC, -EIO. */
int ext2_block_alloc(struct ext2 *x, u32 goal, u32 *out);
/* Give n contiguous blocks back. They are used again once the disk has heard of it. */
void ext2_block_free(struct ext2 *x, u32 block, u32 n);
/*
 * The disk knows what happened before `until` (clock_now()): blocks given back by then may be used.
 * True if there were any.
 */
bool ext2_release_freed(struct ext2 *x, u64 until);
int ext2_inode_alloc(struct ext2 *x, u32 parent, bool dir, u32 *out);
void ext2_inode_free(struct ext2 *x, u32 ino, bool dir);
/* First data block of the group that ino lies in: where its blocks are looked for first. */
u32 ext2_inode_goal(const struct ext2 *x, u32 ino);

/* map.c: an inode's block map. */
/*
 * The disk block of file block lblk, 0 for a hole; *run: how many file blocks from there on go on
 * like that (at least 1, at most max). -EIO.
 */
int ext2_map(struct ext2_inode *e, u64 lblk, u32 max, u32 *pblk, u32 *run);
/*
 * Fill the holes among n file blocks from lblk on, which lie in one page: all or none. -ENOSPC,
 * -EFBIG, -EIO, -ENOMEM. map_lock held.
 */
int ext2_map_alloc(struct ext2_inode *e, u64 lblk, unsigned n);
/* Free all blocks from lblk on. map_lock held. */
int ext2_map_cut(struct ext2_inode *e, u64 lblk);
u64 ext2_max_size(const struct ext2 *x);

/* inode.c */
int ext2_iget(struct ext2 *x, u32 ino, struct inode **out);
/* A new inode with its number taken: in memory only; ext2_store writes it. */
int ext2_inew(struct inode *dir, u32 mode, u64 rdev, struct inode **out);
/* Write the inode's fields to its place in the inode table (in meta). */
int ext2_store(struct ext2_inode *e);
int ext2_truncate(struct inode *inode, u64 size);
/* Find blocks for n file blocks from lblk on, which lie in one page: as ext2_map_alloc. */
int ext2_reserve(struct ext2_inode *e, u64 lblk, unsigned n);
/* Free the blocks of pages beyond the size. inode->lock held. */
int ext2_trim(struct ext2_inode *e);
/* Free those of the last page too. Nobody uses the inode, or is still to change it. */
int ext2_trim_tail(struct ext2_inode *e);
void ext2_inode_module_init(void);
/* Flush an inode: data, then itself. */
int ext2_sync_inode(struct ext2_inode *e);

/* index.c */
bool index_begin(struct dir_index *ix);
void index_free(struct dir_index *ix);
/* A name with this hash is in that block. Without memory for it the whole index is given up. */
void index_add(struct dir_index *ix, u32 hash, u32 block);
/* One such name is there no more. */
void index_remove(struct dir_index *ix, u32 hash, u32 block);
/* The next block that has a name with this hash; *probe is 0 at first. False if there is none. */
bool index_find(const struct dir_index *ix, u32 hash, u32 *probe, u32 *block);

/* file.c, dir.c: operations by kind */
extern const struct file_ops ext2_file_ops, ext2_dir_file_ops;
extern const struct inode_ops ext2_file_inode_ops, ext2_dir_inode_ops, ext2_link_inode_ops;
extern const struct inode_ops ext2_special_inode_ops;
void ext2_evict(struct inode *inode);
int ext2_changed(struct inode *inode);
int ext2_store_link(struct ext2_inode *e, const char *target);

/* super.c */
/* Bring superblock and descriptors in meta up to date and everything to the disk. */
int ext2_sync(struct fs *fs);
