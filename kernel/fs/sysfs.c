/*
 * /sys: the few names that programs look for, in Linux's places (sysfs(5)): which CPUs there are.
 */
#include "fs/textfs.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "proc/thread.h"

#define SYSFS_TYPE 0x62656572u /* statfs(2): SYSFS_MAGIC */

/* All CPUs that start stay: present, possible and online are the same. */
static int make_cpus(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	if (cpu_count == 1)
		seq_print(s, "0\n");
	else
		seq_print(s, "0-%u\n", cpu_count - 1);
	return 0;
}

static int make_none(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "\n");
	return 0;
}

static int make_kernel_max(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%u\n", MAX_CPUS - 1);
	return 0;
}

static const struct text_entry cpu_texts[] = {
	{"online", 0444, make_cpus, NULL},
	{"possible", 0444, make_cpus, NULL},
	{"present", 0444, make_cpus, NULL},
	{"offline", 0444, make_none, NULL},
	{"kernel_max", 0444, make_kernel_max, NULL},
};

/* A directory for each CPU, empty: some programs count them. */
static struct text_dir cpu_dirs[MAX_CPUS];
static char cpu_names[MAX_CPUS][8];

static struct text_dir system_dirs[] = {
	{"cpu", 0x100, cpu_dirs, 0, cpu_texts, ARRAY_SIZE(cpu_texts)},
};
static struct text_dir devices_dirs[] = {
	{"system", 3, system_dirs, ARRAY_SIZE(system_dirs), NULL, 0},
};
static struct text_dir root_dirs[] = {
	{"devices", 2, devices_dirs, ARRAY_SIZE(devices_dirs), NULL, 0},
};
static struct text_dir root_dir = {"", 1, root_dirs, ARRAY_SIZE(root_dirs), NULL, 0};

static struct fs sysfs;

static void sys_statfs(struct fs *fs UNUSED, struct kstatfs *st)
{
	st->type = SYSFS_TYPE;
}

static const struct fs_ops sysfs_ops = {.statfs = sys_statfs};

int sysfs_mount(struct fs **out)
{
	struct inode *root;
	int err;

	for (u32 i = 0; i < cpu_count; i++) {
		fmt(cpu_names[i], sizeof(cpu_names[i]), "cpu%u", i);
		cpu_dirs[i] = (struct text_dir){.name = cpu_names[i], .ino = 0x200 + i};
	}
	system_dirs[0].ndirs = cpu_count;
	fs_setup(&sysfs, &sysfs_ops, "sysfs", "sysfs", dev_make(0, 9));
	sysfs.fixed_modes = true;
	err = textfs_inode(&sysfs, &root_dir, &root);
	if (err)
		return err;
	sysfs.root = dentry_root(root);
	if (!sysfs.root) {
		inode_put(root);
		return -ENOMEM;
	}
	*out = &sysfs;
	return 0;
}
