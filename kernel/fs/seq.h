/*
 * Files whose text is made while it is read: /proc.
 *
 * A text is a sequence of records. The maker appends the next record or a few, and remembers in a
 * cookie where it is, so a text can be of any length and is read in pieces of any size. A read
 * before the point that was made last starts again from the first record.
 */
#pragma once

#include "fs/file.h"
#include "lib/types.h"
#include "vm/uaccess.h"

struct seq {
	char *buf;
	size_t len, cap;
	bool no_memory;
};

void seq_print(struct seq *s, const char *format, ...) PRINTF_LIKE(2, 3);
void seq_put(struct seq *s, const char *text, size_t n);
/* Spaces up to column `column` (from 0) of the line that begins at `start`; at least one. */
void seq_pad(struct seq *s, size_t start, size_t column);

/*
 * Append the next record; *cookie is 0 for the first and the maker's own afterwards. 1: there may
 * be more; 0: that was the end; or -errno.
 */
typedef int seq_maker(struct seq *s, void *subject, u64 *cookie);

struct seq_file;
/* NULL: no memory. subject is the caller's affair. */
struct seq_file *seq_file_new(seq_maker *make, void *subject);
void seq_file_free(struct seq_file *sf);
ssize_t seq_file_read(struct seq_file *sf, struct uio *u, off_t *pos);
