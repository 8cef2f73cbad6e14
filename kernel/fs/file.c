/*
 * Open files and descriptor tables.
 *
 * A table has two levels: a directory of leaves, each with the file pointers of 64 descriptors and
 * two sets of bits, one of those in use and one of those to be closed on exec. The directory grows
 * by doubling; a leaf is made when the first of its descriptors is used, so that one large number
 * costs a large directory but not a large table. Neither shrinks. `hint` is a lower bound of the
 * lowest free descriptor, which makes finding it cheap: all below it are in use.
 *
 * A descriptor in use whose slot is NULL is reserved: a call that is under way has its number, which
 * nobody else can get or close, and will fill or release it. It is not open for anybody, and the
 * copy that a fork makes has it free.
 *
 * Invariants: where a slot is not NULL, its bit of `used` is set; every non-NULL slot owns a
 * reference; bits of `cloexec` are set only where a slot is not NULL; n_leaves counts the leaves.
 *
 * Its users alone change a table, under its lock; others look, under the lock too. A thread that is
 * the only user looks without: no other can become one but by its own clone.
 */
#include "fs/file.h"

#include "fs/dentry.h"
#include "fs/filelock.h"
#include "fs/inode.h"
#include "fs/modules.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"
#include "vm/obj.h"
#include "vm/uaccess.h"

#define LEAF_FDS 64u /* one bit each in a u64 */

struct leaf {
	u64 used, cloexec;
	struct file *slot[LEAF_FDS];
};

struct files {
	struct spinlock lock; /* RANK_FILES */
	u32 ref; /* (a) one for all users together */
	u32 users; /* (a) threads */
	struct lock_owner locks; /* of POSIX locks; fs/filelock.h */
	u32 size; /* (lock) descriptors the directory spans, LEAF_FDS times a power of two */
	u32 n_leaves; /* (lock) */
	u32 hint; /* (lock) */
	struct leaf **leaf; /* (lock) size / LEAF_FDS of them; NULL: no descriptor of it is in use */
};

static struct kmem_cache *file_cache;
static struct kmem_cache *files_cache;
static struct kmem_cache *leaf_cache;

void file_module_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0);
	files_cache = kmem_cache_create("files", sizeof(struct files), 0);
	leaf_cache = kmem_cache_create("descriptors", sizeof(struct leaf), 0);
}

struct file *file_new(const struct file_ops *ops, u32 flags, struct inode *inode,
	struct dentry *dentry, void *private)
{
	struct file *f = kmem_alloc(file_cache, ALLOC_WAIT);

	if (!f) {
		if (inode)
			inode_put(inode);
		dentry_put(dentry);
		return NULL;
	}
	f->ops = ops;
	f->ref = 1;
	f->flags = flags;
	f->pos = 0;
	f->inode = inode;
	f->dentry = dentry;
	f->private = private;
	f->writes = 0;
	f->writers_before = 0;
	mutex_init(&f->pos_lock, "file position", RANK_NONE);
	return f;
}

void file_hold(struct file *f)
{
	__atomic_fetch_add(&f->ref, 1, __ATOMIC_RELAXED);
}

void file_drop(struct file *f)
{
	if (__atomic_sub_fetch(&f->ref, 1, __ATOMIC_ACQ_REL))
		return;
	lock_drop_file(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->writes)
		inode_unclaim(f->inode, f->writes);
	dentry_put(f->dentry);
	if (f->inode)
		inode_put(f->inode);
	kmem_free(file_cache, f);
}

int file_sync_mapped(struct file *f)
{
	return f->ops->sync ? f->ops->sync(f, true) : 0;
}

int file_zero_mapped(struct file *f, ulong first, ulong end)
{
	int err;

	/* A file system that can make holes has rules about them, such as seals. */
	if (f->ops->fallocate)
		return f->ops->fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(u64)first << PAGE_SHIFT, (u64)(end - first) << PAGE_SHIFT);
	rwlock_write(&f->inode->lock);
	err = obj_zero(f->inode->obj, first, end);
	rwlock_write_unlock(&f->inode->lock);
	return err;
}

int file_path(struct file *f, char *buf, size_t size)
{
	bool deleted;

	if (!f->dentry) {
		str_copy(buf, "", size);
		return -ENOENT;
	}
	return dentry_path(f->dentry, buf, size, &deleted);
}

