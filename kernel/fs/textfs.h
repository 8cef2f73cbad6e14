/*
 * Trees of texts with fixed names, in whatever file system: /proc/sys, and all of /sys.
 */
#pragma once

#include "fs/inode.h"
#include "fs/seq.h"

/* What a text takes of one write; what is behind that is not looked at. */
#define TEXT_WRITE_MAX 127

/*
 * A file of text. What subject is, is for make, write and who opens it to agree upon; NULL in a
 * fixed tree.
 */
struct text_entry {
	const char *name;
	u32 mode; /* permission bits */
	seq_maker *make;
	/* n bytes, a NUL behind them: 0 or -errno. NULL: it cannot be written. May sleep */
	int (*write)(void *subject, const char *text, size_t n);
};

/* A directory. Its own inode has number ino, its texts those behind that. */
struct text_dir {
	const char *name;
	u32 ino;
	struct text_dir *dirs;
	size_t ndirs;
	const struct text_entry *texts;
	size_t ntexts;
};

/* The inode of a directory of a tree, in fs; -ENOMEM. */
int textfs_inode(struct fs *fs, struct text_dir *dir, struct inode **out);

/*
 * Files of text, for other trees' operations. open gives f its text; then read, write (entry and
 * subject as in open) and release.
 */
int text_file_open(struct file *f, const struct text_entry *entry, void *subject);
ssize_t text_file_read(struct file *f, struct uio *u, off_t *pos);
/* What is written is one text, wherever the position is. */
ssize_t text_file_write(const struct text_entry *entry, void *subject, struct uio *u);
void text_file_release(struct file *f);
/* A decimal number up to most, perhaps with a newline behind it. -EINVAL */
int text_number(const char *text, u64 most, u64 *out);
