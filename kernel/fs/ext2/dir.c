/*
 * Directories of ext2: a file of blocks, each filled exactly by a chain of entries of variable
 * length. An entry whose inode is 0 is free; space behind a name, up to the entry's length, is free
 * too. A name never crosses a block.
 *
 * The directory's inode lock is held: for reading by readdir, else for writing. Every entry is
 * checked before it is used, as a damaged disk could say anything.
 */
#include "fs/ext2/ext2.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vm/uaccess.h"

#define INDEX_FROM 8192u /* bytes of a directory that is worth an index of its names */

/* A place in a directory: a pinned page and an entry in it. */
struct slot {
	struct page *page;
	struct ext2_dirent *entry;
	struct ext2_dirent *before; /* the one before it in the same block, or NULL */
	u64 offset; /* of the entry in the directory */
};

static u32 entry_size(size_t name_len)
{
	return (u32)ALIGN_UP(EXT2_DIRENT_HEAD + name_len, 4);
}

static struct ext2_dirent *entry_at(struct page *p, u32 offset)
{
	return (struct ext2_dirent *)((char *)page_addr(p) + offset);
}

/* Is the entry at `offset` of the page sound? Its block ends at `end`. */
static int entry_check(
	struct inode *dir, const struct ext2_dirent *d, u32 offset, u32 end, u64 where)
{
	struct ext2 *x = ext2_of(dir);

	if (d->rec_len < entry_size(1) || d->rec_len % 4 || d->rec_len > end - offset ||
		entry_size(d->name_len) > d->rec_len)
		return ext2_damage(x, "directory %u: the entry at %llu has length %u, name %u",
			(u32)dir->ino, (unsigned long long)where, d->rec_len, d->name_len);
	if (d->inode > x->inodes_count)
		return ext2_damage(x, "directory %u: the entry at %llu is for inode %u",
			(u32)dir->ino, (unsigned long long)where, d->inode);
	return 0;
}

typedef int visit_fn(void *arg, struct slot *s);

static int visit_block(struct inode *dir, struct page *p, u64 base, u32 start, visit_fn *visit,
	void *arg, struct slot *s)
{
	struct ext2 *x = ext2_of(dir);
	u32 offset = start, end = start + x->block_size;
	int err;

	s->page = p;
	s->before = NULL;
	while (offset < end) {
		s->entry = entry_at(p, offset);
		s->offset = base + offset;
		err = entry_check(dir, s->entry, offset, end, s->offset);
		if (!err)
			err = visit(arg, s);
		if (err)
			return err;
		s->before = s->entry;
		offset += s->entry->rec_len;
	}
	return 0;
}

/*
 * Call visit for every entry from the block that holds offset `from` to the block that ends at
 * `to`, free entries too, until it returns something else than 0: then that is the result. The page
 * is pinned during the call; with *found given and the visit's result 1 it stays pinned, and *found
 * tells where.
 */
static int visit_blocks(
	struct inode *dir, u64 from, u64 to, visit_fn *visit, void *arg, struct slot *found)
{
	struct ext2 *x = ext2_of(dir);
	u64 pos = from & ~(u64)(x->block_size - 1), end = MIN(to, dir->obj->size);
	struct page *p;
	struct slot s;
	int err = 0;

	while (pos < end) {
		u64 base = pos & ~(u64)PAGE_MASK;

		err = obj_get_page(dir->obj, (ulong)(pos >> PAGE_SHIFT), &p);
		if (err)
			return err == -ENXIO ? -EIO : err;
		while (!err && pos < end && pos < base + PAGE_SIZE) {
			err = visit_block(dir, p, base, (u32)(pos - base), visit, arg, &s);
			pos += x->block_size;
		}
		if (err == 1 && found) {
			*found = s;
			return 1;
		}
		page_put(p);
		if (err)
			return err;
	}
	return 0;
}

static int visit_entries(
	struct inode *dir, u64 from, visit_fn *visit, void *arg, struct slot *found)
{
	return visit_blocks(dir, from, UINT64_MAX, visit, arg, found);
}

/* The number of the block that the entry at *s is in. */
static u32 slot_block(const struct inode *dir, const struct slot *s)
{
	return (u32)(s->offset >> ext2_of(dir)->block_shift);
}

