/*
 * Open files and descriptor tables.
 *
 * A table is an array of file pointers beside two bit sets, one of the descriptors in use and one
 * of those to be closed on exec. Both grow by doubling and never shrink. `hint` is a lower bound of
 * the lowest free descriptor, which makes finding it cheap: bits below it are all set.
 *
 * Invariants: slot[fd] is not NULL exactly where bit fd of `used` is set; every non-NULL slot owns
 * a reference.
 */
#include "fs/file.h"

#include "fs/dentry.h"
#include "fs/inode.h"
#include "fs/modules.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"
#include "vm/obj.h"
#include "vm/uaccess.h"

#define WORD_BITS (8 * sizeof(ulong))
#define FILES_MIN 64u /* descriptors of a new table: one word of bits or two */

struct files {
	struct spinlock lock; /* RANK_FILES */
	u32 ref; /* (a) */
	u32 size; /* (lock) descriptors there is room for, a multiple of WORD_BITS */
	u32 hint; /* (lock) */
	struct file **slot; /* (lock) */
	ulong *used; /* (lock) */
	ulong *cloexec; /* (lock) */
};

static struct kmem_cache *file_cache;
static struct kmem_cache *files_cache;

void file_module_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0);
	files_cache = kmem_cache_create("files", sizeof(struct files), 0);
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
	if (f->ops->release)
		f->ops->release(f);
	dentry_put(f->dentry);
	if (f->inode)
		inode_put(f->inode);
	kmem_free(file_cache, f);
}

int file_sync_mapped(struct file *f)
{
	return f->ops->sync ? f->ops->sync(f, true) : 0;
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

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

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
	off_t size = (off_t)f->inode->obj->size;

	switch (whence) {
	case SEEK_END: return set_position(f, size, off);
	case SEEK_DATA: return off < 0 || off >= size ? -ENXIO : set_position(f, 0, off);
	case SEEK_HOLE: return off < 0 || off >= size ? -ENXIO : set_position(f, size, 0);
	default: return plain_seek(f, off, whence);
	}
}

const struct file_ops path_file_ops = {0};

/* --- descriptor tables --- */

static bool bit_test(const ulong *bits, u32 n)
{
	return bits[n / WORD_BITS] >> n % WORD_BITS & 1;
}

static void bit_set(ulong *bits, u32 n)
{
	bits[n / WORD_BITS] |= 1ul << n % WORD_BITS;
}

static void bit_clear(ulong *bits, u32 n)
{
	bits[n / WORD_BITS] &= ~(1ul << n % WORD_BITS);
}

/* The first bit >= from that equals `value`, or size. */
static u32 bit_find(const ulong *bits, u32 from, u32 size, bool value)
{
	while (from < size) {
		ulong w = value ? bits[from / WORD_BITS] : ~bits[from / WORD_BITS];

		w >>= from % WORD_BITS;
		if (w)
			return MIN(from + (u32)__builtin_ctzl(w), size);
		from = (from / WORD_BITS + 1) * WORD_BITS;
	}
	return size;
}

struct table {
	struct file **slot;
	ulong *used, *cloexec;
};

static void table_free(struct table *t)
{
	kmfree(t->slot);
	kmfree(t->used);
	kmfree(t->cloexec);
}

static int table_alloc(struct table *t, u32 size)
{
	t->slot = kcalloc(size, sizeof(*t->slot), ALLOC_WAIT);
	t->used = kcalloc(size / WORD_BITS, sizeof(ulong), ALLOC_WAIT);
	t->cloexec = kcalloc(size / WORD_BITS, sizeof(ulong), ALLOC_WAIT);
	if (t->slot && t->used && t->cloexec)
		return 0;
	table_free(t);
	return -ENOMEM;
}

static struct files *files_alloc(u32 size)
{
	struct files *fs = kmem_alloc(files_cache, ALLOC_WAIT | ALLOC_ZERO);
	struct table t;

