/*
 * Directories of tmpfs.
 *
 * A directory's entries stand in two balanced trees: by name (hash, length, bytes), for finding
 * one, and by position, for listing. An entry keeps its position while it lives and positions are
 * never used again, so a listing goes on where it stopped, whatever comes and goes meanwhile. An
 * entry holds a reference to its inode.
 *
 * The directory's inode lock protects all this: writing to change or look up, reading to list.
 */
#include "fs/tmpfs/tmpfs.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vm/kmalloc.h"
#include "vm/uaccess.h"

#define FIRST_POS 2u /* 0 is ".", 1 is ".." */
#define SIZE_OF_NAME 20u /* what each name adds to st_size, as Linux has it */

struct tmp_entry {
	struct tree_node name_node, pos_node;
	struct inode *inode; /* referenced */
	u64 pos; /* from FIRST_POS */
	u32 hash;
	u16 len;
	char text[];
};

static struct tmp_entry *of_name(struct tree_node *n)
{
	return CONTAINER_OF(n, struct tmp_entry, name_node);
}

static struct tmp_entry *of_pos(struct tree_node *n)
{
	return CONTAINER_OF(n, struct tmp_entry, pos_node);
}

/* --- the trees --- */

static int name_order(const struct tmp_entry *e, u32 hash, const struct name *name)
{
	if (hash != e->hash)
		return hash < e->hash ? -1 : 1;
	if (name->len != e->len)
		return name->len < e->len ? -1 : 1;
	return memcmp(name->text, e->text, name->len);
}

static struct tmp_entry *find(struct inode *dir, const struct name *name)
{
	struct tree_node *n = tmp_inode_of(dir)->by_name.root;
	u32 hash = name_hash(name);