static int match_name(void *arg, struct slot *s)
{
	const struct name *name = arg;

	return s->entry->inode && s->entry->name_len == name->len &&
		!memcmp(s->entry->name, name->text, name->len);
}

struct indexing {
	struct inode *dir;
	struct dir_index *index;
};

static int index_entry(void *arg, struct slot *s)
{
	struct indexing *g = arg;
	struct name name = {s->entry->name, s->entry->name_len};

	if (s->entry->inode)
		index_add(g->index, name_hash(&name), slot_block(g->dir, s));
	return 0;
}

/* Has the directory an index? It gets one when it is large enough to be worth it. */
static bool dir_indexed(struct inode *dir)
{
	struct indexing g = {dir, &ext2_inode_of(dir)->index};

	if (g.index->slot)
		return true;
	if (dir->obj->size < INDEX_FROM || !index_begin(g.index))
		return false;
	if (visit_entries(dir, 0, index_entry, &g, NULL))
		index_free(g.index);
	return g.index->slot;
}

static int find_indexed(struct inode *dir, const struct name *name, struct slot *s)
{
	struct dir_index *index = &ext2_inode_of(dir)->index;
	u32 hash = name_hash(name), probe = 0, block, size = ext2_of(dir)->block_size;
	int err = 0;

	while (!err && index_find(index, hash, &probe, &block))
		err = visit_blocks(dir, (u64)block * size, ((u64)block + 1) * size, match_name,
			(void *)name, s);
	return err;
}

/* Find a name: 0 with *s pinned, -ENOENT, -EIO. */
static int dir_find(struct inode *dir, const struct name *name, struct slot *s)
{
	int err;

	if (dir_indexed(dir))
		err = find_indexed(dir, name, s);
	else
		err = visit_entries(dir, 0, match_name, (void *)name, s);
	return err == 1 ? 0 : err == 0 ? -ENOENT : err;
}

static int dir_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct slot s;
	u32 ino;
	int err = dir_find(dir, name, &s);

	if (err)
		return err;
	ino = s.entry->inode;
	page_put(s.page);
	return ext2_iget(ext2_of(dir), ino, out);
}

/* --- entries come and go --- */

/*
 * The directory's contents changed: times, and no hash index that we would not keep right. It has
 * happened by now, so it cannot fail: an inode that cannot be stored stays dirty, for a sync.
 */
static void dir_changed(struct inode *dir)
{
	struct ext2_inode *e = ext2_inode_of(dir);

	dir->mtime = dir->ctime = ktime_now();
	e->flags &= ~EXT2_FLAG_INDEX;
	ext2_store(e);
}

struct room {
	u32 need;
	u64 from;
};

static u32 entry_free(const struct ext2_dirent *d)
{
	return d->inode ? d->rec_len - entry_size(d->name_len) : d->rec_len;
}

static int match_room(void *arg, struct slot *s)
{
	const struct room *r = arg;

	return entry_free(s->entry) >= r->need;
}

static void entry_fill(
	struct ext2 *x, struct ext2_dirent *d, const struct name *name, u32 ino, u32 mode)
{
	/*
	 * ext2's own numbering of kinds: regular, directory, character, block, FIFO, socket, link.
	 */
	static const u8 kinds[16] = {[S_IFREG >> 12] = 1,
		[S_IFDIR >> 12] = 2,
		[S_IFCHR >> 12] = 3,
		[S_IFBLK >> 12] = 4,
		[S_IFIFO >> 12] = 5,
		[S_IFSOCK >> 12] = 6,
		[S_IFLNK >> 12] = 7};

	d->name_len = (u8)name->len;
	d->type = x->filetype ? kinds[dirent_type(mode)] : 0;
	memcpy(d->name, name->text, name->len);
	d->inode = ino;
}

/* Let the directory, of `size` bytes, grow by a block inside its last page. */
static int grow_in_page(struct inode *dir, u64 size, struct page **out)
{
	struct ext2 *x = ext2_of(dir);
	int err = obj_get_page_dirty(dir->obj, (ulong)(size >> PAGE_SHIFT), out);

	if (err)
		return err;
	err = ext2_reserve(ext2_inode_of(dir), size >> x->block_shift, 1);
	if (!err)
		err = obj_truncate(dir->obj, size + x->block_size);
	if (err)
		page_put(*out);
	return err;
}

