/*
 * Path walking, and a process's current directory and umask.
 *
 * Every step is: the directory reached so far, one name, the dentry for it, then across what is
 * mounted there. A symbolic link in the way puts its text before what is left of the path. ".."
 * goes up from where the walk really is, never by text.
 */
#include "fs/walk.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"

#define LINKS_MAX 40

struct fs_context {
	struct spinlock lock; /* unranked: names are held under it */
	u32 ref; /* (a) */
	u32 umask; /* (a) */
	struct dentry *cwd; /* (lock) referenced */
};

struct fs_context *fs_context_create(void)
{
	struct fs_context *c = kmalloc(sizeof(*c), ALLOC_WAIT);

	if (!c)
		return NULL;
	spin_init(&c->lock, "fs context", RANK_NONE);
	c->ref = 1;
	c->umask = 022;
	c->cwd = root_dentry ? dentry_hold(root_dentry) : NULL;
	return c;
}

struct dentry *fs_get_cwd(struct fs_context *c)
{
	struct dentry *d;

	spin_lock(&c->lock);
	d = c->cwd ? dentry_hold(c->cwd) : NULL;
	spin_unlock(&c->lock);
	return d;
}

struct fs_context *fs_context_copy(struct fs_context *from)
{
	struct fs_context *c = fs_context_create();

	if (c) {
		dentry_put(c->cwd);
		c->cwd = fs_get_cwd(from);
		c->umask = from->umask;
	}
	return c;
}

void fs_context_hold(struct fs_context *c)
{
	__atomic_fetch_add(&c->ref, 1, __ATOMIC_RELAXED);
}

void fs_context_put(struct fs_context *c)
{
	if (__atomic_sub_fetch(&c->ref, 1, __ATOMIC_ACQ_REL))
		return;
	dentry_put(c->cwd);
	kmfree(c);
}

u32 fs_umask(struct fs_context *c, u32 mask)
{
	return __atomic_exchange_n(&c->umask, mask & 0777, __ATOMIC_RELAXED);
}

u32 fs_get_umask(const struct fs_context *c)
{
	return __atomic_load_n(&c->umask, __ATOMIC_RELAXED);
}

u32 current_umask(void)
{
	struct fs_context *c = current_thread()->fs;

	return c ? fs_get_umask(c) : 0;
}

static struct dentry *current_cwd(void)
{
	struct fs_context *c = current_thread()->fs;
	struct dentry *d = c ? fs_get_cwd(c) : NULL;

	if (!d && root_dentry)
		d = dentry_hold(root_dentry);
	return d;
}

/* Change the current directory; takes over the reference. */
static int set_cwd(struct dentry *d)
{
	struct fs_context *c = current_thread()->fs;
	struct dentry *old;

	if (!inode_is_dir(d->inode)) {
		dentry_put(d);
		return -ENOTDIR;
	}
	spin_lock(&c->lock);
	old = c->cwd;
	c->cwd = d;
	spin_unlock(&c->lock);
	dentry_put(old);
	return 0;
}

int fs_chdir(const char *path)
{
	struct dentry *d;
	int err = path_lookup(AT_FDCWD, path, 0, &d);

	return err ? err : set_cwd(d);
}

int fs_fchdir(struct file *f)
{
	if (!f->dentry)
		return -ENOTDIR;
	return set_cwd(dentry_hold(f->dentry));
}

int fs_getcwd(char *buf, size_t size)
{
	struct dentry *d = current_cwd();
	bool deleted;
	int len = dentry_path(d, buf, size, &deleted);

	if (deleted)
		len = -ENOENT;
	dentry_put(d);
	if (len == -ENAMETOOLONG)
		return -ERANGE;
	return len < 0 ? len : len + 1;
}

/* --- the walk --- */

/* Where a relative path starts. */
static int walk_origin(int dirfd, struct dentry **out)
{
	struct file *f;

	if (dirfd == AT_FDCWD) {
		*out = current_cwd();
		return *out ? 0 : -ENOENT;
	}
	f = files_get_own(dirfd);
	if (!f)
		return -EBADF;
	*out = f->dentry && inode_is_dir(f->dentry->inode) ? dentry_hold(f->dentry) : NULL;
	file_drop(f);
	return *out ? 0 : -ENOTDIR;
}

int walk_begin(struct walk *w, int dirfd, const char *path)
{
	int err = 0;

	if (!root_dentry || !*path)
		return -ENOENT;
	w->rest = path;
	w->buf = NULL;
	w->links = 0;
	if (*path == '/')
		w->at = dentry_hold(root_dentry);
	else
		err = walk_origin(dirfd, &w->at);
	return err;
}

void walk_end(struct walk *w)
{
	dentry_put(w->at);
	kmfree(w->buf);
	dentry_trim_excess();
}

static void walk_move(struct walk *w, struct dentry *to)
{
	dentry_put(w->at);
	w->at = to;
}

static const char *skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