ssize_t file_pread(struct file *f, void *buf, size_t n, off_t off)
{
	struct iovec iov;
	struct uio u;
	ssize_t got;
	size_t total = 0;

	if (!f->ops->read)
		return -EINVAL;
	while (total < n) {
		off_t pos = off + (off_t)total;

		uio_init(&u, &iov, (ulong)buf + total, n - total, true);
		got = f->ops->read(f, &u, &pos);
		if (got < 0)
			return total ? (ssize_t)total : got;
		if (got == 0)
			break;
		total += (size_t)got;
	}
	return (ssize_t)total;
}

/* --- positions --- */

static off_t set_position(struct file *f, off_t base, off_t off)
{
	off_t pos;

	if (__builtin_add_overflow(base, off, &pos))
		return -EOVERFLOW;
	if (pos < 0)
		return -EINVAL;
	f->pos = pos;
	return pos;
}

off_t plain_seek(struct file *f, off_t off, int whence)
{
	switch (whence) {
	case SEEK_SET: return set_position(f, 0, off);
	case SEEK_CUR: return set_position(f, f->pos, off);
	default: return -EINVAL;
	}
}

/* A file is shown as data up to its size, with the one hole that every file has behind it. */
off_t generic_seek(struct file *f, off_t off, int whence)
{
	off_t size = (off_t)obj_size(f->inode->obj);

	switch (whence) {
	case SEEK_END: return set_position(f, size, off);
	case SEEK_DATA: return off < 0 || off >= size ? -ENXIO : set_position(f, 0, off);
	case SEEK_HOLE: return off < 0 || off >= size ? -ENXIO : set_position(f, size, 0);
	default: return plain_seek(f, off, whence);
	}
}

const struct file_ops path_file_ops = {0};

/* --- what file systems share --- */

ssize_t generic_read(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	n = obj_read(f->inode->obj, *pos, u);
	if (n > 0)
		*pos += n;
	return n;
}

int generic_limit_write(struct file *f, off_t pos, u64 most, size_t *left)
{
	u64 limit = current_proc()->rlimit[RLIMIT_FSIZE].cur;

	if (!(f->flags & O_LARGEFILE))
		most = MIN(most, (u64)SMALL_FILE_MAX);
	if ((u64)pos >= limit && *left) {
		signal_kernel(current_proc(), SIGXFSZ);
		return -EFBIG;
	}
	if ((u64)pos >= most && *left)
		return -EFBIG;
	*left = (size_t)MIN((u64)*left, MIN(limit, most) - (u64)pos);
	return 0;
}

ssize_t dir_no_read(struct file *f UNUSED, struct uio *u UNUSED, off_t *pos UNUSED)
{
	return -EISDIR;
}

int special_open(struct inode *inode, struct file *f)
{
	switch (inode->mode & S_IFMT) {
	case S_IFIFO: return fifo_open(inode, f);
	case S_IFCHR: return devfs_open(inode, f);
	default: return -ENXIO;
	}
}

/* --- descriptor tables --- */

static u64 bit_of(u32 fd)
{
	return (u64)1 << fd % LEAF_FDS;
}

/* Where fd's pointer lies, or NULL if there is no leaf for it; lock held. */
static struct file **slot_of(const struct files *fs, u32 fd)
{
	struct leaf *l = fd < fs->size ? fs->leaf[fd / LEAF_FDS] : NULL;

	return l ? &l->slot[fd % LEAF_FDS] : NULL;
}

enum fd_kind { FD_FREE, FD_USED, FD_CLOEXEC };

/* The first descriptor >= from of a kind, or fs->size; lock held. */
static u32 fd_find(const struct files *fs, u32 from, enum fd_kind kind)
{
	while (from < fs->size) {
		const struct leaf *l = fs->leaf[from / LEAF_FDS];
		u64 set = !l ? 0 : kind == FD_CLOEXEC ? l->cloexec : l->used;

		set = (kind == FD_FREE ? ~set : set) >> from % LEAF_FDS;
		if (set)
			return from + (u32)__builtin_ctzll(set);
		from = (from / LEAF_FDS + 1) * LEAF_FDS;
	}
	return fs->size;
}

static void files_free(struct files *fs)
{
	for (u32 i = 0; fs->leaf && i < fs->size / LEAF_FDS; i++)
		if (fs->leaf[i])
			kmem_free(leaf_cache, fs->leaf[i]);
	kmfree(fs->leaf);
	kmem_free(files_cache, fs);
}

