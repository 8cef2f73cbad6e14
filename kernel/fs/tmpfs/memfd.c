/*
 * Files without a name, and seals, which such files may have: from then on nobody can shrink, grow
 * or write them, whoever else has the descriptor.
 *
 * Seals change under the inode's lock and are judged under it. A seal against writing is known to
 * the object, too: it counts the shared mappings that could write, and lets in no more of them.
 */
#include "fs/tmpfs/tmpfs.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

#define SEALS_KNOWN \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | \
		F_SEAL_EXEC)
#define PREFIX "memfd:"

/* What the flags say about x bits and seals of a new file. */
static void apply_flags(struct tmp_inode *ti, u32 flags)
{
	if (flags & MFD_NOEXEC_SEAL) {
		ti->inode.mode &= ~0111u;
		ti->seals = F_SEAL_EXEC;
	} else if (flags & MFD_ALLOW_SEALING) {
		ti->seals = 0;
	}
}

int memfd_create(const char *name, u32 flags, struct file **out)
{
	char text[sizeof(PREFIX) + MEMFD_NAME_MAX];
	struct name full = {text, (size_t)fmt(text, sizeof(text), PREFIX "%s", name)};
	struct tmp_inode *ti;
	struct dentry *d;
	int err = tmpfs_new_inode(&memfd_fs, S_IFREG | 0777, 0, NULL, &ti);

	if (err)
		return err;
	ti->inode.nlink = 0;
	apply_flags(ti, flags);
	d = dentry_unlisted(memfd_fs.fs.root, &full, &ti->inode);
	if (!d) {
		inode_put(&ti->inode);
		return -ENOMEM;
	}
	inode_hold(&ti->inode);
	*out = file_new(&tmp_file_ops, O_RDWR | O_LARGEFILE, &ti->inode, d, NULL);
	return *out ? 0 : -ENOMEM;
}

static bool has_seals(const struct file *f)
{
	return f->inode && f->inode->ops == &tmp_file_inode_ops;
}

long file_get_seals(struct file *f)
{
	return has_seals(f) ? (long)tmp_inode_of(f->inode)->seals : -EINVAL;
}

/* inode->lock held. */
static int add_seals(struct tmp_inode *ti, u32 seals)
{
	u32 fresh;
	int err = 0;

	if (ti->seals & F_SEAL_SEAL)
		return -EPERM;
	/* What can be run, and shall stay so, cannot be written from now on. */
	if ((seals & F_SEAL_EXEC) && (ti->inode.mode & 0111))
		seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
	fresh = seals & ~ti->seals;
	if (fresh & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		err = obj_seal_writable(&ti->data, !(fresh & F_SEAL_WRITE));
	if (err)
		return err;
	ti->seals |= seals;
	return 0;
}

long file_add_seals(struct file *f, ulong seals)
{
	int err;

	if ((u64)seals >> 32)
		return -EINVAL;
	if (!file_writable(f))
		return -EPERM;
	if ((seals & ~(ulong)SEALS_KNOWN) || !has_seals(f))
		return -EINVAL;
	rwlock_write(&f->inode->lock);
	err = add_seals(tmp_inode_of(f->inode), (u32)seals);
	rwlock_write_unlock(&f->inode->lock);
	return err;
}