	if (!fs)
		return NULL;
	if (table_alloc(&t, size)) {
		kmem_free(files_cache, fs);
		return NULL;
	}
	spin_init(&fs->lock, "descriptors", RANK_FILES);
	fs->ref = 1;
	fs->size = size;
	fs->slot = t.slot;
	fs->used = t.used;
	fs->cloexec = t.cloexec;
	return fs;
}

struct files *files_create(void)
{
	return files_alloc(FILES_MIN);
}

static void files_free(struct files *fs)
{
	struct table t = {fs->slot, fs->used, fs->cloexec};

	table_free(&t);
	kmem_free(files_cache, fs);
}

/*
 * Copy the bits and files of `from` into the emptier table; its lock is held, and `to` is large
 * enough.
 */
static void table_copy(struct table *to, const struct files *from)
{
	memcpy(to->slot, from->slot, from->size * sizeof(*from->slot));
	memcpy(to->used, from->used, from->size / 8);
	memcpy(to->cloexec, from->cloexec, from->size / 8);
}

/* Make room for descriptors below `want`. -ENOMEM. */
static int files_grow(struct files *fs, u32 want)
{
	u32 size = FILES_MIN;
	struct table fresh, old;

	while (size < want)
		size *= 2;
	if (table_alloc(&fresh, size))
		return -ENOMEM;
	spin_lock(&fs->lock);
	if (fs->size >= size) {
		old = fresh;
	} else {
		old = (struct table){fs->slot, fs->used, fs->cloexec};
		table_copy(&fresh, fs);
		fs->slot = fresh.slot;
		fs->used = fresh.used;
		fs->cloexec = fresh.cloexec;
		fs->size = size;
	}
	spin_unlock(&fs->lock);
	table_free(&old);
	return 0;
}

struct files *files_copy(struct files *from)
{
	struct files *fs;
	struct table t;
	u32 size, fd;

	for (;;) {
		size = __atomic_load_n(&from->size, __ATOMIC_RELAXED);
		fs = files_alloc(size);
		if (!fs)
			return NULL;
		spin_lock(&from->lock);
		if (from->size == size)
			break;
		spin_unlock(&from->lock);
		files_free(fs);
	}
	t = (struct table){fs->slot, fs->used, fs->cloexec};
	table_copy(&t, from);
	fs->hint = from->hint;
	for (fd = bit_find(fs->used, 0, size, true); fd < size;
		fd = bit_find(fs->used, fd + 1, size, true))
		file_hold(fs->slot[fd]);
	spin_unlock(&from->lock);
	return fs;
}

bool files_shared(const struct files *fs)
{
	return __atomic_load_n(&fs->ref, __ATOMIC_ACQUIRE) > 1;
}

void files_hold(struct files *fs)
{
	__atomic_fetch_add(&fs->ref, 1, __ATOMIC_RELAXED);
}

void files_put(struct files *fs)
{
	u32 fd;

	if (__atomic_sub_fetch(&fs->ref, 1, __ATOMIC_ACQ_REL))
		return;
	for (fd = bit_find(fs->used, 0, fs->size, true); fd < fs->size;
		fd = bit_find(fs->used, fd + 1, fs->size, true))
		file_drop(fs->slot[fd]);
	files_free(fs);
}

struct file *files_get(struct files *fs, int fd)
{
	struct file *f = NULL;

	spin_lock(&fs->lock);
	if ((u32)fd < fs->size) {
		f = fs->slot[fd];
		if (f)
			file_hold(f);
	}
	spin_unlock(&fs->lock);
	return f;
}

/*
 * How many descriptors the table may have: the process's limit, if it is its own table that it
 * fills.
 */
static u32 files_limit(const struct files *fs)
{
	const struct proc *p = current_proc();

	if (p->files != fs)
		return FILES_MAX;
	return (u32)MIN(p->rlimit[RLIMIT_NOFILE].cur, (u64)FILES_MAX);
}

