/*
 * The calls that change names: mknod, mkdir, unlink, rmdir, link, symlink, rename, and readlink.
 *
 * Each locks the directory, looks the last component up under the lock, checks what may be done
 * with what is there, lets the file system change its own records, and only then changes the names
 * in memory, which cannot fail.
 */
#include "fs/walk.h"

#include "fs/modules.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "vm/kmalloc.h"

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE 2u

/*
 * One directory is renamed at a time: what is whose ancestor does not change under the check for
 * loops.
 */
static struct mutex rename_lock;

void names_module_init(void)
{
	mutex_init(&rename_lock, "rename", RANK_RENAME);
}

/* May names in this locked directory change? */
static int may_change(struct inode *dir)
{
	if (dir->nlink == 0)
		return -ENOENT;
	return dir->fs->read_only ? -EROFS : 0;
}

/* --- new names --- */

struct create {
	u32 mode; /* with kind */
	u64 rdev;
	const char *target; /* symbolic links */
	struct inode *link; /* hard links: what gets another name; NULL: something new */
};

/* Give the negative dentry d in the locked directory something to stand for. */
static int create_here(struct dentry *dir, struct dentry *d, const struct create *c)
{
	struct inode *inode, *parent = dir->inode;
	struct name name = {d->text, d->len};
	int err = may_change(parent);

	if (err)
		return err;
	if (!c->link) {
		if (!parent->ops->create)
			return -EPERM;
		err = parent->ops->create(parent, &name, c->mode, c->rdev, c->target, &inode);
	} else {
		if (!parent->ops->link)
			return -EPERM;
		inode = c->link;
		err = parent->ops->link(parent, &name, inode);
		if (!err)
			inode_hold(inode);
	}
	if (!err)
		dentry_attach(d, inode);
	return err;
}

/* Make a name that must not be there. Only a directory's may end in a slash. */
static int create_at(int dirfd, const char *path, const struct create *c)
{
	struct dentry *d = NULL;
	struct walk w;
	int err = walk_begin(&w, dirfd, path);

	if (err)
		return err;
	err = walk_to_last(&w);
	if (!err && w.last != LAST_NAME)
		err = -EEXIST;
	if (err)
		goto out;
	if (c->link && c->link->fs != w.at->inode->fs) {
		err = -EXDEV;
		goto out;
	}
	rwlock_write(&w.at->inode->lock);
	err = dentry_lookup_locked(w.at, &w.name, &d);
	if (!err) {
		if (d->inode)
			err = -EEXIST;
		else if (w.slash && (c->link || (c->mode & S_IFMT) != S_IFDIR))
			err = -ENOENT;
		else
			err = create_here(w.at, d, c);
	}
	rwlock_write_unlock(&w.at->inode->lock);
	dentry_put(d);
out:
	walk_end(&w);
	return err;
}

int fs_mkdir(int dirfd, const char *path, u32 mode)
{
	struct create c = {.mode = S_IFDIR | (mode & 01777 & ~current_umask())};

	return create_at(dirfd, path, &c);
}

int fs_mknod(int dirfd, const char *path, u32 mode, u64 rdev)
{
	struct create c = {
		.mode = (mode & S_IFMT) | (mode & 07777 & ~current_umask()), .rdev = rdev};

	switch (mode & S_IFMT) {
	case 0: c.mode |= S_IFREG; break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK: c.rdev = 0; break;
	case S_IFCHR:
	case S_IFBLK: break;
	case S_IFDIR: return -EPERM;
	default: return -EINVAL;
	}
	return create_at(dirfd, path, &c);
}

int fs_symlink(const char *target, int dirfd, const char *path)
{
	struct create c = {.mode = S_IFLNK | 0777, .target = target};

	if (!*target)
		return -ENOENT;
	return create_at(dirfd, path, &c);
}

