/*
 * Opening by name: what open(2) asks for, checked in the order in which Linux answers.
 */
#include "fs/walk.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "vm/obj.h"

/* What stays in a file's flags once it is open. */
#define FLAGS_KEPT \
	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | \
		O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_PATH)
#define S_IXANY 0111u

static bool wants_write(u32 flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* May d be opened like this? */
static int may_open(struct dentry *d, u32 flags)
{
	u32 kind = d->inode->mode & S_IFMT;

	if (kind == S_IFLNK)
		return -ELOOP;
	if (kind == S_IFDIR && (wants_write(flags) || (flags & (O_TRUNC | O_CREAT))))
		return -EISDIR;
	if ((flags & O_DIRECTORY) && kind != S_IFDIR)
		return -ENOTDIR;
	if (kind == S_IFSOCK)
		return -ENXIO;
	if (kind == S_IFREG && d->inode->fs->read_only && (wants_write(flags) || (flags & O_TRUNC)))
		return -EROFS;
	return 0;
}

/* A program that counts in 32 bits is told what it could not handle. */
static bool is_too_large(const struct inode *inode, u32 flags)
{
	return !(flags & O_LARGEFILE) && inode_is_reg(inode) && inode->obj &&
		obj_size(inode->obj) > SMALL_FILE_MAX;
}

static int truncate_opened(struct inode *inode)
{
	int err;

	if (!inode_is_reg(inode) || !inode->ops->truncate)
		return 0;
	/* Who opens only to read may truncate as well. */
	err = inode_claim(inode, 1);
	if (err)
		return err;
	rwlock_write(&inode->lock);
	err = inode->ops->truncate(inode, 0);
	rwlock_write_unlock(&inode->lock);
	inode_unclaim(inode, 1);
	return err;
}

/*
 * Make f, just made, count as one that keeps others from writing (exec), or that writes if it can.
 * -ETXTBSY. Only regular files can be run.
 */
static int claim_text(struct file *f, bool exec)
{
	s8 claim = exec ? -1 : file_writable(f);
	int err;

	if (!claim || !inode_is_reg(f->inode))
		return 0;
	err = inode_claim(f->inode, claim);
	if (!err)
		f->writes = claim;
	return err;
}

/* A file on d; takes over the reference to d. exec: as for claim_text. */
static int open_dentry(struct dentry *d, u32 flags, bool exec, struct file **out)
{
	struct inode *inode = d->inode;
	struct file *f;
	int err = 0;

	inode_hold(inode);
	f = file_new((flags & O_PATH) ? &path_file_ops : inode->fops, flags & FLAGS_KEPT, inode, d,
		NULL);
	if (!f)
		return -ENOMEM;
	if (!(flags & O_PATH)) {
		err = claim_text(f, exec);
		if (!err && is_too_large(inode, flags))
			err = -EOVERFLOW;
		if (!err && inode->ops->open)
			err = inode->ops->open(inode, f);
		if (err)
			f->ops = &path_file_ops;
	}
	if (!err && (flags & O_TRUNC))
		err = truncate_opened(inode);
	if (err) {
		file_drop(f);
		return err;
	}
	*out = f;
	return 0;
}

/* The last component for O_CREAT: found, or made. *made tells which. */
static int find_or_create(struct walk *w, u32 mode, struct dentry **out, bool *made)
{
	struct inode *dir = w->at->inode, *inode;
	struct dentry *d;
	int err;

	*made = false;
	*out = dentry_find(w->at, &w->name);
	if (*out && (*out)->inode)
		return 0;
	dentry_put(*out);
	rwlock_write(&dir->lock);
	err = dentry_lookup_locked(w->at, &w->name, &d);
	if (!err && !d->inode) {
		if (dir->fs->read_only)
			err = -EROFS;
		else if (dir->nlink == 0)
			err = -ENOENT;
		else if (!dir->ops->create)
			err = -EACCES;
		else
			err = dir->ops->create(
				dir, &w->name, S_IFREG | (mode & 07777), 0, NULL, &inode);
		if (err)
			dentry_put(d);
		else
			dentry_attach(d, inode);
		*made = !err;
	}
	rwlock_write_unlock(&dir->lock);
	*out = d;
	return err;
}

/* The dentry to open, for O_CREAT. */
static int lookup_create(struct walk *w, u32 flags, u32 mode, struct dentry **out, bool *made)
{
	struct dentry *d, *jumped;
	int err;

	for (;;) {
		err = walk_to_last(w);
		if (err)
			return err;
		if (w->last != LAST_NAME)
			return (flags & O_EXCL) ? -EEXIST : -EISDIR;
		if (w->slash)
			return -EISDIR;
		err = find_or_create(w, mode, &d, made);
		if (err || *made)
			break;
		if ((flags & O_EXCL) || !inode_is_link(d->inode) || (flags & O_NOFOLLOW))
			break;
		err = walk_follow(w, d, "", &jumped);
		dentry_put(d);
		if (err)
			return err;
		if (jumped) {
			d = jumped;
			break;
		}
	}
	if (err)
		return err;
	*out = dentry_mounted(d);
	if ((flags & O_EXCL) && !*made) {
		dentry_put(*out);
		return -EEXIST;
	}
	return 0;
}

int fs_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out)
{
	struct dentry *d;
	struct walk w;
	bool made = false;
	int err;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return -EINVAL;
	err = walk_begin(&w, dirfd, path);
	if (err)
		return err;
	if (flags & O_CREAT)
		err = lookup_create(&w, flags, mode & ~current_umask(), &d, &made);
	else
		err = walk_last(&w, !(flags & O_NOFOLLOW), &d);
	walk_end(&w);
	if (err)
		return err;
	if (made)
		flags &= ~(u32)O_TRUNC;
	if (flags & O_PATH)
		err = (flags & O_DIRECTORY) && !inode_is_dir(d->inode) ? -ENOTDIR : 0;
	else if (!made)
		err = may_open(d, flags);
	if (err) {
		dentry_put(d);
		return err;
	}
	return open_dentry(d, flags, false, out);
}

int fs_open_exec(int dirfd, const char *path, struct file **out)
{
	struct dentry *d;
	int err = path_lookup(dirfd, path, 0, &d);

	if (err)
		return err;
	if (!inode_is_reg(d->inode) || !(d->inode->mode & S_IXANY)) {
		dentry_put(d);
		return -EACCES;
	}
	return open_dentry(d, O_RDONLY | O_LARGEFILE, true, out);
}
