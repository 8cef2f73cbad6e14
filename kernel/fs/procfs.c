/*
 * /proc: the tree. Its names come and go with processes and descriptors, so they are looked up anew
 * whenever nobody holds them.
 *
 *   /proc                 texts, "self", "thread-self", a directory for each process, "sys"
 *   /proc/sys             directories of texts: a fixed tree (fs/textfs.h, systext.c)
 *   /proc/PID             texts, "pagemap", "exe", "cwd", "root", "fd", "fdinfo", "task"
 *   /proc/PID/fd          a link for each open descriptor
 *   /proc/PID/fdinfo      a text for each
 *   /proc/PID/task        a directory of texts for each thread
 *   /proc/TID             not listed: as /proc/PID, but what a thread has of its own is the thread's
 *
 * exe, cwd, root and fd's links are no text for whoever follows them: they lead to the very file,
 * even if its name is gone. An inode holds its process, which may end meanwhile; what is asked of
 * it then is -ESRCH.
 */
#include "fs/procfs.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"

#define PROCFS_TYPE 0x9fa0u /* statfs(2): PROC_SUPER_MAGIC */

enum kind {
	KIND_ROOT,
	KIND_PID,
	KIND_FD_DIR,
	KIND_FDINFO_DIR,
	KIND_TEXT,
	KIND_PAGEMAP,
	KIND_SELF,
	KIND_EXE,
	KIND_CWD,
	KIND_TOP,
	KIND_FD,
	KIND_FDINFO,
	KIND_TASK_DIR,
	KIND_TASK,
	KIND_THREAD_SELF
};

struct proc_inode {
	struct inode inode;
	struct proc *proc; /* (c) held; NULL above /proc/PID */
	enum kind kind; /* (c) */
	int fd; /* (c) KIND_FD, KIND_FDINFO; else -1 */
	struct task_subject task; /* (c) KIND_TASK, /proc/TID, their texts; else tid is 0 */
	const struct text_entry *text; /* (c) KIND_TEXT, KIND_FDINFO */
};

/* A name with a fixed place in a directory. */
struct fixed {
	const char *name;
	enum kind kind;
	u32 mode;
};

static const struct fixed root_names[] = {
	{"self", KIND_SELF, S_IFLNK | 0777},
	{"thread-self", KIND_THREAD_SELF, S_IFLNK | 0777},
};
static const struct fixed pid_names[] = {
	{"exe", KIND_EXE, S_IFLNK | 0777},
	{"cwd", KIND_CWD, S_IFLNK | 0777},
	{"root", KIND_TOP, S_IFLNK | 0777},
	{"fd", KIND_FD_DIR, S_IFDIR | 0500},
	{"fdinfo", KIND_FDINFO_DIR, S_IFDIR | 0555},
	{"pagemap", KIND_PAGEMAP, S_IFREG | 0400},
	{"task", KIND_TASK_DIR, S_IFDIR | 0555},
};

static struct fs procfs;
static struct kmem_cache *inode_cache;
static const struct inode_ops proc_dir_inode_ops, proc_text_inode_ops, proc_link_inode_ops,
	proc_jump_inode_ops, pagemap_inode_ops;
static const struct file_ops proc_dir_ops, proc_text_ops, pagemap_ops;

static struct proc_inode *proc_inode_of(struct inode *inode)
{
	return CONTAINER_OF(inode, struct proc_inode, inode);
}

/* --- numbers: of inodes, and of processes and descriptors in names --- */

/*
 * Fixed places are numbered from 1, what belongs to a process from its number times 2^24; a
 * descriptor's link from the middle of that, its text 2^20 behind. A thread's directories and its
 * texts are numbered by the thread, from a quarter.
 */
static u64 make_ino(const struct proc *p, enum kind kind, ulong n)
{
	u64 base = p ? (u64)p->pid << 24 : 0;

	if (kind == KIND_FD || kind == KIND_FDINFO)
		return base + (1u << 23) + (kind == KIND_FDINFO ? 1u << 20 : 0) + n;
	return base + ((ulong)kind << 8) + n + 1;
}

