/*
 * /dev: a fixed list of nodes, and the devices that belong to no driver.
 *
 * A device is known by its number: nodes made on the disk with mknod lead to the same devices as
 * the names here.
 */
#include "fs/dentry.h"

#include "dev/console.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "sys/random.h"
#include "vm/kmalloc.h"
#include "vm/uaccess.h"

#define ROOT_INO 1u
#define DEVFS_TYPE 0x01021994u /* statfs(2): what Linux's /dev says, TMPFS_MAGIC */

/* --- memory devices --- */

static ssize_t null_read(struct file *f UNUSED, struct uio *u UNUSED, off_t *pos UNUSED)
{
	return 0;
}

static ssize_t null_write(struct file *f UNUSED, struct uio *u, off_t *pos UNUSED)
{
	ssize_t n = (ssize_t)u->left;

	u->left = 0;
	return n;
}

static off_t null_seek(struct file *f, off_t off UNUSED, int whence UNUSED)
{
	return f->pos = 0;
}

/* Between two pieces of a long read or write others may run, and a killed process ends. */
static bool go_on(const struct uio *u)
{
	sched_point();
	return u->left && !signal_fatal_pending();
}

#define ZERO_PIECE ((size_t)64 << 10)

static ssize_t zero_read(struct file *f UNUSED, struct uio *u, off_t *pos UNUSED)
{
	ssize_t done = 0;

	if (!u->left)
		return 0;
	do {
		size_t n = MIN(u->left, ZERO_PIECE), cleared = uio_put_zero(u, n);

		done += (ssize_t)cleared;
		if (cleared < n)
			return done ? done : -EFAULT;
	} while (go_on(u));
	return done;
}

/* Mapping it is one more way to ask for anonymous memory. */
static int zero_mmap(struct file *f UNUSED, bool shared UNUSED, struct obj **obj)
{
	*obj = NULL;
	return 0;
}

static ssize_t full_write(struct file *f UNUSED, struct uio *u UNUSED, off_t *pos UNUSED)
{
	return -ENOSPC;
}

static ssize_t random_read(struct file *f UNUSED, struct uio *u, off_t *pos UNUSED)
{
	u8 bytes[128];
	ssize_t done = 0;

	if (!u->left)
		return 0;
	do {
		size_t n = MIN(u->left, sizeof(bytes)), copied;

		random_bytes(bytes, n);
		copied = uio_put(u, bytes, n);
		done += (ssize_t)copied;
		if (copied < n)
			return done ? done : -EFAULT;
	} while (go_on(u));
	return done;
}

static ssize_t random_write(struct file *f UNUSED, struct uio *u, off_t *pos UNUSED)
{
	u8 bytes[128];
	ssize_t done = 0;

	if (!u->left)
		return 0;
	do {
		size_t n = MIN(u->left, sizeof(bytes)), copied = uio_get(u, bytes, n);

		random_stir(bytes, copied);
		done += (ssize_t)copied;
		if (copied < n)
			return done ? done : -EFAULT;
	} while (go_on(u));
	return done;
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write, .seek = null_seek};
static const struct file_ops zero_ops = {
	.read = zero_read, .write = null_write, .seek = null_seek, .mmap = zero_mmap};
static const struct file_ops full_ops = {.read = zero_read, .write = full_write, .seek = null_seek};
static const struct file_ops random_ops = {
	.read = random_read, .write = random_write, .seek = null_seek};

/* --- the nodes --- */

struct device {
	const char *name;
	u32 major, minor, mode; /* mode with kind; a link has no number */
	const struct file_ops *ops; /* NULL: the console's, chosen at open */
	const char *target; /* of a link */
};

static const struct device devices[] = {
	{"null", 1, 3, S_IFCHR | 0666, &null_ops, NULL},
	{"zero", 1, 5, S_IFCHR | 0666, &zero_ops, NULL},
	{"full", 1, 7, S_IFCHR | 0666, &full_ops, NULL},
	{"random", 1, 8, S_IFCHR | 0666, &random_ops, NULL},
	{"urandom", 1, 9, S_IFCHR | 0666, &random_ops, NULL},
	{"tty", 5, 0, S_IFCHR | 0666, NULL, NULL},
	{"console", 5, 1, S_IFCHR | 0600, NULL, NULL},
	{"fd", 0, 0, S_IFLNK | 0777, NULL, "/proc/self/fd"},
	{"stdin", 0, 0, S_IFLNK | 0777, NULL, "/proc/self/fd/0"},
	{"stdout", 0, 0, S_IFLNK | 0777, NULL, "/proc/self/fd/1"},
	{"stderr", 0, 0, S_IFLNK | 0777, NULL, "/proc/self/fd/2"},
	{"shm", 0, 0, S_IFDIR | 0755, NULL, NULL}, /* tmpfs is mounted there */
};