/* The same with a new page. */
static int grow_by_page(struct inode *dir, u64 size, struct page **out)
{
	int err = obj_truncate(dir->obj, size + ext2_of(dir)->block_size);

	if (err)
		return err;
	err = obj_get_page_dirty(dir->obj, (ulong)(size >> PAGE_SHIFT), out);
	if (err) {
		/* A size that ends with a page has no tail for which this could fail. */
		obj_truncate(dir->obj, size);
		ext2_trim(ext2_inode_of(dir));
	}
	return err;
}

/*
 * Add a block to the directory: one free entry, which is there to stay even if no name comes. The
 * page stays pinned in *s.
 */
static int dir_grow(struct inode *dir, struct slot *s)
{
	struct ext2 *x = ext2_of(dir);
	u64 size = dir->obj->size;
	int err;

	if (size + x->block_size > EXT2_DIR_MAX)
		return -ENOSPC;
	err = size & PAGE_MASK ? grow_in_page(dir, size, &s->page)
			       : grow_by_page(dir, size, &s->page);
	if (err)
		return err;
	s->entry = entry_at(s->page, (u32)(size & PAGE_MASK));
	s->before = NULL;
	s->offset = size;
	s->entry->inode = 0;
	s->entry->rec_len = (u16)x->block_size;
	s->entry->name_len = 0;
	ext2_inode_of(dir)->dirty = true;
	obj_mark_dirty(dir->obj, s->page);
	return 0;
}

/* Find or make room for a name of this length. */
static int dir_room(struct inode *dir, size_t name_len, struct slot *s)
{
	struct ext2_inode *e = ext2_inode_of(dir);
	struct room r = {.need = entry_size(name_len)};
	struct page *p;
	int err = visit_entries(dir, e->free_hint, match_room, &r, s);

	if (err < 0)
		return err;
	if (!err) {
		err = dir_grow(dir, s);
		if (err)
			return err;
	} else {
		err = obj_get_page_dirty(dir->obj, (ulong)(s->offset >> PAGE_SHIFT), &p);
		page_put(s->page);
		if (err)
			return err;
		s->page = p;
	}
	/*
	 * Blocks before this one have no room for a name as long; shorter ones may waste a little.
	 */
	e->free_hint = (u32)s->offset & ~(ext2_of(dir)->block_size - 1);
	return 0;
}

/* Put a name into the room at *s, and let go of it. */
static void dir_put_name(
	struct inode *dir, struct slot *s, const struct name *name, u32 ino, u32 mode)
{
	struct ext2_dirent *d = s->entry;

	if (d->inode) {
		u32 used = entry_size(d->name_len);
		struct ext2_dirent *next = (struct ext2_dirent *)((char *)d + used);

		next->rec_len = (u16)(d->rec_len - used);
		next->inode = 0;
		entry_fill(ext2_of(dir), next, name, ino, mode);
		d->rec_len = (u16)used;
	} else {
		entry_fill(ext2_of(dir), d, name, ino, mode);
	}
	index_add(&ext2_inode_of(dir)->index, name_hash(name), slot_block(dir, s));
	obj_mark_dirty(dir->obj, s->page);
	page_put(s->page);
}

/* Take the entry at *s out and let go of it. The page was reserved. */
static void dir_take_name(struct inode *dir, struct slot *s)
{
	struct ext2_inode *e = ext2_inode_of(dir);
	struct name name = {s->entry->name, s->entry->name_len};

	index_remove(&e->index, name_hash(&name), slot_block(dir, s));
	if (s->before)
		s->before->rec_len = (u16)(s->before->rec_len + s->entry->rec_len);
	else
		s->entry->inode = 0;
	obj_mark_dirty(dir->obj, s->page);
	e->free_hint = MIN(e->free_hint, (u32)s->offset & ~(ext2_of(dir)->block_size - 1));
	page_put(s->page);
}

/* Find a name for a change: its page is reserved and pinned. */
static int dir_find_write(struct inode *dir, const struct name *name, struct slot *s)
{
	struct page *p;
	int err = dir_find(dir, name, s);

	if (err)
		return err;
	err = obj_get_page_dirty(dir->obj, (ulong)(s->offset >> PAGE_SHIFT), &p);
	page_put(s->page);
	s->page = p;
	return err;
}