static u64 task_ino(int tid, ulong n)
{
	return ((u64)tid << 24) + (1u << 22) + n;
}

/* A plain decimal number without leading zeros, below 2^31; -1 if it is none. */
static int parse_number(const struct name *name)
{
	u64 n = 0;

	if (!name->len || name->len > 10 || (name->text[0] == '0' && name->len > 1))
		return -1;
	for (size_t i = 0; i < name->len; i++) {
		if (name->text[i] < '0' || name->text[i] > '9')
			return -1;
		n = n * 10 + (u64)(name->text[i] - '0');
	}
	return n <= INT32_MAX ? (int)n : -1;
}

static bool name_is(const struct name *name, const char *text)
{
	return strlen(text) == name->len && !memcmp(text, name->text, name->len);
}

/* --- inodes --- */

static const struct inode_ops *operations_of(enum kind kind)
{
	switch (kind) {
	case KIND_TEXT:
	case KIND_FDINFO: return &proc_text_inode_ops;
	case KIND_PAGEMAP: return &pagemap_inode_ops;
	case KIND_SELF:
	case KIND_THREAD_SELF: return &proc_link_inode_ops;
	case KIND_EXE:
	case KIND_CWD:
	case KIND_TOP:
	case KIND_FD: return &proc_jump_inode_ops;
	default: return &proc_dir_inode_ops;
	}
}

/* An inode below /proc; p (may be NULL) gets another reference. */
static int make_inode(struct proc *p, enum kind kind, ulong n, u32 mode, struct proc_inode **out)
{
	struct proc_inode *pi = kmem_alloc(inode_cache, ALLOC_WAIT | ALLOC_ZERO);
	const struct file_ops *fops = kind == KIND_PAGEMAP ? &pagemap_ops
		: (mode & S_IFMT) == S_IFREG               ? &proc_text_ops
		: (mode & S_IFMT) == S_IFDIR               ? &proc_dir_ops
							   : &path_file_ops;

	if (!pi)
		return -ENOMEM;
	inode_init(&pi->inode, operations_of(kind), fops, &procfs, make_ino(p, kind, n), mode);
	if (inode_is_dir(&pi->inode))
		pi->inode.nlink = 2;
	if (p) {
		proc_hold(p);
		pi->inode.uid = p->euid;
		pi->inode.gid = p->egid;
	}
	pi->proc = p;
	pi->kind = kind;
	pi->fd = kind == KIND_FD || kind == KIND_FDINFO ? (int)n : -1;
	*out = pi;
	return 0;
}

static void proc_evict(struct inode *inode)
{
	struct proc_inode *pi = proc_inode_of(inode);

	if (pi->proc)
		proc_put(pi->proc);
	kmem_free(inode_cache, pi);
}

/* Is the process still in the table? */
static bool proc_there(struct proc *p)
{
	struct proc *found = proc_find(p->pid);

	if (found)
		proc_put(found);
	return found == p;
}

static struct file *descriptor_file(struct proc *p, int fd)
{
	struct files *files = proc_get_files(p);
	struct file *f = files ? files_get(files, fd) : NULL;

	if (files)
		files_put(files);
	return f;
}

static bool task_there(struct proc *p, int tid)
{
	return proc_next_thread(p, tid) == tid;
}

static bool proc_valid(struct inode *inode)
{
	struct proc_inode *pi = proc_inode_of(inode);
	struct file *f;

	if (pi->proc && !proc_there(pi->proc))
		return false;
	if (pi->task.tid && !task_there(pi->proc, pi->task.tid))
		return false;
	if (pi->fd < 0)
		return true;
	f = descriptor_file(pi->proc, pi->fd);
	if (f)
		file_drop(f);
	return f;
}

/* --- lookup --- */

static int lookup_fixed(struct proc *p, const struct fixed *names, size_t n,
	const struct name *name, struct proc_inode **out)
{
	for (size_t i = 0; i < n; i++) {
		if (name_is(name, names[i].name))
			return make_inode(p, names[i].kind, i, names[i].mode, out);
	}
	return -ENOENT;
}

