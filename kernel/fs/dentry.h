/*
 * Names in memory. A dentry is one name in one directory: it knows its parent and text, and the
 * inode it stands for, or that there is none (a negative one). A directory's dentries stand in a
 * balanced tree ordered by hash; that tree, the parent links and the reference counts belong to one
 * spin lock.
 *
 * Each (parent, name) has at most one hashed dentry. They are added under the directory's inode
 * lock, so a walker that misses takes that lock and looks again. A removed name is unhashed: it
 * keeps parent and text, so the path of an open file can still be told. Unused dentries stay on a
 * list, oldest first, until there are too many.
 *
 * A file system is mounted on a dentry by `mounted`; its root points back by `covers`. Walkers hop
 * over both.
 */
#pragma once

#include "fs/inode.h"
#include "lib/list.h"
#include "lib/tree.h"

struct dentry {
	struct tree_node node;	/* (d) in parent->children while hashed */
	struct tree children;	/* (d) */
	struct dentry *parent;	/* (d) referenced; NULL for roots and nameless ones */
	struct inode *inode;	/* (d, directory's lock) referenced; NULL: no such name */
	struct dentry *mounted; /* (c after boot) root of what is mounted here */
	struct dentry *covers;	/* (c after boot) what this root hides */
	struct list lru;	/* (d) on the list of unused ones if ref is 0 */
	char *text;		/* (d) the name, no NUL */
	u32 ref;		/* (d) */
	u32 hash;		/* (d) */
	u16 len;		/* (d) */
	bool hashed;		/* (d) */
};

void dentry_module_init(void);
u32 name_hash(const struct name *name);
/*
 * The root of a file system, or (no file system) a nameless dentry for a pipe. Takes over the
 * reference to inode. NULL: no memory.
 */
struct dentry *dentry_root(struct inode *inode);
/*
 * A name that is in no directory and reads as a deleted one of dir: for memory files. Takes over
 * the reference to inode on success. NULL: no memory.
 */
struct dentry *dentry_unlisted(
	struct dentry *dir, const struct name *name, struct inode *inode);
struct dentry *dentry_hold(struct dentry *d);
/* May sleep; no lock of rank INODE or above held. NULL does nothing. */
void dentry_put(struct dentry *d);

/* The kept name with a reference, or NULL. */
struct dentry *dentry_find(struct dentry *dir, const struct name *name);
/* The dentry of a name, positive or negative, referenced. dir->inode->lock held for writing. */
int dentry_lookup_locked(struct dentry *dir, const struct name *name, struct dentry **out);
/* The same, takes the lock if it needs to. */
int dentry_lookup(struct dentry *dir, const struct name *name, struct dentry **out);
/* A negative dentry's name has come to exist; takes over the reference. Directory locked. */
void dentry_attach(struct dentry *d, struct inode *inode);
/* The name is gone. Directory locked. */
void dentry_unhash(struct dentry *d);
/* Drop kept names below a directory that is removed. */
void dentry_prune(struct dentry *dir);
/*
 * Rename: d takes the place of target, which is unhashed. text: target's name, from kmalloc; the
 * old one is freed. Both directories locked.
 */
void dentry_move(struct dentry *d, struct dentry *target, char *text);
void dentry_exchange(struct dentry *a, struct dentry *b);
/* A copy of d's name for dentry_move. NULL: no memory. */
char *dentry_copy_text(struct dentry *d);
/* d's parent, referenced, mounts crossed; d itself (referenced) at the very top. */
struct dentry *dentry_parent(struct dentry *d);
/*
 * Where a walker stands that reaches d: the root of what is mounted there. Takes over and gives
 * back a reference.
 */
struct dentry *dentry_mounted(struct dentry *d);
/* Is a an ancestor of d, or d itself? Same file system, RANK_RENAME held. */
bool dentry_contains(struct dentry *a, struct dentry *d);
/*
 * The absolute path, " (deleted)" added if a name of it is gone; NUL-terminated. Its length, or
 * -ENAMETOOLONG.
 */
int dentry_path(struct dentry *d, char *buf, size_t size, bool *deleted);
/* Drop unused names until at most `keep` are left. May sleep, no lock held. */
void dentry_trim(ulong keep);
/* The same, with the usual limit: called at the end of calls that add names. */
void dentry_trim_excess(void);
/* The root of all. Referenced by the mount for ever. */
extern struct dentry *root_dentry;
