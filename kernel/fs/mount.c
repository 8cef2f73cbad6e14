/*
 * The mounted file systems: the root disk, /dev, /proc and /sys on top of it, /dev/shm on /dev; syncing
 * and unmounting them all.
 */
#include "fs/dentry.h"

#include "dev/block.h"
#include "dev/partition.h"
#include "fs/modules.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/obj.h"

void fs_init(void)
{
	file_module_init();
	filelock_module_init();
	dentry_module_init();
	names_module_init();
	pipe_module_init();
}

static void list_fs(struct fs *fs)
{
	struct fs **end = &fs_list;

	while (*end)
		end = &(*end)->next;
	*end = fs;
}

/*
 * Put a file system on a directory called name in the root of another, which is made if it is
 * missing.
 */
static int mount_on(
	struct dentry *root, const char *name, int (*mount)(struct fs **), struct fs **out)
{
	struct name where = {name, strlen(name)};
	struct dentry *d;
	struct inode *inode, *dir = root->inode;
	struct fs *fs;
	int err;

	rwlock_write(&dir->lock);
	err = dentry_lookup_locked(root, &where, &d);
	if (!err && !d->inode) {
		err = dir->fs->read_only
			? -EROFS
			: dir->ops->create(dir, &where, S_IFDIR | 0755, 0, NULL, &inode);
		if (!err)
			dentry_attach(d, inode);
		else
			dentry_put(d);
	}
	rwlock_write_unlock(&dir->lock);
	if (!err)
		err = mount(&fs);
	if (err) {
		log_warn("fs: there is nothing on %s (error %d)\n", name, -err);
		return err;
	}
	fs->root->covers = d;
	d->mounted = fs->root;
	list_fs(fs);
	*out = fs;
	return 0;
}

int fs_mount_root(void)
{
	struct block_device *disk = block_get(0), *dev;
	struct fs *fs, *dev_fs;
	int err;

	if (!disk) {
		log_warn("fs: there is no disk to take the root from\n");
		return -ENODEV;
	}
	err = partition_root(disk, &dev);
	if (!err)
		err = ext2_mount(dev, &fs);
	if (err)
		return err;
	root_dentry = fs->root;
	list_fs(fs);
	err = mount_on(root_dentry, "dev", devfs_mount, &dev_fs);
	if (!err)
		err = mount_on(dev_fs->root, "shm", tmpfs_mount, &fs);
	if (!err)
		err = mount_on(root_dentry, "proc", procfs_mount, &fs);
	/* A disk that is read-only and has no place for it does without. */
	if (!err)
		mount_on(root_dentry, "sys", sysfs_mount, &fs);
	return err;
}

int fs_sync_all(void)
{
	int err = 0, e;

	for (struct fs *fs = fs_list; fs; fs = fs->next) {
		e = fs->ops->sync ? fs->ops->sync(fs) : 0;
		err = err ? err : e;
	}
	return err;
}

int fs_unmount_all(void)
{
	int err, e;

	dentry_trim(0);
	err = fs_sync_all();
	for (struct fs *fs = fs_list; fs; fs = fs->next) {
		e = fs->ops->unmount ? fs->ops->unmount(fs) : 0;
		err = err ? err : e;
	}
	return err;
}

void fs_drop_caches(void)
{
	dentry_trim(0);
	fs_sync_all();
	for (struct fs *fs = fs_list; fs; fs = fs->next) {
		if (fs->ops->clear)
			fs->ops->clear(fs);
		if (fs->ops->shrink)
			fs->ops->shrink(fs);
	}
	obj_reclaim(~0ul, true);
}
