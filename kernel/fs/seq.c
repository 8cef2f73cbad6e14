/*
 * Texts made while they are read: see fs/seq.h.
 */
#include "fs/seq.h"

#include <stdarg.h>

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/kmalloc.h"

#define SEQ_FIRST 512u /* bytes of a new buffer */
#define SEQ_CHUNK 2048u /* made at a time, if the text is that long */

struct seq_file {
	struct mutex lock; /* held over copies to user memory: not ranked */
	seq_maker *make; /* (c) */
	void *subject; /* (c) */
	struct seq text; /* the records made last */
	off_t start; /* where they begin in the whole text */
	u64 cookie; /* what comes after them */
	bool end; /* nothing does */
};

/* Room for n more bytes and a NUL. */
static bool seq_room(struct seq *s, size_t n)
{
	size_t cap = MAX(s->cap, (size_t)SEQ_FIRST);
	char *buf;

	if (s->len + n < s->cap)
		return true;
	while (cap <= s->len + n)
		cap *= 2;
	buf = krealloc(s->buf, cap, ALLOC_WAIT);
	if (!buf) {
		s->no_memory = true;
		return false;
	}
	s->buf = buf;
	s->cap = cap;
	return true;
}

void seq_put(struct seq *s, const char *text, size_t n)
{
	if (seq_room(s, n)) {
		memcpy(s->buf + s->len, text, n);
		s->len += n;
	}
}

void seq_print(struct seq *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vfmt(s->buf ? s->buf + s->len : NULL, s->cap - s->len, format, ap);
	va_end(ap);
	if (s->len + (size_t)n >= s->cap) {
		if (!seq_room(s, (size_t)n))
			return;
		va_start(ap, format);
		vfmt(s->buf + s->len, s->cap - s->len, format, ap);
		va_end(ap);
	}
	s->len += (size_t)n;
}

void seq_pad(struct seq *s, size_t start, size_t column)
{
	do
		seq_put(s, " ", 1);
	while (!s->no_memory && s->len - start < column);
}

struct seq_file *seq_file_new(seq_maker *make, void *subject)
{
	struct seq_file *sf = kzalloc(sizeof(*sf), ALLOC_WAIT);

	if (sf) {
		mutex_init(&sf->lock, "text", RANK_NONE);
		sf->make = make;
		sf->subject = subject;
	}
	return sf;
}

void seq_file_free(struct seq_file *sf)
{
	kmfree(sf->text.buf);
	kmfree(sf);
}

/* Make the records after those in the buffer. 0 or -errno. */
static int make_more(struct seq_file *sf)
{
	int more = 1;

	sf->start += (off_t)sf->text.len;
	sf->text.len = 0;
	sf->text.no_memory = false;
	while (more > 0 && sf->text.len < SEQ_CHUNK && !sf->text.no_memory) {
		sched_point();
		more = signal_fatal_pending() ? -EINTR
					      : sf->make(&sf->text, sf->subject, &sf->cookie);
	}
	if (more >= 0 && sf->text.no_memory)
		more = -ENOMEM;
	if (more < 0) {
		sf->text.len = 0;
		sf->start = 0;
		sf->cookie = 0;
		return more;
	}
	sf->end = more == 0;
	return 0;
}

/* Make the part of the text that holds pos, if the text is that long. */
static int seek_text(struct seq_file *sf, off_t pos)
{
	int err = 0;

	if (pos < sf->start || pos == 0) {
		sf->start = 0;
		sf->text.len = 0;
		sf->cookie = 0;
		sf->end = false;
	}
	while (!err && !sf->end && pos >= sf->start + (off_t)sf->text.len)
		err = make_more(sf);
	return err;
}

ssize_t seq_file_read(struct seq_file *sf, struct uio *u, off_t *pos)
{
	ssize_t done = 0;
	int err = 0;

	if (*pos < 0)
		return -EINVAL;
	mutex_lock(&sf->lock);
	while (u->left && !err) {
		size_t n, copied;

		err = seek_text(sf, *pos);
		if (err || *pos >= sf->start + (off_t)sf->text.len)
			break;
		n = MIN(u->left, (size_t)(sf->start + (off_t)sf->text.len - *pos));
		copied = uio_put(u, sf->text.buf + (*pos - sf->start), n);
		*pos += (off_t)copied;
		done += (ssize_t)copied;
		if (copied < n)
			err = -EFAULT;
	}
	mutex_unlock(&sf->lock);
	return done ? done : err;
}