int fs_link(int olddir, const char *oldpath, int newdir, const char *newpath, u32 at_flags)
{
	struct create c = {0};
	struct dentry *old;
	u32 how = at_flags & AT_EMPTY_PATH;
	int err;

	if (at_flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(at_flags & AT_SYMLINK_FOLLOW))
		how |= AT_SYMLINK_NOFOLLOW;
	err = path_lookup(olddir, oldpath, how, &old);
	if (err)
		return err;
	c.link = old->inode;
	err = inode_is_dir(old->inode) ? -EPERM : create_at(newdir, newpath, &c);
	dentry_put(old);
	return err;
}

/* --- names that go --- */

/* Remove d from the locked directory. */
static int remove_here(struct dentry *dir, struct dentry *d, bool slash, bool rmdir)
{
	struct name name = {d->text, d->len};
	int err = may_change(dir->inode);

	if (err)
		return err;
	if (rmdir && !inode_is_dir(d->inode))
		return -ENOTDIR;
	if (!rmdir && inode_is_dir(d->inode))
		return -EISDIR;
	if (!rmdir && slash)
		return -ENOTDIR;
	if (d->mounted)
		return -EBUSY;
	if (!dir->inode->ops->unlink)
		return -EPERM;
	err = dir->inode->ops->unlink(dir->inode, &name, d->inode);
	if (!err)
		dentry_unhash(d);
	return err;
}

/* What unlink and rmdir say of a last component that is no name. */
static int bad_last(enum walk_last last, bool rmdir)
{
	if (!rmdir)
		return -EISDIR;
	return last == LAST_DOT ? -EINVAL : last == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
}

