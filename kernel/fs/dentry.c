/*
 * Names in memory: see fs/dentry.h for what holds.
 *
 * Dropping the last reference to a dentry that is not kept drops its reference to the parent in
 * turn; that is a loop here, never a recursion, however deep the tree.
 */
#include "fs/dentry.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/kmalloc.h"
#include "vm/page.h"

struct dentry *root_dentry;

static struct kmem_cache *dentry_cache;
static struct spinlock dcache_lock = SPINLOCK_INIT("dcache", RANK_DCACHE);
static struct list unused = LIST_INIT(unused); /* (d) oldest first */
static ulong nr_unused; /* (d) */
static ulong unused_limit; /* (c) */

void dentry_module_init(void)
{
	struct page_stats st;

	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0);
	page_get_stats(&st);
	unused_limit = MAX(st.total / 8, 512ul);
}

u32 name_hash(const struct name *name)
{
	u32 h = 2166136261u; /* FNV-1a, 32 bits */

	for (size_t i = 0; i < name->len; i++)
		h = (h ^ (u8)name->text[i]) * 16777619u;
	return h;
}

/* The order of a directory's tree: by hash, then length, then bytes. */
static int name_order(const struct dentry *d, u32 hash, const struct name *name)
{
	if (hash != d->hash)
		return hash < d->hash ? -1 : 1;
	if (name->len != d->len)
		return name->len < d->len ? -1 : 1;
	return memcmp(name->text, d->text, name->len);
}

static struct dentry *dentry_alloc(const struct name *name)
{
	struct dentry *d = kmem_alloc(dentry_cache, ALLOC_WAIT | ALLOC_ZERO);

	if (!d)
		return NULL;
	if (name) {
		d->text = kmalloc(name->len, ALLOC_WAIT);
		if (!d->text) {
			kmem_free(dentry_cache, d);
			return NULL;
		}
		memcpy(d->text, name->text, name->len);
		d->len = (u16)name->len;
		d->hash = name_hash(name);
	}
	d->ref = 1;
	tree_init(&d->children, NULL);
	return d;
}

/*
 * Give d its inode; dcache_lock held or d not yet known. False: a directory that has a name
 * already.
 */
static bool set_inode(struct dentry *d, struct inode *inode)
{
	if (inode && inode_is_dir(inode)) {
		if (inode->only_name)
			return false;
		inode->only_name = d;
	}
	d->inode = inode;
	return true;
}

struct dentry *dentry_root(struct inode *inode)
{
	struct dentry *d = dentry_alloc(NULL);

	if (d)
		set_inode(d, inode);
	return d;
}

struct dentry *dentry_unlisted(struct dentry *dir, const struct name *name, struct inode *inode)
{
	struct dentry *d = dentry_alloc(name);

	if (d) {
		set_inode(d, inode);
		d->parent = dentry_hold(dir);
	}
	return d;
}

/* --- the tree of a directory; dcache_lock held --- */

static struct dentry *tree_find(struct dentry *dir, u32 hash, const struct name *name)
{
	struct tree_node *n = dir->children.root;

