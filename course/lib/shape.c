/*
 * The flavour's own headers, and what they make of the library: compiled for each flavour with its
 * headers in place of the C library's (the flavour's lib/headers.h names them). Everything that is laid
 * out or numbered by those headers is read and written here.
 */
#include "headers.h"
#include "flavour.h"

/* Linux's numbers; they are the same on all of mv6's machines. */
enum { LINUX_CREAT = 0x40, LINUX_TRUNC = 0x200, LINUX_NOFOLLOW = 0x20000, LINUX_ACCESS = 3 };
/* Device 1 is the console. */
enum { CONSOLE_MAJOR = 1 };

#ifndef MAXPATH
#define MAXPATH 1024
#endif
#ifndef USERSTACK
#define USERSTACK 8
#endif
/* A flavour with a highest address leaves a program nothing but its own memory. */
#ifdef MAXVA
#define HEAP_END TRAPFRAME
#define CLEAR_FROM 0x40000000ul
#define CLEAR_TO MAXVA
#else
#define HEAP_END KERNBASE
#define CLEAR_FROM 0
#define CLEAR_TO 0
#endif
#ifdef O_TRUNC
#define TRUNC O_TRUNC
#else
#define TRUNC 0
#endif
#ifdef LAZY_HEAP
#define LAZY true
#else
#define LAZY false
#endif
#ifdef O_NOFOLLOW
#define NOFOLLOW O_NOFOLLOW
#else
#define NOFOLLOW 0
#endif
#ifndef T_SYMLINK
#define T_SYMLINK 0
#endif
#ifndef T_DEV
#define T_DEV T_DEVICE
#endif

const struct shape shape = {
	.files = NOFILE,
	.processes = NPROC,
	.arguments = MAXARG,
	.name = DIRSIZ,
	.path = MAXPATH,
	.file_size = (uint64_t)MAXFILE * BSIZE,
	.stack = USERSTACK * PAGE,
	.heap_end = HEAP_END,
	.clear_from = CLEAR_FROM,
	.clear_to = CLEAR_TO,
	.can_truncate = TRUNC != 0,
	.lazy_heap = LAZY,
};

const size_t record_size = sizeof(struct dirent);

void record_fill(void *record, unsigned ino, const char *name)
{
	struct dirent *d = record;

	/* Number 0 marks an empty record. */
	d->inum = (ushort)ino ? (ushort)ino : 0xffff;
	for (int i = 0; i < DIRSIZ; i++)
		d->name[i] = *name ? *name++ : 0;
}

int xv6_open(const char *name, int flags)
{
	int linux_flags = flags & LINUX_ACCESS;

	if (flags & O_CREATE)
		linux_flags |= LINUX_CREAT;
	if (flags & TRUNC)
		linux_flags |= LINUX_TRUNC;
	if (flags & NOFOLLOW)
		linux_flags |= LINUX_NOFOLLOW;
	return file_open(name, linux_flags);
}

int xv6_fstat(int fd, struct stat *st)
{
	static const short types[] = {[FILE_PLAIN] = T_FILE,
		[FILE_DIRECTORY] = T_DIR,
		[FILE_DEVICE] = T_DEV,
		[FILE_LINK] = T_SYMLINK};
	struct file_facts facts;

	if (file_facts(fd, &facts) < 0 || !is_mapped(st, sizeof(*st)))
		return -1;
	st->type = types[facts.kind];
	st->dev = ROOTDEV;
	st->ino = facts.ino;
	st->nlink = (short)facts.nlink;
	st->size = facts.size;
	return 0;
}

int xv6_stat(const char *name, struct stat *st)
{
	int fd = file_open(name, O_RDONLY);
	int result = fd < 0 ? -1 : xv6_fstat(fd, st);

	if (fd >= 0)
		xv6_close(fd);
	return result;
}

int xv6_mknod(const char *name, short major, short minor)
{
	return file_mknod(name, major == CONSOLE_MAJOR, major << 4 ^ minor);
}