static int lookup_text(struct proc *p, const struct text_entry *texts, size_t n,
	const struct name *name, struct proc_inode **out)
{
	for (size_t i = 0; i < n; i++) {
		int err;

		if (!name_is(name, texts[i].name))
			continue;
		err = make_inode(p, KIND_TEXT, i, S_IFREG | texts[i].mode, out);
		if (!err)
			(*out)->text = &texts[i];
		return err;
	}
	return -ENOENT;
}

/* What make_inode made is of thread tid: n tells its inodes apart. */
static void make_task(struct proc_inode *pi, int tid, ulong n)
{
	pi->task = (struct task_subject){pi->proc, tid};
	pi->inode.ino = task_ino(tid, n);
}

#define TASK_AS_PROCESS 128 /* n of /proc/TID */

static int lookup_process(const struct name *name, struct proc_inode **out)
{
	int tid = parse_number(name), err;
	struct proc *p = tid > 0 ? proc_find_thread(tid) : NULL;

	if (!p)
		return -ENOENT;
	err = make_inode(p, KIND_PID, 0, S_IFDIR | 0555, out);
	if (!err && tid != p->pid)
		make_task(*out, tid, TASK_AS_PROCESS);
	proc_put(p);
	return err;
}

static int lookup_descriptor(struct proc *p, const struct name *name, struct proc_inode **out)
{
	int fd = parse_number(name);
	struct file *f = fd >= 0 ? descriptor_file(p, fd) : NULL;
	u32 mode = S_IFLNK;

	if (!f)
		return -ENOENT;
	mode |= (file_readable(f) ? 0500 : 0) | (file_writable(f) ? 0300 : 0);
	file_drop(f);
	return make_inode(p, KIND_FD, (ulong)fd, mode, out);
}

static int make_fdinfo(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct proc_inode *pi = subject;
	struct files *files = proc_get_files(pi->proc);
	struct file *f = files ? files_get(files, pi->fd) : NULL;
	int err = f ? 0 : -ENOENT;
	struct kstat st = {0};

	if (f) {
		u32 cloexec = files_get_cloexec(files, pi->fd) > 0 ? O_CLOEXEC : 0;

		file_stat(f, &st);
		seq_print(s, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
			(long long)f->pos, f->flags | cloexec, dev_minor(st.dev),
			(unsigned long long)st.ino);
		file_drop(f);
	}
	if (files)
		files_put(files);
	return err;
}

static const struct text_entry fdinfo_text = {"", 0400, make_fdinfo, NULL};

static int lookup_fdinfo(struct proc *p, const struct name *name, struct proc_inode **out)
{
	int fd = parse_number(name), err;
	struct file *f = fd >= 0 ? descriptor_file(p, fd) : NULL;

	if (!f)
		return -ENOENT;
	file_drop(f);
	err = make_inode(p, KIND_FDINFO, (ulong)fd, S_IFREG | fdinfo_text.mode, out);
	if (!err)
		(*out)->text = &fdinfo_text;
	return err;
}

static int lookup_task(struct proc *p, const struct name *name, struct proc_inode **out)
{
	int tid = parse_number(name), err;

	if (tid <= 0 || !task_there(p, tid))
		return -ENOENT;
	err = make_inode(p, KIND_TASK, 0, S_IFDIR | 0555, out);
	if (!err)
		make_task(*out, tid, 0);
	return err;
}

static int lookup_task_text(struct proc_inode *dir, const struct name *name,
	struct proc_inode **out)
{
	int err = lookup_text(dir->proc, task_texts, task_text_count, name, out);

	if (!err)
		make_task(*out, dir->task.tid, 1 + (ulong)((*out)->text - task_texts));
	return err;
}

static int lookup_in_process(struct proc_inode *dir, const struct name *name,
	struct proc_inode **out)
{
	int err = dir->task.tid ? lookup_task_text(dir, name, out) : -ENOENT;

	if (err == -ENOENT)
		err = lookup_fixed(dir->proc, pid_names, ARRAY_SIZE(pid_names), name, out);
	if (err == -ENOENT)
		err = lookup_text(dir->proc, process_texts, process_text_count(), name, out);
	return err;
}