	while (n) {
		struct dentry *d = CONTAINER_OF(n, struct dentry, node);
		int order = name_order(d, hash, name);

		if (!order)
			return d;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

static void tree_add(struct dentry *dir, struct dentry *d)
{
	struct name name = {d->text, d->len};
	struct tree_node *parent = NULL, **link = &dir->children.root;

	while (*link) {
		parent = *link;
		link = name_order(CONTAINER_OF(parent, struct dentry, node), d->hash, &name) < 0
			? &parent->left
			: &parent->right;
	}
	tree_insert(&dir->children, &d->node, parent, link);
	d->hashed = true;
}

static void tree_take(struct dentry *d)
{
	if (d->hashed) {
		tree_remove(&d->parent->children, &d->node);
		d->hashed = false;
	}
}

/* d is going to be freed: out of its tree, and its directory may be named anew. */
static void tree_leave(struct dentry *d)
{
	tree_take(d);
	if (d->inode && d->inode->only_name == d)
		d->inode->only_name = NULL;
}

/* --- references --- */

static void hold_locked(struct dentry *d)
{
	if (d->ref++ == 0) {
		list_remove(&d->lru);
		nr_unused--;
	}
}

struct dentry *dentry_hold(struct dentry *d)
{
	spin_lock(&dcache_lock);
	hold_locked(d);
	spin_unlock(&dcache_lock);
	return d;
}

/* Is a dentry worth keeping while nobody uses it? */
static bool keep_unused(const struct dentry *d)
{
	return d->hashed && (!d->inode || (!d->inode->fs->uncached && d->inode->nlink)) &&
		!d->parent->inode->fs->uncached;
}

/*
 * Drop a reference under the lock. True if d is then to be freed: it is in no tree and no list.
 */
static bool put_locked(struct dentry *d)
{
	if (--d->ref)
		return false;
	if (keep_unused(d)) {
		list_append(&unused, &d->lru);
		nr_unused++;
		return false;
	}
	tree_leave(d);
	return true;
}

/* Free d, whose last reference is gone, and every ancestor that only it kept. */
static void dentry_free_chain(struct dentry *d)
{
	while (d) {
		struct dentry *parent = d->parent;

		if (d->inode)
			inode_put(d->inode);
		kmfree(d->text);
		kmem_free(dentry_cache, d);
		d = NULL;
		if (parent) {
			spin_lock(&dcache_lock);
			if (put_locked(parent))
				d = parent;
			spin_unlock(&dcache_lock);
		}
	}
}

void dentry_put(struct dentry *d)
{
	bool last;

	if (!d)
		return;
	spin_lock(&dcache_lock);
	last = put_locked(d);
	spin_unlock(&dcache_lock);
	if (last)
		dentry_free_chain(d);
}

/* Take an unused dentry for good: out of the list and its tree. */
static void claim_unused(struct dentry *d)
{
	list_remove(&d->lru);
	nr_unused--;
	tree_leave(d);
}

void dentry_trim(ulong keep)
{
	struct dentry *d;

	for (;;) {
		spin_lock(&dcache_lock);
		d = NULL;
		if (nr_unused > keep) {
			d = LIST_FIRST(&unused, struct dentry, lru);
			claim_unused(d);
		}
		spin_unlock(&dcache_lock);
		if (!d)
			return;
		dentry_free_chain(d);
	}
}

void dentry_trim_excess(void)
{
	if (UNLIKELY(nr_unused > unused_limit))
		dentry_trim(unused_limit - unused_limit / 8);
}

void dentry_prune(struct dentry *dir)
{
	struct tree_node *n, *next;
	struct dentry *d;

	spin_lock(&dcache_lock);
	n = tree_first(&dir->children);
	while (n) {
		d = CONTAINER_OF(n, struct dentry, node);
		next = tree_next(n);
		if (d->ref) {
			n = next;
			continue;
		}
		claim_unused(d);
		spin_unlock(&dcache_lock);
		dentry_free_chain(d);
		spin_lock(&dcache_lock);
		n = tree_first(&dir->children);
	}
	spin_unlock(&dcache_lock);
}

/* --- lookup --- */

/*
 * Does a kept name still hold? Only file systems whose names come and go by themselves can say no.
 */
static bool still_valid(const struct dentry *d)
{
	if (!d->inode)
		return !d->parent->inode->fs->uncached;
	return !d->inode->ops->valid || d->inode->ops->valid(d->inode);
}

struct dentry *dentry_find(struct dentry *dir, const struct name *name)
{
	u32 hash = name_hash(name);
	struct dentry *d;

	spin_lock(&dcache_lock);
	d = tree_find(dir, hash, name);
	if (d)
		hold_locked(d);
	spin_unlock(&dcache_lock);
	if (d && !still_valid(d)) {
		dentry_unhash(d);
		dentry_put(d);
		d = NULL;
	}
	return d;
}

/*
 * Put the new dentry d into dir's tree. A damaged disk can make a directory appear twice: then d is
 * freed, and -EIO.
 */
static int dentry_enter(struct dentry *dir, struct dentry *d, struct inode *inode)
{
	bool single;

	spin_lock(&dcache_lock);
	single = set_inode(d, inode);
	if (single) {
		hold_locked(dir);
		d->parent = dir;
		tree_add(dir, d);
	}
	spin_unlock(&dcache_lock);
	if (single)
		return 0;
	log_warn("fs: directory %llu has more than one name: the disk is damaged\n",
		(unsigned long long)inode->ino);
	dentry_free_chain(d);
	return -EIO;
}

int dentry_lookup_locked(struct dentry *dir, const struct name *name, struct dentry **out)
{
	struct dentry *d = dentry_find(dir, name);
	struct inode *inode = NULL;
	int err;

	if (d) {
		*out = d;
		return 0;
	}
	if (dir->inode->nlink == 0)
		return -ENOENT;
	err = dir->inode->ops->lookup(dir->inode, name, &inode);
	if (err && err != -ENOENT)
		return err;
	d = dentry_alloc(name);
	if (!d)
		err = -ENOMEM;
	else
		err = dentry_enter(dir, d, inode);
	if (err && inode)
		inode_put(inode);
	*out = d;
	return err;
}

int dentry_lookup(struct dentry *dir, const struct name *name, struct dentry **out)
{
	int err;

	*out = dentry_find(dir, name);
	if (*out)
		return 0;
	rwlock_write(&dir->inode->lock);
	err = dentry_lookup_locked(dir, name, out);
	rwlock_write_unlock(&dir->inode->lock);
	return err;
}

/* --- changes --- */

void dentry_attach(struct dentry *d, struct inode *inode)
{
	spin_lock(&dcache_lock);
	set_inode(d, inode);
	spin_unlock(&dcache_lock);
}

void dentry_unhash(struct dentry *d)
{
	spin_lock(&dcache_lock);
	tree_take(d);
	spin_unlock(&dcache_lock);
}

char *dentry_copy_text(struct dentry *d)
{
	char *text = kmalloc(d->len, ALLOC_WAIT);

	if (text)
		memcpy(text, d->text, d->len);
	return text;
}

void dentry_move(struct dentry *d, struct dentry *target, char *text)
{
	struct dentry *old_parent;
	char *old_text;
	bool last;

	spin_lock(&dcache_lock);
	tree_take(d);
	tree_take(target);
	old_parent = d->parent;
	old_text = d->text;
	d->text = text;
	d->len = target->len;
	d->hash = target->hash;
	d->parent = target->parent;
	hold_locked(d->parent);
	tree_add(d->parent, d);
	last = put_locked(old_parent);
	spin_unlock(&dcache_lock);
	kmfree(old_text);
	if (last)
		dentry_free_chain(old_parent);
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *parent;
	char *text;
	u32 hash;
	u16 len;

	spin_lock(&dcache_lock);
	tree_take(a);
	tree_take(b);
	parent = a->parent;
	a->parent = b->parent;
	b->parent = parent;
	text = a->text;
	a->text = b->text;
	b->text = text;
	hash = a->hash;
	a->hash = b->hash;
	b->hash = hash;
	len = a->len;
	a->len = b->len;
	b->len = len;
	tree_add(a->parent, a);
	tree_add(b->parent, b);
	spin_unlock(&dcache_lock);
}

/* --- the way up --- */

struct dentry *dentry_parent(struct dentry *d)
{
	spin_lock(&dcache_lock);
	while (!d->parent && d->covers)
		d = d->covers;
	if (d->parent)
		d = d->parent;
	hold_locked(d);
	spin_unlock(&dcache_lock);
	return d;
}

struct dentry *dentry_mounted(struct dentry *d)
{
	while (d->mounted) {
		struct dentry *top = dentry_hold(d->mounted);

		dentry_put(d);
		d = top;
	}
	return d;
}

bool dentry_contains(struct dentry *a, struct dentry *d)
{
	spin_lock(&dcache_lock);
	while (d && d != a)
		d = d->parent;
	spin_unlock(&dcache_lock);
	return d == a;
}

/* Put n bytes in front of *at, never before buf. */
static bool prepend(char *buf, char **at, const char *text, size_t n)
{
	if ((size_t)(*at - buf) < n)
		return false;
	*at -= n;
	memcpy(*at, text, n);
	return true;
}

/* Build the path at the end of the buffer; dcache_lock held. */
static bool build_path(struct dentry *d, char *buf, char **at, bool *deleted)
{
	bool fits = true;

	*deleted = false;
	for (;;) {
		while (!d->parent && d->covers)
			d = d->covers;
		if (!d->parent)
			return fits;
		if (!d->hashed && !d->parent->inode->fs->uncached)
			*deleted = true;
		fits = fits && prepend(buf, at, d->text, d->len) && prepend(buf, at, "/", 1);
		d = d->parent;
	}
}

int dentry_path(struct dentry *d, char *buf, size_t size, bool *deleted)
{
	static const char suffix[] = " (deleted)";
	char *at = buf + size - 1;
	bool fits;
	size_t len;

	*deleted = false;
	if (!d->parent && !d->inode->fs) {
		fmt(buf, size, "pipe:[%llu]", (unsigned long long)d->inode->ino);
		return (int)strlen(buf);
	}
	*at = '\0';
	spin_lock(&dcache_lock);
	fits = build_path(d, buf, &at, deleted);
	spin_unlock(&dcache_lock);
	if (at == buf + size - 1)
		fits = fits && prepend(buf, &at, "/", 1);
	len = (size_t)(buf + size - 1 - at);
	memmove(buf, at, len + 1);
	if (*deleted) {
		if (len + sizeof(suffix) > size)
			return -ENAMETOOLONG;
		memcpy(buf + len, suffix, sizeof(suffix));
		len += sizeof(suffix) - 1;
	}
	return fits ? (int)len : -ENAMETOOLONG;
}