/* --- making --- */

/* The first block of a new directory: "." and "..". */
static int dir_fill_new(struct inode *inode, u32 parent)
{
	static const struct name dot = {".", 1}, dotdot = {"..", 2};
	struct ext2 *x = ext2_of(inode);
	struct ext2_dirent *second;
	struct slot s;
	int err = dir_grow(inode, &s);

	if (err)
		return err;
	entry_fill(x, s.entry, &dot, (u32)inode->ino, S_IFDIR);
	s.entry->rec_len = (u16)entry_size(1);
	second = (struct ext2_dirent *)((char *)s.entry + s.entry->rec_len);
	second->rec_len = (u16)(x->block_size - s.entry->rec_len);
	entry_fill(x, second, &dotdot, parent, S_IFDIR);
	obj_mark_dirty(inode->obj, s.page);
	page_put(s.page);
	return 0;
}

/* Change a locked or new inode's count of names and store it. */
static int add_links(struct inode *inode, int n)
{
	inode->nlink += (u32)n;
	inode->ctime = ktime_now();
	return ext2_store(ext2_inode_of(inode));
}

static int dir_create(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
	const char *target, struct inode **out)
{
	bool is_dir = (mode & S_IFMT) == S_IFDIR;
	struct inode *inode;
	struct slot s;
	int err;

	if (is_dir && dir->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	err = ext2_inew(dir, mode, rdev, &inode);
	if (err)
		return err;
	if (is_dir) {
		inode->nlink = 2;
		err = dir_fill_new(inode, (u32)dir->ino);
	} else if (target) {
		err = ext2_store_link(ext2_inode_of(inode), target);
	}
	if (!err)
		err = ext2_store(ext2_inode_of(inode));
	if (!err)
		err = dir_room(dir, name->len, &s);
	if (err) {
		inode->nlink = 0;
		inode_put(inode);
		return err;
	}
	dir_put_name(dir, &s, name, (u32)inode->ino, mode);
	if (is_dir)
		dir->nlink++;
	dir_changed(dir);
	*out = inode;
	return 0;
}

static int dir_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct slot s;
	int err;

	rwlock_write(&inode->lock);
	if (inode->nlink == 0)
		err = -ENOENT;
	else if (inode->nlink >= EXT2_LINK_MAX)
		err = -EMLINK;
	else
		err = dir_room(dir, name->len, &s);
	if (!err) {
		err = add_links(inode, 1);
		if (err) {
			inode->nlink--;
			page_put(s.page);
		}
	}
	rwlock_write_unlock(&inode->lock);
	if (err)
		return err;
	dir_put_name(dir, &s, name, (u32)inode->ino, inode->mode);
	dir_changed(dir);
	return 0;
}

/* --- removing --- */

static int match_any(void *arg, struct slot *s)
{
	const struct ext2_dirent *d = s->entry;

	(void)arg;
	if (!d->inode || (d->name_len == 1 && d->name[0] == '.') ||
		(d->name_len == 2 && d->name[0] == '.' && d->name[1] == '.'))
		return 0;
	return -ENOTEMPTY;
}

static int dir_empty(struct inode *dir)
{
	return visit_entries(dir, 0, match_any, NULL, NULL);
}

/* An inode loses a name: a directory all it has. Locked. As dir_changed, it cannot fail. */
static void drop_name(struct inode *inode)
{
	add_links(inode, inode_is_dir(inode) ? -(int)inode->nlink : -1);
}

static int dir_unlink(struct inode *dir, const struct name *name, struct inode *inode)
{
	bool is_dir = inode_is_dir(inode);
	struct slot s;
	int err;

	rwlock_write(&inode->lock);
	err = is_dir ? dir_empty(inode) : 0;
	if (!err)
		err = dir_find_write(dir, name, &s);
	if (!err) {
		dir_take_name(dir, &s);
		drop_name(inode);
	}
	rwlock_write_unlock(&inode->lock);
	if (err)
		return err;
	if (is_dir)
		dir->nlink--;
	dir_changed(dir);
	return 0;
}

/* --- renaming --- */