static int proc_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct proc_inode *pd = proc_inode_of(dir), *found = NULL;
	int err = -ENOENT;

	if (pd->proc && !proc_there(pd->proc))
		return -ENOENT;
	switch (pd->kind) {
	case KIND_ROOT:
		if (name_is(name, sysctl_dir.name))
			return textfs_inode(&procfs, &sysctl_dir, out);
		err = lookup_fixed(NULL, root_names, ARRAY_SIZE(root_names), name, &found);
		if (err == -ENOENT)
			err = lookup_text(NULL, system_texts, system_text_count, name, &found);
		if (err == -ENOENT)
			err = lookup_process(name, &found);
		break;
	case KIND_PID: err = lookup_in_process(pd, name, &found); break;
	case KIND_FD_DIR: err = lookup_descriptor(pd->proc, name, &found); break;
	case KIND_FDINFO_DIR: err = lookup_fdinfo(pd->proc, name, &found); break;
	case KIND_TASK_DIR: err = lookup_task(pd->proc, name, &found); break;
	case KIND_TASK: err = lookup_task_text(pd, name, &found); break;
	default: break;
	}
	if (!err)
		*out = &found->inode;
	return err;
}

/* --- listings --- */

/*
 * Positions: 0 ".", 1 "..", then the fixed names, then the texts, at LIST_SYS "sys" in the root, and
 * from LIST_NUMBERS on the numbered ones, which stand at LIST_NUMBERS plus their number.
 */
#define LIST_SYS 255u
#define LIST_NUMBERS 256u

struct listing {
	const struct fixed *fixed;
	size_t nfixed;
	const struct text_entry *texts;
	size_t ntexts;
};

static struct listing listing_of(const struct proc_inode *pd)
{
	switch (pd->kind) {
	case KIND_ROOT:
		return (struct listing){
			root_names, ARRAY_SIZE(root_names), system_texts, system_text_count};
	case KIND_PID:
		return (struct listing){
			pid_names, ARRAY_SIZE(pid_names), process_texts, process_text_count()};
	case KIND_TASK: return (struct listing){NULL, 0, task_texts, task_text_count};
	default: return (struct listing){0};
	}
}

/* The fixed part of a directory. */
static int list_names(struct file *f, struct uio *u, struct proc_inode *pd)
{
	struct listing l = listing_of(pd);
	int err = 0;

	while ((u64)f->pos < 2 + l.nfixed + l.ntexts && !err) {
		u64 at = (u64)f->pos, next = at + 1;

		if (at < 2) {
			err = dirent_emit(
				u, pd->inode.ino, next, dirent_type(S_IFDIR), "..", at + 1);
		} else if (at < 2 + l.nfixed) {
			const struct fixed *e = &l.fixed[at - 2];

			err = dirent_emit(u, make_ino(pd->proc, e->kind, at - 2), next,
				dirent_type(e->mode), e->name, strlen(e->name));
		} else {
			size_t i = at - 2 - l.nfixed;
			u64 ino = pd->kind == KIND_TASK ? task_ino(pd->task.tid, 1 + i)
						       : make_ino(pd->proc, KIND_TEXT, i);

			err = dirent_emit(u, ino, next, dirent_type(S_IFREG), l.texts[i].name, strlen(l.texts[i].name));
		}
		if (!err)
			f->pos++;
	}
	return err;
}

static int list_sys(struct file *f, struct uio *u)
{
	int err;

	if ((u64)f->pos > LIST_SYS)
		return 0;
	err = dirent_emit(u, sysctl_dir.ino, LIST_NUMBERS, dirent_type(S_IFDIR), sysctl_dir.name,
		strlen(sysctl_dir.name));
	if (!err)
		f->pos = LIST_NUMBERS;
	return err;
}

static bool lists_descriptors(const struct proc_inode *pd)
{
	return pd->kind == KIND_FD_DIR || pd->kind == KIND_FDINFO_DIR;
}