/*
 * An empty table whose first n_leaves leaves are there; with leaf_flags 0 they are yet to be
 * filled. NULL if there is no memory.
 */
static struct files *files_alloc(u32 size, u32 n_leaves, unsigned leaf_flags)
{
	struct files *fs = kmem_alloc(files_cache, ALLOC_WAIT | ALLOC_ZERO);

	if (!fs)
		return NULL;
	spin_init(&fs->lock, "descriptors", RANK_FILES);
	fs->ref = fs->users = 1;
	lock_owner_init(&fs->locks);
	fs->size = size;
	fs->leaf = kcalloc(size / LEAF_FDS, sizeof(struct leaf *), ALLOC_WAIT);
	if (!fs->leaf)
		goto fail;
	for (; fs->n_leaves < n_leaves; fs->n_leaves++) {
		fs->leaf[fs->n_leaves] = kmem_alloc(leaf_cache, ALLOC_WAIT | leaf_flags);
		if (!fs->leaf[fs->n_leaves])
			goto fail;
	}
	return fs;
fail:
	files_free(fs);
	return NULL;
}

struct files *files_create(void)
{
	return files_alloc(LEAF_FDS, 1, ALLOC_ZERO);
}

/* Make the directory span descriptors below `want` (at most FILES_MAX). -ENOMEM. */
static int files_grow(struct files *fs, u32 want)
{
	struct leaf **fresh, **old;
	u32 size = LEAF_FDS;

	while (size < want)
		size *= 2;
	fresh = old = kcalloc(size / LEAF_FDS, sizeof(*fresh), ALLOC_WAIT);
	if (!fresh)
		return -ENOMEM;
	spin_lock(&fs->lock);
	if (fs->size < size) {
		old = fs->leaf;
		memcpy(fresh, old, fs->size / LEAF_FDS * sizeof(*fresh));
		fs->leaf = fresh;
		fs->size = size;
	}
	spin_unlock(&fs->lock);
	kmfree(old);
	return 0;
}

/* Make sure that fd (below FILES_MAX) has its slot, for good. -ENOMEM. */
static int files_make_slot(struct files *fs, u32 fd)
{
	struct leaf *fresh, **place;

	if (fd >= __atomic_load_n(&fs->size, __ATOMIC_RELAXED) && files_grow(fs, fd + 1))
		return -ENOMEM;
	fresh = kmem_alloc(leaf_cache, ALLOC_WAIT | ALLOC_ZERO);
	if (!fresh)
		return -ENOMEM;
	spin_lock(&fs->lock);
	place = &fs->leaf[fd / LEAF_FDS];
	if (!*place) {
		*place = fresh;
		fs->n_leaves++;
		fresh = NULL;
	}
	spin_unlock(&fs->lock);
	if (fresh)
		kmem_free(leaf_cache, fresh);
	return 0;
}

/* Hold the files of a leaf that is a copy, and free what is only reserved. True if that was any. */
static bool leaf_hold_files(struct leaf *l)
{
	bool reserved = false;

	for (u64 left = l->used; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);

		if (l->slot[i]) {
			file_hold(l->slot[i]);
		} else {
			l->used &= ~((u64)1 << i);
			reserved = true;
		}
	}
	return reserved;
}

/*
 * Fill `to`, which has as many leaves as `from`, but all at its start, with what `from` holds,
 * whose lock is held. From the end down, every leaf moves up or stays.
 */
static void files_fill_copy(struct files *to, const struct files *from)
{
	u32 last = to->n_leaves;

	to->hint = from->hint;
	for (u32 i = from->size / LEAF_FDS; i-- > 0;) {
		struct leaf *l;

		if (!from->leaf[i])
			continue;
		l = to->leaf[--last];
		to->leaf[last] = NULL;
		to->leaf[i] = l;
		*l = *from->leaf[i];
		if (leaf_hold_files(l))
			to->hint = MIN(to->hint, i * LEAF_FDS);
	}
}

struct files *files_copy(struct files *from)
{
	struct files *fs;
	u32 size, n_leaves;

	for (;;) {
		spin_lock(&from->lock);
		size = from->size;
		n_leaves = from->n_leaves;
		spin_unlock(&from->lock);
		fs = files_alloc(size, n_leaves, 0);
		if (!fs)
			return NULL;
		spin_lock(&from->lock);
		if (from->size == size && from->n_leaves == n_leaves)
			break;
		spin_unlock(&from->lock);
		files_free(fs);
	}
	files_fill_copy(fs, from);
	spin_unlock(&from->lock);
	return fs;
}