/* The text of link d followed by `after`, in a buffer of its own. */
static int link_text(struct dentry *d, const char *after, char **out)
{
	size_t tail = strlen(after);
	ssize_t n;
	char *buf;

	if (!d->inode->ops->readlink)
		return -EINVAL;
	buf = kmalloc(PATH_MAX + 1 + tail + 1, ALLOC_WAIT);
	if (!buf)
		return -ENOMEM;
	n = d->inode->ops->readlink(d->inode, buf, PATH_MAX);
	if (n <= 0 || n >= PATH_MAX) {
		kmfree(buf);
		return n < 0 ? (int)n : n == 0 ? -ENOENT : -ENAMETOOLONG;
	}
	if (*after)
		buf[n++] = '/';
	memcpy(buf + n, after, tail + 1);
	*out = buf;
	return 0;
}

int walk_follow(struct walk *w, struct dentry *d, const char *after, struct dentry **jumped)
{
	char *buf = NULL;
	int err;

	*jumped = NULL;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (d->inode->ops->jump) {
		err = d->inode->ops->jump(d->inode, jumped);
		w->rest = after;
		return err;
	}
	err = link_text(d, after, &buf);
	if (err)
		return err;
	kmfree(w->buf);
	w->buf = buf;
	w->rest = buf;
	if (*buf == '/')
		walk_move(w, dentry_hold(root_dentry));
	return 0;
}

/* Go from the directory w->at to the one called name, through links; `after` is what follows it. */
static int walk_enter(struct walk *w, const struct name *name, const char *after)
{
	struct dentry *d, *jumped;
	int err = dentry_lookup(w->at, name, &d);

	if (err)
		return err;
	w->rest = after;
	if (!d->inode) {
		dentry_put(d);
		return -ENOENT;
	}
	if (inode_is_link(d->inode)) {
		err = walk_follow(w, d, after, &jumped);
		dentry_put(d);
		if (err || !jumped)
			return err;
		d = jumped;
	}
	d = dentry_mounted(d);
	if (!inode_is_dir(d->inode)) {
		dentry_put(d);
		return -ENOTDIR;
	}
	walk_move(w, d);
	return 0;
}

static enum walk_last component_kind(const struct name *name)
{
	if (name->len == 1 && name->text[0] == '.')
		return LAST_DOT;
	if (name->len == 2 && name->text[0] == '.' && name->text[1] == '.')
		return LAST_DOTDOT;
	return LAST_NAME;
}

int walk_to_last(struct walk *w)
{
	const char *end, *after;
	int err;

	for (;;) {
		w->rest = skip_slashes(w->rest);
		if (!*w->rest) {
			w->last = LAST_ROOT;
			w->slash = true;
			return 0;
		}
		for (end = w->rest; *end && *end != '/';)
			end++;
		w->name = (struct name){w->rest, (size_t)(end - w->rest)};
		if (w->name.len > NAME_MAX)
			return -ENAMETOOLONG;
		w->last = component_kind(&w->name);
		after = skip_slashes(end);
		if (!*after) {
			w->slash = after != end;
			return 0;
		}
		if (w->last == LAST_NAME) {
			err = walk_enter(w, &w->name, after);
			if (err)
				return err;
			continue;
		}
		if (w->last == LAST_DOTDOT)
			walk_move(w, dentry_mounted(dentry_parent(w->at)));
		w->rest = after;
	}
}

/* The dentry of the last component as it stands there. */
static int walk_here(struct walk *w, struct dentry **out)
{
	int err = 0;

	if (w->last == LAST_NAME)
		err = dentry_lookup(w->at, &w->name, out);
	else if (w->last == LAST_DOTDOT)
		*out = dentry_parent(w->at);
	else
		*out = dentry_hold(w->at);
	if (err)
		return err;
	if (!(*out)->inode) {
		dentry_put(*out);
		return -ENOENT;
	}
	*out = dentry_mounted(*out);
	return 0;
}

int walk_last(struct walk *w, bool follow, struct dentry **out)
{
	struct dentry *d, *jumped;
	int err;

	for (;;) {
		err = walk_to_last(w);
		if (!err)
			err = walk_here(w, &d);
		if (err)
			return err;
		if (!inode_is_link(d->inode) || !(follow || w->slash))
			break;
		err = walk_follow(w, d, w->slash ? "/" : "", &jumped);
		dentry_put(d);
		if (err)
			return err;
		if (jumped) {
			d = jumped;
			break;
		}
	}
	if (w->slash && !inode_is_dir(d->inode)) {
		dentry_put(d);
		return -ENOTDIR;
	}
	*out = d;
	return 0;
}

/* The file behind a descriptor, for AT_EMPTY_PATH. */
static int lookup_descriptor(int dirfd, struct dentry **out)
{
	struct file *f;

	if (dirfd == AT_FDCWD) {
		*out = current_cwd();
		return 0;
	}
	f = files_get_own(dirfd);
	if (!f)
		return -EBADF;
	*out = f->dentry ? dentry_hold(f->dentry) : NULL;
	file_drop(f);
	return *out ? 0 : -ENOENT;
}

int path_lookup(int dirfd, const char *path, u32 at_flags, struct dentry **out)
{
	struct walk w;
	int err;

	if (!path || (!*path && (at_flags & AT_EMPTY_PATH)))
		return lookup_descriptor(dirfd, out);
	err = walk_begin(&w, dirfd, path);
	if (err)
		return err;
	err = walk_last(&w, !(at_flags & AT_SYMLINK_NOFOLLOW), out);
	walk_end(&w);
	return err;
}