/* The next number in the directory at or after n, with the inode of its name; -1 at the end. */
static int next_number(struct proc_inode *pd, struct files *files, int n, u64 *ino)
{
	struct proc *p;

	if (lists_descriptors(pd)) {
		enum kind kind = pd->kind == KIND_FD_DIR ? KIND_FD : KIND_FDINFO;

		n = files_next(files, n);
		*ino = make_ino(pd->proc, kind, (ulong)n);
		return n;
	}
	if (pd->kind == KIND_TASK_DIR) {
		n = proc_next_thread(pd->proc, MAX(n, 1));
		*ino = task_ino(n, 0);
		return n;
	}
	p = proc_next(MAX(n, 1));
	if (!p)
		return -1;
	n = p->pid;
	*ino = make_ino(p, KIND_PID, 0);
	proc_put(p);
	return n;
}

static int list_numbers(struct file *f, struct uio *u, struct proc_inode *pd, struct files *files)
{
	u32 type = dirent_type(pd->kind == KIND_FD_DIR ? S_IFLNK
			: pd->kind == KIND_FDINFO_DIR  ? S_IFREG
						       : S_IFDIR);
	char text[16];
	int n, err = 0;
	u64 ino;

	if ((u64)f->pos < LIST_NUMBERS)
		f->pos = LIST_NUMBERS;
	while (f->pos - LIST_NUMBERS <= INT32_MAX &&
		(n = next_number(pd, files, (int)(f->pos - LIST_NUMBERS), &ino)) >= 0) {
		size_t len = (size_t)fmt(text, sizeof(text), "%d", n);

		err = dirent_emit(u, ino, LIST_NUMBERS + (u64)n + 1, type, text, len);
		if (err)
			break;
		f->pos = (off_t)LIST_NUMBERS + n + 1;
	}
	return err;
}

static int proc_readdir(struct file *f, struct uio *u)
{
	struct proc_inode *pd = proc_inode_of(f->inode);
	struct files *files = NULL;
	size_t room = u->left;
	int err;

	if (!proc_valid(&pd->inode))
		return -ENOENT;
	if (lists_descriptors(pd))
		files = proc_get_files(pd->proc);
	err = list_names(f, u, pd);
	if (!err && pd->kind == KIND_ROOT)
		err = list_sys(f, u);
	if (!err && (pd->kind == KIND_ROOT || pd->kind == KIND_TASK_DIR || files))
		err = list_numbers(f, u, pd, files);
	if (files)
		files_put(files);
	if (err && u->left == room)
		return err > 0 ? -EINVAL : err;
	return (int)(room - u->left);
}

static ssize_t dir_read(struct file *f UNUSED, struct uio *u UNUSED, off_t *pos UNUSED)
{
	return -EISDIR;
}

static const struct file_ops proc_dir_ops = {
	.read = dir_read, .seek = plain_seek, .readdir = proc_readdir};
static const struct inode_ops proc_dir_inode_ops = {
	.lookup = proc_lookup, .valid = proc_valid, .evict = proc_evict};

/* --- texts --- */

/* What a text's subject is. */
static void *subject_of(struct proc_inode *pi)
{
	if (pi->kind == KIND_FDINFO)
		return pi;
	return pi->task.tid ? (void *)&pi->task : pi->proc;
}

static int text_open(struct inode *inode, struct file *f)
{
	struct proc_inode *pi = proc_inode_of(inode);

	return text_file_open(f, pi->text, subject_of(pi));
}

static ssize_t text_read(struct file *f, struct uio *u, off_t *pos)
{
	struct proc_inode *pi = proc_inode_of(f->inode);

	if (pi->proc && !proc_there(pi->proc))
		return -ESRCH;
	return text_file_read(f, u, pos);
}

static ssize_t text_write(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	struct proc_inode *pi = proc_inode_of(f->inode);

	if (pi->proc && !proc_there(pi->proc))
		return -ESRCH;
	return text_file_write(pi->text, subject_of(pi), u);
}

static const struct file_ops proc_text_ops = {.read = text_read,
	.write = text_write,
	.seek = plain_seek,
	.release = text_file_release};