int fs_unlink(int dirfd, const char *path, u32 at_flags)
{
	bool rmdir = at_flags & AT_REMOVEDIR;
	struct dentry *d = NULL;
	struct walk w;
	int err;

	if (at_flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	err = walk_begin(&w, dirfd, path);
	if (err)
		return err;
	err = walk_to_last(&w);
	if (!err && w.last != LAST_NAME)
		err = bad_last(w.last, rmdir);
	if (err)
		goto out;
	rwlock_write(&w.at->inode->lock);
	err = dentry_lookup_locked(w.at, &w.name, &d);
	if (!err)
		err = d->inode ? remove_here(w.at, d, w.slash, rmdir) : -ENOENT;
	rwlock_write_unlock(&w.at->inode->lock);
	if (!err && rmdir)
		dentry_prune(d);
	dentry_put(d);
out:
	walk_end(&w);
	return err;
}

/* --- rename --- */

/* Lock two directories, which may be one: the ancestor first, else by address. */
static void lock_pair(struct dentry *a, struct dentry *b)
{
	if (a->inode == b->inode) {
		rwlock_write(&a->inode->lock);
		return;
	}
	if (dentry_contains(b, a) || (!dentry_contains(a, b) && b->inode < a->inode)) {
		struct dentry *t = a;

		a = b;
		b = t;
	}
	rwlock_write(&a->inode->lock);
	rwlock_write(&b->inode->lock);
}

static void unlock_pair(struct dentry *a, struct dentry *b)
{
	rwlock_write_unlock(&a->inode->lock);
	if (a->inode != b->inode)
		rwlock_write_unlock(&b->inode->lock);
}

/*
 * May old take the place of new (negative, or what stands there)? 1: both are names of one file,
 * nothing is to be done.
 */
static int rename_check(
	struct walk *ow, struct dentry *old, struct walk *nw, struct dentry *new, u32 flags)
{
	bool exchange = flags & RENAME_EXCHANGE;

	if (!old->inode || (exchange && !new->inode))
		return -ENOENT;
	if ((flags & RENAME_NOREPLACE) && new->inode)
		return -EEXIST;
	if (ow->slash && !inode_is_dir(old->inode))
		return -ENOTDIR;
	if (nw->slash && !inode_is_dir(exchange ? new->inode : old->inode))
		return -ENOTDIR;
	if (dentry_contains(old, nw->at))
		return -EINVAL;
	if (dentry_contains(new, ow->at))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (may_change(ow->at->inode) || may_change(nw->at->inode))
		return may_change(ow->at->inode) ?: may_change(nw->at->inode);
	if (old->mounted || new->mounted)
		return -EBUSY;
	if (!ow->at->inode->ops->rename)
		return -EPERM;
	if (old->inode == new->inode)
		return 1;
	if (!new->inode || exchange)
		return 0;
	if (inode_is_dir(old->inode) != inode_is_dir(new->inode))
		return inode_is_dir(new->inode) ? -EISDIR : -ENOTDIR;
	return 0;
}

/* Everything is looked up, locked and checked. */
static int rename_commit(
	struct walk *ow, struct dentry *old, struct walk *nw, struct dentry *new, bool exchange)
{
	struct rename_op op = {
		.old_dir = ow->at->inode,
		.new_dir = nw->at->inode,
		.old_name = {old->text, old->len},
		.new_name = {new->text, new->len},
		.inode = old->inode,
		.victim = new->inode,
		.exchange = exchange,
	};
	char *text = dentry_copy_text(new);
	int err;

	if (!text)
		return -ENOMEM;
	err = op.old_dir->ops->rename(&op);
	if (err || exchange)
		kmfree(text);
	if (err)
		return err;
	if (exchange)
		dentry_exchange(old, new);
	else
		dentry_move(old, new, text);
	return 0;
}

static int rename_locked(struct walk *ow, struct walk *nw, u32 flags, struct dentry **victim)
{
	struct dentry *old, *new;
	int err = dentry_lookup_locked(ow->at, &ow->name, &old);

	if (err)
		return err;
	err = dentry_lookup_locked(nw->at, &nw->name, &new);
	if (!err) {
		err = rename_check(ow, old, nw, new, flags);
		if (!err)
			err = rename_commit(ow, old, nw, new, flags & RENAME_EXCHANGE);
		if (err > 0)
			err = 0;
		*victim = new;
	}
	dentry_put(old);
	return err;
}

static int rename_walked(struct walk *ow, struct walk *nw, u32 flags)
{
	struct dentry *victim = NULL;
	int err;

	if (ow->at->inode->fs != nw->at->inode->fs)
		return -EXDEV;
	if (ow->last != LAST_NAME)
		return -EBUSY;
	if (nw->last != LAST_NAME)
		return (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	mutex_lock(&rename_lock);
	lock_pair(ow->at, nw->at);
	err = rename_locked(ow, nw, flags, &victim);
	unlock_pair(ow->at, nw->at);
	mutex_unlock(&rename_lock);
	if (victim && victim->inode && !victim->hashed)
		dentry_prune(victim);
	dentry_put(victim);
	return err;
}

int fs_rename(int olddir, const char *oldpath, int newdir, const char *newpath, u32 flags)
{
	struct walk ow, nw;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
		flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_begin(&ow, olddir, oldpath);
	if (err)
		return err;
	err = walk_to_last(&ow);
	if (err)
		goto out_old;
	err = walk_begin(&nw, newdir, newpath);
	if (err)
		goto out_old;
	err = walk_to_last(&nw);
	if (!err)
		err = rename_walked(&ow, &nw, flags);
	walk_end(&nw);
out_old:
	walk_end(&ow);
	return err;
}

/* --- readlink --- */

ssize_t fs_readlink(int dirfd, const char *path, char *buf, size_t size)
{
	struct dentry *d;
	ssize_t n;
	int err = path_lookup(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &d);

	if (err)
		return err;
	if (!inode_is_link(d->inode) || !d->inode->ops->readlink)
		n = path && !*path ? -ENOENT : -EINVAL;
	else
		n = d->inode->ops->readlink(d->inode, buf, size);
	dentry_put(d);
	return n;
}