/*
 * The console: the terminal, or the link to the host in job mode. /dev/tty is the process's own
 * terminal, if it has one.
 */
static int console_open(struct file *f, bool own)
{
	if (own && !tty_controlling())
		return -ENXIO;
	if (link_active()) {
		f->ops = &link_file_ops;
		return 0;
	}
	f->ops = &tty_file_ops;
	return 0;
}

int devfs_open(struct inode *inode, struct file *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct device *d = &devices[i];

		if ((d->mode & S_IFMT) != S_IFCHR || dev_make(d->major, d->minor) != inode->rdev)
			continue;
		if (!d->ops)
			return console_open(f, d->minor == 0);
		f->ops = d->ops;
		return 0;
	}
	return -ENXIO;
}

/* --- the file system --- */

static struct fs devfs;

static const struct device *device_of(const struct inode *inode)
{
	return &devices[inode->ino - ROOT_INO - 1];
}

static ssize_t dev_readlink(struct inode *inode, char *buf, size_t size)
{
	const char *target = device_of(inode)->target;
	size_t n = MIN(strlen(target), size);

	memcpy(buf, target, n);
	return (ssize_t)n;
}

static void dev_stat(struct inode *inode, struct kstat *st)
{
	if (inode_is_link(inode))
		st->size = strlen(device_of(inode)->target);
}

static void dev_evict(struct inode *inode)
{
	kmfree(inode);
}

static const struct inode_ops node_ops = {.open = devfs_open, .evict = dev_evict};
static const struct inode_ops node_link_ops = {
	.readlink = dev_readlink, .stat = dev_stat, .evict = dev_evict};

static int empty_lookup(
	struct inode *dir UNUSED, const struct name *name UNUSED, struct inode **out UNUSED)
{
	return -ENOENT;
}

static const struct inode_ops node_dir_ops = {.lookup = empty_lookup, .evict = dev_evict};

static const struct inode_ops *device_ops(const struct device *d)
{
	if (d->target)
		return &node_link_ops;
	return (d->mode & S_IFMT) == S_IFDIR ? &node_dir_ops : &node_ops;
}

static int dev_lookup(struct inode *dir UNUSED, const struct name *name, struct inode **out)
{
	struct inode *inode;

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct device *d = &devices[i];

		if (strlen(d->name) != name->len || memcmp(d->name, name->text, name->len))
			continue;
		inode = kmalloc(sizeof(*inode), ALLOC_WAIT);
		if (!inode)
			return -ENOMEM;
		inode_init(inode, device_ops(d), &path_file_ops, &devfs, ROOT_INO + 1 + i, d->mode);
		inode->rdev = d->major ? dev_make(d->major, d->minor) : 0;
		*out = inode;
		return 0;
	}
	return -ENOENT;
}

/* Positions: 0 ".", 1 "..", then the devices. */
static int dev_readdir(struct file *f, struct uio *u)
{
	size_t room = u->left;
	int err = 0;

	while ((u64)f->pos < 2 + ARRAY_SIZE(devices) && !err) {
		u64 pos = (u64)f->pos;

		if (pos < 2)
			err = dirent_emit(
				u, ROOT_INO, pos + 1, dirent_type(S_IFDIR), "..", pos + 1);
		else
			err = dirent_emit(u, ROOT_INO + pos - 1, pos + 1,
				dirent_type(devices[pos - 2].mode), devices[pos - 2].name,
				strlen(devices[pos - 2].name));
		if (!err)
			f->pos++;
	}
	if (err && u->left == room)
		return err > 0 ? -EINVAL : err;
	return (int)(room - u->left);
}

static const struct file_ops dev_dir_ops = {
	.read = dir_no_read, .seek = plain_seek, .readdir = dev_readdir};
static const struct inode_ops dev_dir_inode_ops = {.lookup = dev_lookup, .evict = dev_evict};

static void dev_statfs(struct fs *fs UNUSED, struct kstatfs *st)
{
	st->type = DEVFS_TYPE;
}

static const struct fs_ops devfs_ops = {.statfs = dev_statfs};

int devfs_mount(struct fs **out)
{
	struct inode *root = kmalloc(sizeof(*root), ALLOC_WAIT);

	if (!root)
		return -ENOMEM;
	fs_setup(&devfs, &devfs_ops, "devtmpfs", "devtmpfs", dev_make(0, 6));
	inode_init(root, &dev_dir_inode_ops, &dev_dir_ops, &devfs, ROOT_INO, S_IFDIR | 0755);
	root->nlink = 3; /* shm is a directory */
	devfs.root = dentry_root(root);
	if (!devfs.root) {
		inode_put(root);
		return -ENOMEM;
	}
	*out = &devfs;
	return 0;
}
