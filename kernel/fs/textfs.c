/*
 * Trees of texts with fixed names: see fs/textfs.h. Tables say what is in them, so nothing here is
 * locked. An inode holds no more than its place in the tables.
 *
 * Only the superuser opens a text to write it, and only one that can be written.
 */
#include "fs/textfs.h"

#include "fs/file.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"

struct text_inode {
	struct inode inode;
	struct text_dir *dir; /* (c) of a text: where it stands */
	const struct text_entry *text; /* (c) NULL: the directory itself */
};

static const struct inode_ops dir_inode_ops, text_inode_ops;
static const struct file_ops dir_ops, text_ops;

static struct text_inode *text_inode_of(struct inode *inode)
{
	return CONTAINER_OF(inode, struct text_inode, inode);
}

/* --- files of text --- */

int text_file_open(struct file *f, const struct text_entry *entry, void *subject)
{
	f->private = seq_file_new(entry->make, subject);
	return f->private ? 0 : -ENOMEM;
}

ssize_t text_file_read(struct file *f, struct uio *u, off_t *pos)
{
	return seq_file_read(f->private, u, pos);
}

ssize_t text_file_write(const struct text_entry *entry, void *subject, struct uio *u)
{
	char text[TEXT_WRITE_MAX + 1];
	size_t all = u->left, n = MIN(all, (size_t)TEXT_WRITE_MAX);
	int err;

	if (!entry->write)
		return -EINVAL;
	if (uio_get(u, text, n) < n)
		return -EFAULT;
	text[n] = '\0';
	err = entry->write(subject, text, n);
	return err ? err : (ssize_t)all;
}

void text_file_release(struct file *f)
{
	if (f->private)
		seq_file_free(f->private);
}

int text_number(const char *text, u64 most, u64 *out)
{
	u64 n = 0;

	do {
		u64 digit = (u64)(*text++ - '0');

		if (digit > 9 || n > (most - MIN(digit, most)) / 10)
			return -EINVAL;
		n = n * 10 + digit;
	} while (*text && strcmp(text, "\n"));
	*out = n;
	return 0;
}

/* --- inodes --- */

static int make_inode(
	struct fs *fs, struct text_dir *dir, const struct text_entry *text, struct inode **out)
{
	struct text_inode *ti = kzalloc(sizeof(*ti), ALLOC_WAIT);

	if (!ti)
		return -ENOMEM;
	ti->dir = dir;
	ti->text = text;
	if (text) {
		inode_init(&ti->inode, &text_inode_ops, &text_ops, fs,
			dir->ino + 1 + (ulong)(text - dir->texts), S_IFREG | text->mode);
	} else {
		inode_init(&ti->inode, &dir_inode_ops, &dir_ops, fs, dir->ino, S_IFDIR | 0555);
		ti->inode.nlink = 2 + (u32)dir->ndirs;
	}
	*out = &ti->inode;
	return 0;
}

int textfs_inode(struct fs *fs, struct text_dir *dir, struct inode **out)
{
	return make_inode(fs, dir, NULL, out);
}

static void text_evict(struct inode *inode)
{
	kmfree(text_inode_of(inode));
}

static bool name_is(const struct name *name, const char *text)
{
	return strlen(text) == name->len && !memcmp(text, name->text, name->len);
}

/* --- directories --- */

static int dir_lookup(struct inode *inode, const struct name *name, struct inode **out)
{
	struct text_dir *dir = text_inode_of(inode)->dir;

	for (size_t i = 0; i < dir->ndirs; i++)
		if (name_is(name, dir->dirs[i].name))
			return make_inode(inode->fs, &dir->dirs[i], NULL, out);
	for (size_t i = 0; i < dir->ntexts; i++)
		if (name_is(name, dir->texts[i].name))
			return make_inode(inode->fs, dir, &dir->texts[i], out);
	return -ENOENT;
}

/* The entry at position pos: 0 ".", 1 "..", then directories, then texts. */
static int emit_entry(struct uio *u, const struct text_dir *dir, size_t pos)
{
	const char *name = &".."[pos == 0];
	u32 type = dirent_type(S_IFDIR);
	u64 ino = dir->ino;

	if (pos >= 2 + dir->ndirs) {
		name = dir->texts[pos - 2 - dir->ndirs].name;
		type = dirent_type(S_IFREG);
		ino = dir->ino + 1 + (pos - 2 - dir->ndirs);
	} else if (pos >= 2) {
		name = dir->dirs[pos - 2].name;
		ino = dir->dirs[pos - 2].ino;
	}
	return dirent_emit(u, ino, pos + 1, type, name, strlen(name));
}

static int dir_readdir(struct file *f, struct uio *u)
{
	const struct text_dir *dir = text_inode_of(f->inode)->dir;
	size_t room = u->left;
	int err = 0;

	while ((u64)f->pos < 2 + dir->ndirs + dir->ntexts && !err) {
		err = emit_entry(u, dir, (size_t)f->pos);
		if (!err)
			f->pos++;
	}
	if (err && u->left == room)
		return err > 0 ? -EINVAL : err;
	return (int)(room - u->left);
}

static const struct file_ops dir_ops = {
	.read = dir_no_read, .seek = plain_seek, .readdir = dir_readdir};
static const struct inode_ops dir_inode_ops = {.lookup = dir_lookup, .evict = text_evict};

/* --- texts --- */

static int text_open(struct inode *inode, struct file *f)
{
	const struct text_entry *text = text_inode_of(inode)->text;

	if (file_writable(f) && (!text->write || current_proc()->euid))
		return -EACCES;
	return text_file_open(f, text, NULL);
}

static ssize_t text_write(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	return text_file_write(text_inode_of(f->inode)->text, NULL, u);
}

static const struct file_ops text_ops = {.read = text_file_read,
	.write = text_write,
	.seek = plain_seek,
	.release = text_file_release};
static const struct inode_ops text_inode_ops = {.open = text_open, .evict = text_evict};