	while (n) {
		int order = name_order(of_name(n), hash, name);

		if (!order)
			return of_name(n);
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

/* The first entry at position pos or behind it. */
static struct tmp_entry *find_pos(struct inode *dir, u64 pos)
{
	struct tree_node *n = tmp_inode_of(dir)->by_pos.root;
	struct tmp_entry *best = NULL;

	while (n) {
		if (of_pos(n)->pos >= pos) {
			best = of_pos(n);
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

/* An entry in no directory. Takes a reference to inode. NULL: no memory. */
static struct tmp_entry *entry_new(const struct name *name, struct inode *inode)
{
	struct tmp_entry *e = kmalloc(sizeof(*e) + name->len, ALLOC_WAIT);

	if (!e)
		return NULL;
	inode_hold(inode);
	e->inode = inode;
	e->hash = name_hash(name);
	e->len = (u16)name->len;
	memcpy(e->text, name->text, name->len);
	return e;
}

static void entry_add(struct inode *dir, struct tmp_entry *e)
{
	struct tmp_inode *td = tmp_inode_of(dir);
	struct tree_node **link = &td->by_name.root, *parent = NULL;
	struct name name = {e->text, e->len};

	while (*link) {
		parent = *link;
		link = name_order(of_name(parent), e->hash, &name) < 0 ? &parent->left
								       : &parent->right;
	}
	tree_insert(&td->by_name, &e->name_node, parent, link);
	e->pos = FIRST_POS + td->next_pos++;
	parent = tree_last(&td->by_pos);
	tree_insert(&td->by_pos, &e->pos_node, parent, parent ? &parent->right : &td->by_pos.root);
	td->entries++;
}

static void entry_take(struct inode *dir, struct tmp_entry *e)
{
	struct tmp_inode *td = tmp_inode_of(dir);

	tree_remove(&td->by_name, &e->name_node);
	tree_remove(&td->by_pos, &e->pos_node);
	td->entries--;
}

/* Free an entry that is in no directory, and its reference. */
static void entry_free(struct tmp_entry *e)
{
	inode_put(e->inode);
	kmfree(e);
}

static bool dir_empty(struct inode *dir)
{
	return !tmp_inode_of(dir)->by_name.root;
}

static void dir_stat(struct inode *dir, struct kstat *st)
{
	st->size = (2 + (u64)tmp_inode_of(dir)->entries) * SIZE_OF_NAME;
}

static void dir_changed(struct inode *dir)
{
	dir->mtime = dir->ctime = ktime_now();
}

/* --- names come and go --- */

static int dir_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct tmp_entry *e = find(dir, name);

	if (!e)
		return -ENOENT;
	inode_hold(e->inode);
	*out = e->inode;
	return 0;
}

static int dir_create(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
	const char *target, struct inode **out)
{
	struct tmp_inode *ti;
	struct tmp_entry *e;
	int err = tmpfs_new_inode(tmpfs_of(dir), mode, rdev, target, &ti);

	if (err)
		return err;
	e = entry_new(name, &ti->inode);
	if (!e) {
		ti->inode.nlink = 0;
		inode_put(&ti->inode);
		return -ENOMEM;
	}
	entry_add(dir, e);
	if (inode_is_dir(&ti->inode))
		dir->nlink++;
	dir_changed(dir);
	*out = &ti->inode;
	return 0;
}

static int dir_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct tmpfs *t = tmpfs_of(dir);
	struct tmp_entry *e;
	int err = tmpfs_take_inode(t);

	if (err)
		return err;
	e = entry_new(name, inode);
	if (!e) {
		tmpfs_give_inode(t);
		return -ENOMEM;
	}
	rwlock_write(&inode->lock);
	if (inode->nlink) {
		inode->nlink++;
		inode->ctime = ktime_now();
	} else {
		err = -ENOENT;
	}
	rwlock_write_unlock(&inode->lock);
	if (err) {
		entry_free(e);
		tmpfs_give_inode(t);
		return err;
	}
	entry_add(dir, e);
	dir_changed(dir);
	return 0;
}

/* A locked inode loses a name in dir: a directory all it has. */
static void lose_name(struct inode *dir, struct inode *inode)
{
	inode->ctime = ktime_now();
	if (inode_is_dir(inode)) {
		inode->nlink = 0;
		dir->nlink--;
	} else if (--inode->nlink) {
		tmpfs_give_inode(tmpfs_of(inode));
	}
}

static int dir_unlink(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct tmp_entry *e = find(dir, name);
	int err = 0;

	if (!e)
		return -ENOENT;
	rwlock_write(&inode->lock);
	if (inode_is_dir(inode) && !dir_empty(inode)) {
		err = -ENOTEMPTY;
	} else {
		entry_take(dir, e);
		lose_name(dir, inode);
	}
	rwlock_write_unlock(&inode->lock);
	if (err)
		return err;
	dir_changed(dir);
	entry_free(e);
	return 0;
}

/* --- renaming --- */

/* A directory moved from one parent to another: its ".." counts for the new one. */
static void reparent(struct inode *inode, struct inode *from, struct inode *to)
{
	if (inode_is_dir(inode)) {
		from->nlink--;
		to->nlink++;
	}
}

static int rename_exchange(const struct rename_op *op)
{
	struct tmp_entry *a = find(op->old_dir, &op->old_name);
	struct tmp_entry *b = find(op->new_dir, &op->new_name);

	if (!a || !b)
		return -ENOENT;
	a->inode = op->victim;
	b->inode = op->inode;
	reparent(op->inode, op->old_dir, op->new_dir);
	reparent(op->victim, op->new_dir, op->old_dir);
	op->victim->ctime = ktime_now();
	return 0;
}

/* Something is moved to where the victim stands, which is of the same kind. */
static int rename_over(const struct rename_op *op, struct tmp_entry *old)
{
	struct tmp_entry *e = find(op->new_dir, &op->new_name);
	int err = 0;

	if (!e)
		return -ENOENT;
	rwlock_write(&op->victim->lock);
	if (inode_is_dir(op->victim) && !dir_empty(op->victim))
		err = -ENOTEMPTY;
	else
		lose_name(op->new_dir, op->victim);
	rwlock_write_unlock(&op->victim->lock);
	if (err)
		return err;
	entry_take(op->old_dir, old);
	e->inode = op->inode;
	old->inode = op->victim;
	reparent(op->inode, op->old_dir, op->new_dir);
	entry_free(old);
	return 0;
}

static int rename_to_free(const struct rename_op *op, struct tmp_entry *old)
{
	struct tmp_entry *e = entry_new(&op->new_name, op->inode);

	if (!e)
		return -ENOMEM;
	entry_take(op->old_dir, old);
	entry_add(op->new_dir, e);
	reparent(op->inode, op->old_dir, op->new_dir);
	entry_free(old);
	return 0;
}

static int dir_rename(const struct rename_op *op)
{
	struct tmp_entry *old = find(op->old_dir, &op->old_name);
	int err;

	if (!old)
		return -ENOENT;
	if (op->exchange)
		err = rename_exchange(op);
	else if (op->victim)
		err = rename_over(op, old);
	else
		err = rename_to_free(op, old);
	if (err)
		return err;
	op->inode->ctime = ktime_now();
	dir_changed(op->old_dir);
	if (op->new_dir != op->old_dir)
		dir_changed(op->new_dir);
	return 0;
}

/* --- listing --- */

/* "." and "..", as far as they were not told yet. */
static int tell_dots(struct file *f, struct uio *u)
{
	struct dentry *up;
	int err = 0;

	if (f->pos == 0) {
		err = dirent_emit(u, f->inode->ino, 1, dirent_type(S_IFDIR), ".", 1);
		if (err)
			return err;
		f->pos = 1;
	}
	if (f->pos == 1) {
		up = dentry_parent(f->dentry);
		err = dirent_emit(u, up->inode->ino, FIRST_POS, dirent_type(S_IFDIR), "..", 2);
		dentry_put(up);
		if (!err)
			f->pos = FIRST_POS;
	}
	return err;
}

static int dir_readdir(struct file *f, struct uio *u)
{
	struct inode *dir = f->inode;
	size_t room = u->left;
	struct tmp_entry *e;
	struct tree_node *n;
	int err;

	rwlock_read(&dir->lock);
	err = dir->nlink ? tell_dots(f, u) : -ENOENT;
	e = err ? NULL : find_pos(dir, (u64)f->pos);
	for (n = e ? &e->pos_node : NULL; n && !err; n = tree_next(n)) {
		e = of_pos(n);
		err = dirent_emit(
			u, e->inode->ino, e->pos + 1, dirent_type(e->inode->mode), e->text, e->len);
		if (!err)
			f->pos = (off_t)e->pos + 1;
	}
	rwlock_read_unlock(&dir->lock);
	if (err && u->left == room)
		return err > 0 ? -EINVAL : err;
	return (int)(room - u->left);
}

/* Memory is all there is. */
static int dir_sync(struct file *f UNUSED, bool data_only UNUSED)
{
	return 0;
}

/* --- the end --- */

/* A directory's entries move up to the root before it goes: no recursion, however deep. */
void tmp_dir_clear(struct inode *root)
{
	struct tree_node *n, *below;

	while ((n = tree_first(&tmp_inode_of(root)->by_pos))) {
		struct tmp_entry *e = of_pos(n);

		entry_take(root, e);
		while (inode_is_dir(e->inode) &&
			(below = tree_first(&tmp_inode_of(e->inode)->by_pos))) {
			struct tmp_entry *child = of_pos(below);

			entry_take(e->inode, child);
			entry_add(root, child);
		}
		if (inode_is_dir(e->inode) || !--e->inode->nlink)
			e->inode->nlink = 0;
		else
			tmpfs_give_inode(tmpfs_of(root));
		entry_free(e);
	}
	root->nlink = 2;
}

const struct file_ops tmp_dir_ops = {
	.read = dir_no_read,
	.seek = plain_seek,
	.readdir = dir_readdir,
	.sync = dir_sync,
};

const struct inode_ops tmp_dir_inode_ops = {
	.lookup = dir_lookup,
	.create = dir_create,
	.link = dir_link,
	.unlink = dir_unlink,
	.rename = dir_rename,
	.stat = dir_stat,
	.evict = tmp_evict,
};