bool files_shared(const struct files *fs)
{
	return __atomic_load_n(&fs->users, __ATOMIC_ACQUIRE) > 1;
}

void files_use(struct files *fs)
{
	__atomic_fetch_add(&fs->users, 1, __ATOMIC_RELAXED);
}

void files_hold(struct files *fs)
{
	__atomic_fetch_add(&fs->ref, 1, __ATOMIC_RELAXED);
}

void files_put(struct files *fs)
{
	if (!__atomic_sub_fetch(&fs->ref, 1, __ATOMIC_ACQ_REL))
		files_free(fs);
}

struct lock_owner *files_lock_owner(struct files *fs)
{
	return &fs->locks;
}

struct file *files_get(struct files *fs, int fd)
{
	struct file **slot, *f = NULL;

	spin_lock(&fs->lock);
	slot = slot_of(fs, (u32)fd);
	if (slot && *slot) {
		f = *slot;
		file_hold(f);
	}
	spin_unlock(&fs->lock);
	return f;
}

struct file *files_get_own(int fd)
{
	struct files *fs = current_thread()->files;
	struct file **slot;

	if (UNLIKELY(files_shared(fs)))
		return files_get(fs, fd);
	slot = slot_of(fs, (u32)fd);
	if (!slot || !*slot)
		return NULL;
	file_hold(*slot);
	return *slot;
}

/*
 * How many descriptors the table may have: the process's limit, if it is its own table that it
 * fills.
 */
static u32 files_limit(const struct files *fs)
{
	const struct proc *p = current_proc();

	if (current_thread()->files != fs)
		return FILES_MAX;
	return (u32)MIN(p->rlimit[RLIMIT_NOFILE].cur, (u64)FILES_MAX);
}

static void leaf_set_cloexec(struct leaf *l, u32 fd, bool on)
{
	l->cloexec = on ? l->cloexec | bit_of(fd) : l->cloexec & ~bit_of(fd);
}

/* Put f at fd, which has a slot; lock held. Returns what was there. */
static struct file *files_fill(struct files *fs, u32 fd, struct file *f, bool cloexec)
{
	struct leaf *l = fs->leaf[fd / LEAF_FDS];
	struct file *old = l->slot[fd % LEAF_FDS];

	l->slot[fd % LEAF_FDS] = f;
	l->used |= bit_of(fd);
	leaf_set_cloexec(l, fd, cloexec);
	return old;
}

/* The lowest free descriptor >= from is now f, or reserved if f is NULL. -EMFILE, -ENOMEM. */
static int files_take_lowest(struct files *fs, struct file *f, int from, bool cloexec)
{
	u32 limit = files_limit(fs), fd;
	int err;

	for (;;) {
		spin_lock(&fs->lock);
		fd = fd_find(fs, MAX((u32)from, fs->hint), FD_FREE);
		fd = MAX(fd, (u32)from);
		if (fd >= limit) {
			spin_unlock(&fs->lock);
			return -EMFILE;
		}
		if (slot_of(fs, fd))
			break;
		spin_unlock(&fs->lock);
		err = files_make_slot(fs, fd);
		if (err)
			return err;
	}
	files_fill(fs, fd, f, cloexec);
	if ((u32)from <= fs->hint)
		fs->hint = fd + 1;
	spin_unlock(&fs->lock);
	return (int)fd;
}

int files_install(struct files *fs, struct file *f, int from, bool cloexec)
{
	return files_take_lowest(fs, f, from, cloexec);
}

int files_reserve(struct files *fs)
{
	return files_take_lowest(fs, NULL, 0, false);
}

void files_fill_reserved(struct files *fs, int fd, struct file *f, bool cloexec)
{
	struct file *old;

	spin_lock(&fs->lock);
	old = files_fill(fs, (u32)fd, f, cloexec);
	spin_unlock(&fs->lock);
	ASSERT(!old);
}

/* fd is free again; lock held. */
static void files_make_free(struct files *fs, u32 fd)
{
	fs->leaf[fd / LEAF_FDS]->used &= ~bit_of(fd);
	fs->hint = MIN(fs->hint, fd);
}