/* Point the entry at *s, pinned, at another inode, and let go of it. */
static void dir_redirect(struct inode *dir, struct slot *s, const struct inode *to)
{
	struct name same = {s->entry->name, s->entry->name_len};

	entry_fill(ext2_of(dir), s->entry, &same, (u32)to->ino, to->mode);
	obj_mark_dirty(dir->obj, s->page);
	page_put(s->page);
}

/* ".." of a directory, for a change. */
static int find_parent_entry(struct inode *inode, struct slot *s)
{
	static const struct name dotdot = {"..", 2};

	return dir_find_write(inode, &dotdot, s);
}

/*
 * A directory moved from one parent to another: its ".." and the parents' counts. `up` is its ".."
 * entry.
 */
static void reparent(struct inode *inode, struct slot *up, struct inode *from, struct inode *to)
{
	dir_redirect(inode, up, to);
	from->nlink--;
	to->nlink++;
	dir_changed(inode);
}

/* All entries of an exchange are pinned first; then nothing can fail. */
static int rename_exchange(const struct rename_op *op)
{
	bool moved = op->old_dir != op->new_dir;
	bool dir_a = moved && inode_is_dir(op->inode), dir_b = moved && inode_is_dir(op->victim);
	struct slot a, b, up_a, up_b;
	int err = dir_find_write(op->old_dir, &op->old_name, &a);

	if (err)
		return err;
	err = dir_find_write(op->new_dir, &op->new_name, &b);
	if (err)
		goto out_a;
	if (dir_a && (err = find_parent_entry(op->inode, &up_a)))
		goto out_b;
	if (dir_b && (err = find_parent_entry(op->victim, &up_b)))
		goto out_up_a;
	dir_redirect(op->old_dir, &a, op->victim);
	dir_redirect(op->new_dir, &b, op->inode);
	if (dir_a)
		reparent(op->inode, &up_a, op->old_dir, op->new_dir);
	if (dir_b)
		reparent(op->victim, &up_b, op->new_dir, op->old_dir);
	return 0;
out_up_a:
	if (dir_a)
		page_put(up_a.page);
out_b:
	page_put(b.page);
out_a:
	page_put(a.page);
	return err;
}

/* Put the moved inode under its new name: in the victim's entry, or in a new one. */
static int enter_new_name(const struct rename_op *op)
{
	struct slot s;
	int err;

	if (op->victim) {
		err = dir_find_write(op->new_dir, &op->new_name, &s);
		if (!err)
			dir_redirect(op->new_dir, &s, op->inode);
	} else {
		err = dir_room(op->new_dir, op->new_name.len, &s);
		if (!err)
			dir_put_name(op->new_dir, &s, &op->new_name, (u32)op->inode->ino,
				op->inode->mode);
	}
	return err;
}

/*
 * Take the old name out. *old was found for that, but the new name may have split its entry since:
 * it is looked for in its block once more, which cannot fail, as the page is pinned.
 */
static void take_old_name(const struct rename_op *op, struct slot *old)
{
	u32 size = ext2_of(op->old_dir)->block_size;
	u64 start = old->offset & ~(u64)(size - 1);
	struct slot now;

	if (visit_blocks(op->old_dir, start, start + size, match_name, (void *)&op->old_name,
		    &now) == 1)
		dir_take_name(op->old_dir, &now);
	page_put(old->page);
}

/*
 * The new name first, so that a crash leaves the file with two names rather than none. Kinds were
 * checked; a victim is of the same kind.
 */
static int rename_move(const struct rename_op *op)
{
	bool is_dir = inode_is_dir(op->inode), moved = op->old_dir != op->new_dir;
	struct slot old, up;
	int err = 0;

	if (op->victim && is_dir)
		err = dir_empty(op->victim);
	if (is_dir && moved && !op->victim && op->new_dir->nlink >= EXT2_LINK_MAX)
		err = -EMLINK;
	if (!err)
		err = dir_find_write(op->old_dir, &op->old_name, &old);
	if (err)
		return err;
	if (is_dir && moved && (err = find_parent_entry(op->inode, &up)))
		goto out_old;
	err = enter_new_name(op);
	if (err)
		goto out_up;
	take_old_name(op, &old);
	if (is_dir && moved)
		reparent(op->inode, &up, op->old_dir, op->new_dir);
	if (op->victim) {
		drop_name(op->victim);
		if (is_dir)
			op->new_dir->nlink--;
	}
	return 0;
out_up:
	if (is_dir && moved)
		page_put(up.page);
out_old:
	page_put(old.page);
	return err;
}