/* Put f at fd, which is free; lock held. */
static void files_fill(struct files *fs, u32 fd, struct file *f, bool cloexec)
{
	fs->slot[fd] = f;
	bit_set(fs->used, fd);
	if (cloexec)
		bit_set(fs->cloexec, fd);
	else
		bit_clear(fs->cloexec, fd);
}

int files_install(struct files *fs, struct file *f, int from, bool cloexec)
{
	u32 limit = files_limit(fs), fd;
	int err;

	for (;;) {
		spin_lock(&fs->lock);
		fd = bit_find(fs->used, MAX((u32)from, fs->hint), fs->size, false);
		fd = MAX(fd, (u32)from);
		if (fd >= limit) {
			spin_unlock(&fs->lock);
			return -EMFILE;
		}
		if (fd < fs->size)
			break;
		spin_unlock(&fs->lock);
		err = files_grow(fs, fd + 1);
		if (err)
			return err;
	}
	files_fill(fs, fd, f, cloexec);
	if ((u32)from <= fs->hint)
		fs->hint = fd + 1;
	spin_unlock(&fs->lock);
	return (int)fd;
}

int files_replace(struct files *fs, int fd, struct file *f, bool cloexec)
{
	struct file *old;
	int err;

	if (fd < 0 || (u32)fd >= files_limit(fs))
		return -EBADF;
	if ((u32)fd >= __atomic_load_n(&fs->size, __ATOMIC_RELAXED)) {
		err = files_grow(fs, (u32)fd + 1);
		if (err)
			return err;
	}
	spin_lock(&fs->lock);
	old = fs->slot[fd];
	files_fill(fs, (u32)fd, f, cloexec);
	spin_unlock(&fs->lock);
	if (old)
		file_drop(old);
	return fd;
}

/* Empty slot fd; lock held. Returns what was there. */
static struct file *files_take(struct files *fs, u32 fd)
{
	struct file *f = fs->slot[fd];

	if (f) {
		fs->slot[fd] = NULL;
		bit_clear(fs->used, fd);
		bit_clear(fs->cloexec, fd);
		fs->hint = MIN(fs->hint, fd);
	}
	return f;
}

int files_close(struct files *fs, int fd)
{
	struct file *f = NULL;

	spin_lock(&fs->lock);
	if ((u32)fd < fs->size)
		f = files_take(fs, (u32)fd);
	spin_unlock(&fs->lock);
	if (!f)
		return -EBADF;
	file_drop(f);
	return 0;
}

void files_close_on_exec(struct files *fs)
{
	struct file *f;
	u32 fd = 0;

	for (;;) {
		spin_lock(&fs->lock);
		fd = bit_find(fs->cloexec, fd, fs->size, true);
		f = fd < fs->size ? files_take(fs, fd) : NULL;
		spin_unlock(&fs->lock);
		if (!f)
			return;
		file_drop(f);
	}
}

int files_get_cloexec(struct files *fs, int fd)
{
	int on = -EBADF;

	spin_lock(&fs->lock);
	if ((u32)fd < fs->size && fs->slot[fd])
		on = bit_test(fs->cloexec, (u32)fd);
	spin_unlock(&fs->lock);
	return on;
}

int files_set_cloexec(struct files *fs, int fd, bool on)
{
	int err = -EBADF;

	spin_lock(&fs->lock);
	if ((u32)fd < fs->size && fs->slot[fd]) {
		if (on)
			bit_set(fs->cloexec, (u32)fd);
		else
			bit_clear(fs->cloexec, (u32)fd);
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
	next = fd < 0 ? size : bit_find(fs->used, (u32)fd, size, true);
	spin_unlock(&fs->lock);
	return next < size ? (int)next : -1;
}

u32 files_room(const struct files *fs)
{
	return __atomic_load_n(&fs->size, __ATOMIC_RELAXED);
}