void files_release(struct files *fs, int fd)
{
	spin_lock(&fs->lock);
	DEBUG_ASSERT(!*slot_of(fs, (u32)fd));
	files_make_free(fs, (u32)fd);
	spin_unlock(&fs->lock);
}

/* A descriptor of fs was closed that had f: the reference goes, and the process's locks on it. */
static void files_drop(struct files *fs, struct file *f)
{
	lock_close(f, &fs->locks);
	file_drop(f);
}

int files_replace(struct files *fs, int fd, struct file *f, bool cloexec)
{
	struct file *old;
	int err = fd;

	if (fd < 0 || (u32)fd >= files_limit(fs))
		return -EBADF;
	spin_lock(&fs->lock);
	while (!slot_of(fs, (u32)fd)) {
		spin_unlock(&fs->lock);
		if (files_make_slot(fs, (u32)fd))
			return -ENOMEM;
		spin_lock(&fs->lock);
	}
	old = *slot_of(fs, (u32)fd);
	if (!old && (fs->leaf[(u32)fd / LEAF_FDS]->used & bit_of((u32)fd)))
		err = -EBUSY; /* reserved */
	else
		files_fill(fs, (u32)fd, f, cloexec);
	spin_unlock(&fs->lock);
	if (old)
		files_drop(fs, old);
	return err;
}

/* Empty fd; lock held. Returns what was there, or NULL. */
static struct file *files_take(struct files *fs, u32 fd)
{
	struct file **slot = slot_of(fs, fd), *f = slot ? *slot : NULL;

	if (f) {
		*slot = NULL;
		leaf_set_cloexec(fs->leaf[fd / LEAF_FDS], fd, false);
		files_make_free(fs, fd);
	}
	return f;
}

int files_close(struct files *fs, int fd)
{
	struct file *f;

	spin_lock(&fs->lock);
	f = files_take(fs, (u32)fd);
	spin_unlock(&fs->lock);
	if (!f)
		return -EBADF;
	files_drop(fs, f);
	return 0;
}

/* Close all descriptors of a kind, none of which is only reserved. */
static void files_close_all(struct files *fs, enum fd_kind kind)
{
	u32 fd = 0;

	for (;;) {
		struct file *f[8];
		unsigned n = 0;

		spin_lock(&fs->lock);
		while (n < ARRAY_SIZE(f) && (fd = fd_find(fs, fd, kind)) < fs->size)
			f[n++] = files_take(fs, fd);
		spin_unlock(&fs->lock);
		for (unsigned i = 0; i < n; i++)
			files_drop(fs, f[i]);
		if (n < ARRAY_SIZE(f))
			return;
	}
}

void files_close_on_exec(struct files *fs)
{
	files_close_all(fs, FD_CLOEXEC);
}

void files_leave(struct files *fs)
{
	if (__atomic_sub_fetch(&fs->users, 1, __ATOMIC_ACQ_REL))
		return;
	files_close_all(fs, FD_USED);
	files_put(fs);
}

int files_get_cloexec(struct files *fs, int fd)
{
	struct file **slot;
	int on = -EBADF;

	spin_lock(&fs->lock);
	slot = slot_of(fs, (u32)fd);
	if (slot && *slot)
		on = (fs->leaf[(u32)fd / LEAF_FDS]->cloexec & bit_of((u32)fd)) != 0;
	spin_unlock(&fs->lock);
	return on;
}

int files_set_cloexec(struct files *fs, int fd, bool on)
{
	struct file **slot;
	int err = -EBADF;

	spin_lock(&fs->lock);
	slot = slot_of(fs, (u32)fd);
	if (slot && *slot) {
		leaf_set_cloexec(fs->leaf[(u32)fd / LEAF_FDS], (u32)fd, on);
		err = 0;
	}
	spin_unlock(&fs->lock);
	return err;
}

int files_next(struct files *fs, int fd)
{
	u32 next, size;

	spin_lock(&fs->lock);
	size = fs->size;
	next = fd < 0 ? size : fd_find(fs, (u32)fd, FD_USED);
	while (next < size && !*slot_of(fs, next))
		next = fd_find(fs, next + 1, FD_USED);
	spin_unlock(&fs->lock);
	return next < size ? (int)next : -1;
}

u32 files_room(const struct files *fs)
{
	return __atomic_load_n(&fs->size, __ATOMIC_RELAXED);
}