/*
 * The victim is locked as in unlink; a directory that changes parents too, since its ".." changes.
 * Neither contains the other, so two directories are locked by address.
 */
static void lock_moved(const struct rename_op *op, bool unlock)
{
	bool moves = inode_is_dir(op->inode) && op->old_dir != op->new_dir;
	struct inode *first = moves ? op->inode : NULL, *second = op->victim;

	if (first && second && inode_is_dir(second) && second < first) {
		first = op->victim;
		second = op->inode;
	}
	if (first)
		unlock ? rwlock_write_unlock(&first->lock) : rwlock_write(&first->lock);
	if (second)
		unlock ? rwlock_write_unlock(&second->lock) : rwlock_write(&second->lock);
}

static int dir_rename(const struct rename_op *op)
{
	int err;

	lock_moved(op, false);
	err = op->exchange ? rename_exchange(op) : rename_move(op);
	lock_moved(op, true);
	if (err)
		return err;
	op->inode->ctime = ktime_now();
	ext2_store(ext2_inode_of(op->inode));
	if (op->exchange) {
		op->victim->ctime = op->inode->ctime;
		ext2_store(ext2_inode_of(op->victim));
	}
	dir_changed(op->old_dir);
	if (op->new_dir != op->old_dir)
		dir_changed(op->new_dir);
	return 0;
}

/* --- reading --- */

struct reading {
	struct ext2 *fs;
	struct uio *u;
	u64 pos; /* entries before this were told already */
	bool any;
};

/* The kind of a name for programs, from ext2's numbering. */
static u32 entry_type(const struct ext2 *x, const struct ext2_dirent *d)
{
	static const u8 types[8] = {0, 8, 4, 2, 6, 1, 12, 10};

	return x->filetype && d->type < ARRAY_SIZE(types) ? types[d->type] : 0;
}

static int tell_entry(void *arg, struct slot *s)
{
	struct reading *r = arg;
	u64 next = s->offset + s->entry->rec_len;
	int err;

	if (s->offset < r->pos)
		return 0;
	if (s->entry->inode) {
		err = dirent_emit(r->u, s->entry->inode, next, entry_type(r->fs, s->entry),
			s->entry->name, s->entry->name_len);
		if (err > 0)
			return r->any ? 1 : -EINVAL;
		if (err)
			return r->any ? 1 : err;
		r->any = true;
	}
	r->pos = next;
	return 0;
}

static int dir_readdir(struct file *f, struct uio *u)
{
	struct inode *dir = f->inode;
	struct reading r = {.fs = ext2_of(dir), .u = u, .pos = (u64)f->pos};
	size_t room = u->left;
	int err = 0;

	rwlock_read(&dir->lock);
	if (dir->nlink == 0)
		err = -ENOENT;
	else if ((u64)f->pos < dir->obj->size)
		err = visit_entries(dir, (u64)f->pos, tell_entry, &r, NULL);
	rwlock_read_unlock(&dir->lock);
	if (err < 0 && !r.any)
		return err;
	f->pos = (off_t)r.pos;
	return (int)(room - u->left);
}

static ssize_t dir_read(struct file *f UNUSED, struct uio *u UNUSED, off_t *pos UNUSED)
{
	return -EISDIR;
}

static off_t dir_seek(struct file *f, off_t off, int whence)
{
	return plain_seek(f, off, whence);
}

static int dir_sync(struct file *f, bool data_only)
{
	return ext2_file_ops.sync(f, data_only);
}

const struct file_ops ext2_dir_file_ops = {
	.read = dir_read,
	.seek = dir_seek,
	.readdir = dir_readdir,
	.sync = dir_sync,
};

const struct inode_ops ext2_dir_inode_ops = {
	.lookup = dir_lookup,
	.create = dir_create,
	.link = dir_link,
	.unlink = dir_unlink,
	.rename = dir_rename,
	.changed = ext2_changed,
	.evict = ext2_evict,
};