static const struct inode_ops proc_text_inode_ops = {
	.open = text_open, .valid = proc_valid, .evict = proc_evict};

/* --- pagemap --- */

static ssize_t pagemap_file_read(struct file *f, struct uio *u, off_t *pos)
{
	struct proc *p = proc_inode_of(f->inode)->proc;

	return proc_there(p) ? pagemap_read(p, u, pos) : -ESRCH;
}

static const struct file_ops pagemap_ops = {.read = pagemap_file_read, .seek = plain_seek};
static const struct inode_ops pagemap_inode_ops = {.valid = proc_valid, .evict = proc_evict};

/* --- links --- */

static ssize_t self_readlink(struct inode *inode, char *buf, size_t size)
{
	int pid = current_proc()->pid;
	char text[40];
	size_t n = (size_t)(proc_inode_of(inode)->kind == KIND_SELF
			? fmt(text, sizeof(text), "%d", pid)
			: fmt(text, sizeof(text), "%d/task/%d", pid, current_thread()->tid));

	n = MIN(n, size);
	memcpy(buf, text, n);
	return (ssize_t)n;
}

static int file_place(struct file *f, struct dentry **out)
{
	*out = f->dentry ? dentry_hold(f->dentry) : NULL;
	file_drop(f);
	return *out ? 0 : -ENXIO;
}

/* Where exe, cwd, root or a descriptor leads: referenced. */
static int proc_jump(struct inode *inode, struct dentry **out)
{
	struct proc_inode *pi = proc_inode_of(inode);
	struct fs_context *fs;
	struct file *f;

	if (!proc_there(pi->proc))
		return -ENOENT;
	if (pi->kind == KIND_TOP) {
		*out = dentry_hold(root_dentry);
		return 0;
	}
	if (pi->kind == KIND_CWD) {
		fs = proc_get_fs(pi->proc);
		*out = fs ? fs_get_cwd(fs) : NULL;
		if (fs)
			fs_context_put(fs);
		return *out ? 0 : -ENOENT;
	}
	f = pi->kind == KIND_EXE ? proc_get_exe(pi->proc) : descriptor_file(pi->proc, pi->fd);
	return f ? file_place(f, out) : -ENOENT;
}

static ssize_t jump_readlink(struct inode *inode, char *buf, size_t size)
{
	struct dentry *d;
	bool deleted;
	char *path;
	ssize_t n = proc_jump(inode, &d);

	if (n)
		return n;
	path = kmalloc(PATH_MAX + 16, ALLOC_WAIT);
	n = path ? dentry_path(d, path, PATH_MAX + 16, &deleted) : -ENOMEM;
	dentry_put(d);
	if (n > 0) {
		n = (ssize_t)MIN((size_t)n, size);
		memcpy(buf, path, (size_t)n);
	}
	kmfree(path);
	return n;
}

static const struct inode_ops proc_link_inode_ops = {
	.readlink = self_readlink, .valid = proc_valid, .evict = proc_evict};
static const struct inode_ops proc_jump_inode_ops = {
	.readlink = jump_readlink,
	.jump = proc_jump,
	.valid = proc_valid,
	.evict = proc_evict,
};

/* --- mount --- */

static void proc_statfs(struct fs *fs UNUSED, struct kstatfs *st)
{
	st->type = PROCFS_TYPE;
}

static const struct fs_ops procfs_ops = {.statfs = proc_statfs};

int procfs_mount(struct fs **out)
{
	struct proc_inode *root;
	int err;

	inode_cache = kmem_cache_create("proc_inode", sizeof(struct proc_inode), 0);
	fs_setup(&procfs, &procfs_ops, "proc", "proc", dev_make(0, 5));
	procfs.uncached = true;
	procfs.fixed_modes = true;
	err = make_inode(NULL, KIND_ROOT, 0, S_IFDIR | 0555, &root);
	if (err)
		return err;
	procfs.root = dentry_root(&root->inode);
	if (!procfs.root) {
		inode_put(&root->inode);
		return -ENOMEM;
	}
	systext_init();
	*out = &procfs;
	return 0;
}
